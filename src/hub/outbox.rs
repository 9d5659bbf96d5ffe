//! What waits to be sent over one socket.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::Kind;
use super::backlog::Backlog;
use crate::model::{GroupId, Seq};
use crate::transport::Transport;

/// Where an outbox writes to.
pub trait Sink {
    /// Writes without waiting; [`io::ErrorKind::WouldBlock`] if nothing is taken now. Of a buffer that was taken in part
    /// the rest is written next.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes several buffers in one go, without waiting.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Waits until a write may be taken.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Sink for Transport {
    #[inline]
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_write(bytes)
    }

    fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_write_vectored(buffers)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_writable(cx)
    }
}

/// What became of bytes handed to an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The kernel took them all, or the outbox takes no more and dropped them.
    Done,
    /// Some of them wait; [`Outbox::poll_drain`] must be polled.
    Waiting,
    /// They did not fit. They are dropped, and with them all messages that were not begun;
    /// [`Outbox::take_dropped`] tells which.
    Overflow,
    /// The socket is broken.
    Broken,
}

/// A socket's bounded queue of finished frames.
///
/// Bytes go straight to the socket while nothing waits. Each buffer holds whole frames and is sent whole or
/// not at all, so frames of different origin never mix. A queue that is empty owns no memory.
///
/// In this order, so that all that is looked at for a socket without a queue lies together.
#[repr(C)]
pub struct Outbox<S = Transport> {
    sink: S,
    /// Bytes in the backlog.
    waiting: Cell<usize>,
    takes: Cell<Takes>,
    /// Counts up with each write that the socket took while something waited.
    progress: Cell<u32>,
    /// Absent while nothing waits and nothing was dropped.
    backlog: Cell<Option<Box<Backlog>>>,
}

/// What an outbox still takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    Everything,
    Replies,
    Nothing,
}

thread_local! {
    /// Bytes in the backlogs of all outboxes of this thread.
    static WAITING: Cell<usize> = const { Cell::new(0) };
}

/// Bytes that wait for sockets of this thread.
pub(super) fn waiting_here() -> usize {
    WAITING.get()
}

/// Buffers given to one vectored write.
const VECTORED_MAX: usize = 16;

impl<S: Sink> Outbox<S> {
    /// An empty outbox.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            waiting: Cell::new(0),
            takes: Cell::new(Takes::Everything),
            progress: Cell::new(0),
            backlog: Cell::new(None),
        }
    }

    /// Where it writes to.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.get()
    }

    /// Whether what is sent goes straight to the socket.
    #[inline]
    pub(super) fn is_clear(&self) -> bool {
        self.waiting.get() == 0 && self.takes.get() == Takes::Everything
    }

    /// A number that changes whenever the socket takes waiting bytes; a reader that stands still is known
    /// by it.
    pub fn progress(&self) -> u32 {
        self.progress.get()
    }

    /// Sends whole frames: at once as far as the socket takes them, the rest when it can. At most
    /// `waiting_max` bytes wait, replies and the rest of a write that was begun aside.
    pub fn send(&self, frames: &Bytes, kind: Kind, waiting_max: usize) -> Sent {
        match self.takes.get() {
            Takes::Everything => {}
            Takes::Replies if kind == Kind::Reply => {}
            Takes::Replies | Takes::Nothing => return Sent::Done,
        }
        let taken = if self.waiting.get() > 0 {
            0
        } else {
            match self.sink.try_write(frames) {
                Ok(taken) if taken == frames.len() => return Sent::Done,
                Ok(taken) => taken,
                Err(error) if would_block(&error) => 0,
                Err(_) => {
                    self.abandon();
                    return Sent::Broken;
                }
            }
        };
        let fits = self.waiting.get() + frames.len() - taken <= waiting_max;
        if taken == 0 && !fits {
            match kind {
                Kind::Reply => {}
                Kind::Ephemeral => return Sent::Done,
                Kind::Stored(group, first) => {
                    self.with_backlog(|backlog| {
                        backlog.drop_messages();
                        backlog.note_dropped(group, first);
                    });
                    return Sent::Overflow;
                }
            }
        }
        self.with_backlog(|backlog| backlog.push(frames.slice(taken..), kind, taken > 0));
        Sent::Waiting
    }

    /// The groups whose messages were dropped since the last call, each with the first `seq` dropped.
    pub fn take_dropped(&self) -> Vec<(GroupId, Seq)> {
        self.with_backlog(Backlog::take_dropped)
    }

    /// Takes nothing but replies from now on.
    pub(super) fn take_replies_only(&self) {
        if self.takes.get() == Takes::Everything {
            self.takes.set(Takes::Replies);
        }
    }

    /// Sends last frames, whatever waits before them and whatever the bound; nothing is taken afterwards.
    pub fn finish(&self, frames: Bytes) {
        self.takes.set(Takes::Nothing);
        self.with_backlog(|backlog| backlog.push(frames, Kind::Reply, false));
    }

    /// Drops the messages that wait, but for one that is partly sent.
    pub fn drop_messages(&self) {
        self.with_backlog(Backlog::drop_messages);
    }

    /// Drops the messages of a group that wait, but for one that is partly sent, without noting it: they are no
    /// longer wanted.
    pub fn forget(&self, group: GroupId) {
        if self.waiting.get() > 0 {
            self.with_backlog(|backlog| backlog.forget(group));
        }
    }

    /// Drops what waits, even if partly sent, and takes nothing any more.
    pub fn abandon(&self) {
        self.takes.set(Takes::Nothing);
        self.backlog.take();
        self.set_waiting(0);
    }

    /// Sends what waits, as the socket takes it; ready when nothing waits.
    ///
    /// # Errors
    /// Those of the socket; what waited is dropped then.
    pub fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.waiting.get() > 0 {
            let result = match ready!(self.sink.poll_writable(cx)) {
                Ok(()) => self.write_waiting(),
                Err(error) => Err(error),
            };
            match result {
                Ok(()) => {}
                Err(error) if would_block(&error) => {}
                Err(error) => {
                    self.abandon();
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write_waiting(&self) -> io::Result<()> {
        self.with_backlog(|backlog| {
            let mut slices = [IoSlice::new(&[]); VECTORED_MAX];
            let count = backlog.slices(&mut slices);
            let taken = self.sink.try_write_vectored(&slices[..count])?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.progress.set(self.progress.get().wrapping_add(1));
            backlog.advance(taken);
            Ok(())
        })
    }

    /// Changes what waits.
    fn with_backlog<T>(&self, change: impl FnOnce(&mut Backlog) -> T) -> T {
        let mut backlog = self.backlog.take().unwrap_or_default();
        let result = change(&mut backlog);
        self.set_waiting(backlog.bytes());
        if !backlog.is_empty() {
            self.backlog.set(Some(backlog));
        }
        result
    }

    fn set_waiting(&self, bytes: usize) {
        let before = self.waiting.replace(bytes);
        WAITING.set((WAITING.get() + bytes).saturating_sub(before));
    }
}

impl<S> fmt::Debug for Outbox<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("waiting", &self.waiting)
            .field("takes", &self.takes)
            .finish_non_exhaustive()
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
#[cfg(test)]
mod tests;
