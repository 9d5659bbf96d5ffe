//! The byte stream below a WebSocket: that of a connection, or in the simulation a pipe.

use std::io;
use std::task::{Context, Poll};

use crate::hub::Sink;
use crate::transport::Transport;

/// What a socket's task asks of its stream, beside what an [`Outbox`](crate::hub::Outbox) does.
pub trait Stream: Sink + 'static {
    /// Waits until there may be something to read.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Reads without waiting; 0 at the peer's end. [`io::ErrorKind::WouldBlock`] if nothing is there now.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Ends the direction to the peer, behind all that was written.
    ///
    /// # Errors
    /// Those of the socket.
    fn poll_end_writing(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;

    /// Makes the end of this stream a reset, so that the kernel too lets go of what the peer does not take.
    fn end_with_reset(&self);
}

impl Stream for Transport {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_readable(cx)
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_read(buffer)
    }

    fn poll_end_writing(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_end_writing(cx)
    }

    fn end_with_reset(&self) {
        self.end_with_reset();
    }
}
