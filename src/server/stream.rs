//! The byte stream of a connection as hyper reads and writes it.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;

use crate::transport::Transport;

/// What a [`Stream`] was last doing.
#[derive(Debug, Default)]
pub(super) struct Activity {
    reads_wait: Cell<bool>,
    writes_wait: Cell<bool>,
    /// Counts the writes that were taken.
    writes: Cell<u32>,
}

impl Activity {
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
        if self.early.has_remaining() {
            let length = self.early.len().min(buf.remaining());
            buf.put_slice(&self.early.split_to(length));
            return Poll::Ready(Ok(()));
        }
        let result = Pin::new(&mut self.io).poll_read(cx, buf);
        self.activity.reads_wait.set(result.is_pending());
        result
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
