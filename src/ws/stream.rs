//! The byte stream below a WebSocket: TCP, or in the simulation a pipe.

use std::io::{self, Read};
use std::net::Shutdown;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::hub::Sink;

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
    fn end_writing(&self) -> io::Result<()>;

    /// Makes the end of this stream a reset, so that the kernel too lets go of what the peer does not take.
    fn end_with_reset(&self);
}

impl Stream for TcpStream {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_read_ready(cx)
    }

    // A read that does not fill the buffer has emptied the socket, so it also marks the socket as not ready: that saves
    // the read that would only say so.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut length = None;
        let result = self.try_io(Interest::READABLE, || {
            let read = (&*SockRef::from(self)).read(buffer)?;
            length = Some(read);
            if read > 0 && read < buffer.len() { Err(io::ErrorKind::WouldBlock.into()) } else { Ok(()) }
        });
        match (length, result) {
            (Some(length), _) => Ok(length),
            (None, Err(error)) => Err(error),
            (None, Ok(())) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    fn end_writing(&self) -> io::Result<()> {
        SockRef::from(self).shutdown(Shutdown::Write)
    }

    fn end_with_reset(&self) {
        // Failing only means that the kernel keeps the unsent data for a while.
        let _ = SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}
