//! The byte stream of a connection as hyper reads and writes it.

use std::cell::Cell;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, ReadBuf};

use crate::transport::Transport;

/// Bytes that one read gives hyper; its own buffer would grow with the haste of the client.
const READ_BYTES: usize = 8 * 1024;

/// Bytes that are read before the other connections get their turn. hyper by itself reads on as long as something is
/// there and makes nothing whole, such as the size of a chunk that does not end, byte by byte.
const READ_BYTES_A_TURN: usize = 2 * READ_BYTES;

/// What a [`Stream`] was last doing.
#[derive(Debug, Default)]
pub(super) struct Activity {
    reads_wait: Cell<bool>,
    writes_wait: Cell<bool>,
    /// Bytes read in this turn.
    turn_bytes: Cell<usize>,
    /// Counts the writes that were taken.
    writes: Cell<u32>,
}

impl Activity {
    /// Another turn begins, the other connections having had theirs.
    pub(super) fn begin_turn(&self) {
        self.turn_bytes.set(0);
    }

    /// Counts what was read.
    fn read(&self, bytes: usize) {
        self.turn_bytes.set(self.turn_bytes.get() + bytes);
    }

    /// While a write waits: a number that stands still as long as the client takes nothing.
    pub(super) fn stalled(&self) -> Option<u32> {
        self.writes_wait.get().then(|| self.writes.get())
    }

    /// Whether the last read found nothing and the last write was taken.
    pub(super) fn is_quiet(&self) -> bool {
        self.reads_wait.get() && !self.writes_wait.get()
    }
}

/// A stream with bytes that were read before, and a watch on what it is doing.
pub(super) struct Stream {
    early: Bytes,
    io: TokioIo<Transport>,
    activity: Rc<Activity>,
}

impl Stream {
    pub(super) fn new(stream: Transport, early: Bytes, activity: Rc<Activity>) -> Self {
        Self { early, io: TokioIo::new(stream), activity }
    }

    /// The bare stream; what was read before must have been consumed.
    pub(super) fn into_inner(self) -> (Transport, Bytes) {
        (self.io.into_inner(), self.early)
    }

    fn wrote<T>(&self, result: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        self.activity.writes_wait.set(result.is_pending());
        if result.is_ready() {
            self.activity.writes.set(self.activity.writes.get().wrapping_add(1));
        }
        result
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = READ_BYTES.min(buf.remaining());
        if self.early.has_remaining() {
            let length = self.early.len().min(room);
            buf.put_slice(&self.early.split_to(length));
            return Poll::Ready(Ok(()));
        }
        if self.activity.turn_bytes.get() >= READ_BYTES_A_TURN {
            self.activity.reads_wait.set(false);
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let mut piece = [MaybeUninit::uninit(); READ_BYTES];
        let mut piece = ReadBuf::uninit(&mut piece[..room]);
        let result = Pin::new(self.io.inner_mut()).poll_read(cx, &mut piece);
        self.activity.reads_wait.set(result.is_pending());
        ready!(result)?;
        self.activity.read(piece.filled().len());
        buf.put_slice(piece.filled());
        Poll::Ready(Ok(()))
    }
}

impl Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.io).poll_write_vectored(cx, buffers);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
