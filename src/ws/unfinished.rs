//! A bound on the memory for messages that have not arrived whole, over all sockets of the server.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Unfinished messages of up to so many bytes may always be read on, as far as the bound reaches at all: who sends
/// little is served whatever others have begun.
pub(super) const SMALL_BYTES: usize = 4 * 1024;

/// The bytes of all unfinished messages, counted as they are allocated.
///
/// While three quarters of the bound are used, messages above 4 KiB wait: their sockets are not read, so
/// that what they send stays in the kernel or with the sender. One of them alone may be read on, so that there is
/// always a message that can be finished. Of those that wait the smallest go on first when there is room again. The
/// last quarter is for small messages; a message that finds no room even there has no right to begin. Cores look for
/// room at the same moment, so each may take one growth of a message more, half its size.
#[derive(Debug)]
pub struct UnfinishedBytes {
    max: usize,
    used: AtomicUsize,
    /// The message that may be read on although there is no room; 0 if there is none.
    favoured: AtomicU64,
    /// Names given to messages so far.
    names: AtomicU64,
    /// Sockets to be woken when there is room, by the size and name of their messages.
    waiting: Mutex<BTreeMap<(usize, u64), Waker>>,
    /// How many of them there are, to be read without the lock.
    waiting_count: AtomicUsize,
}

/// There is no room for a message to begin, or for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too much is unfinished")]
pub struct NoRoom;

impl UnfinishedBytes {
    /// A bound of so many bytes.
    pub fn new(max: usize) -> Arc<Self> {
        Arc::new(Self {
            max,
            used: AtomicUsize::new(0),
            favoured: AtomicU64::new(0),
            names: AtomicU64::new(0),
            waiting: Mutex::default(),
            waiting_count: AtomicUsize::new(0),
        })
    }

    /// How much messages above [`SMALL_BYTES`] may still take, in bytes; 0 if that is hardly anything.
    fn room(&self) -> usize {
        let room = (self.max - self.max / 4).saturating_sub(self.used.load(Ordering::SeqCst));
        if room < SMALL_BYTES { 0 } else { room }
    }

    /// How many bytes may be read from a socket of which no message is unfinished.
    pub(super) fn first_room(&self) -> usize {
        self.room().max(SMALL_BYTES)
    }

    /// Counts bytes that do not wait for room. Those of small ones may take all there is, others leave a quarter.
    pub(super) fn take(&self, bytes: usize, is_small: bool) -> Result<(), NoRoom> {
        let max = if is_small { self.max } else { self.max - self.max / 4 };
        let used = self.used.fetch_add(bytes, Ordering::SeqCst) + bytes;
        if used <= max {
            return Ok(());
        }
        self.give_back(bytes);
        Err(NoRoom)
    }

    /// Counts them no longer.
    pub(super) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::SeqCst);
        self.wake();
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<(usize, u64), Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn may_be_favoured(&self, name: u64) -> bool {
        let favoured = self.favoured.compare_exchange(0, name, Ordering::SeqCst, Ordering::SeqCst);
        favoured.is_ok() || favoured == Err(name)
    }

    /// Wakes as many of those who wait as there is room for, the smallest messages first; at least one if there is
    /// nobody who may be read on without room.
    fn wake(&self) {
        if self.waiting_count.load(Ordering::SeqCst) == 0 {
            return;
        }
        let mut room = self.room();
        let mut is_favour_free = self.favoured.load(Ordering::SeqCst) == 0;
        let mut woken = Vec::new();
        let mut waiting = self.waiting();
        while room > 0 || is_favour_free {
            let Some(((size, _), waker)) = waiting.pop_first() else { break };
            // It will grow by about as much again.
            room = room.saturating_sub(size);
            is_favour_free = false;
            woken.push(waker);
        }
        self.waiting_count.store(waiting.len(), Ordering::SeqCst);
        drop(waiting);
        woken.into_iter().for_each(Waker::wake);
    }
}

/// One unfinished message's part of the bytes, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Share {
    of: Arc<UnfinishedBytes>,
    name: u64,
    bytes: usize,
    /// The size by which it stands among those who wait.
    waits_as: Option<usize>,
}

impl Share {
    /// Nothing yet.
    pub(super) fn new(of: &Arc<UnfinishedBytes>) -> Self {
        let name = 1 + of.names.fetch_add(1, Ordering::SeqCst);
        Self { of: Arc::clone(of), name, bytes: 0, waits_as: None }
    }

    /// The message has so many bytes now.
    pub(super) fn resize(&mut self, bytes: usize) -> Result<(), NoRoom> {
        self.stop_waiting();
        if bytes >= self.bytes {
            let growth = bytes - self.bytes;
            let used = self.of.used.fetch_add(growth, Ordering::SeqCst) + growth;
            self.bytes = bytes;
            // A larger one waits before it is read, see `poll_room`; what it was let to read, it may keep.
            let may_wait = bytes > SMALL_BYTES;
            return if used > self.of.max && growth > 0 && !may_wait { Err(NoRoom) } else { Ok(()) };
        }
        self.of.used.fetch_sub(self.bytes - bytes, Ordering::SeqCst);
        self.bytes = bytes;
        self.of.wake();
        Ok(())
    }

    /// How many bytes may be read for this message now. Who has to wait is woken when there may be room.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        if let Some(room) = self.room() {
            return Poll::Ready(room);
        }
        self.stop_waiting();
        let mut waiting = self.of.waiting();
        waiting.insert((self.bytes, self.name), cx.waker().clone());
        self.of.waiting_count.store(waiting.len(), Ordering::SeqCst);
        drop(waiting);
        self.waits_as = Some(self.bytes);
        // What was given back before this one stood there woke nobody.
        match self.room() {
            Some(room) => {
                self.stop_waiting();
                Poll::Ready(room)
            }
            None => Poll::Pending,
        }
    }

    fn room(&self) -> Option<usize> {
        let small = SMALL_BYTES.saturating_sub(self.bytes);
        match self.of.room().max(small) {
            0 if self.of.may_be_favoured(self.name) => Some(usize::MAX),
            0 => None,
            room => Some(room),
        }
    }

    fn stop_waiting(&mut self) {
        if let Some(size) = self.waits_as.take() {
            let mut waiting = self.of.waiting();
            waiting.remove(&(size, self.name));
            self.of.waiting_count.store(waiting.len(), Ordering::SeqCst);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.stop_waiting();
        self.of.used.fetch_sub(self.bytes, Ordering::SeqCst);
        let _ = self.of.favoured.compare_exchange(self.name, 0, Ordering::SeqCst, Ordering::SeqCst);
        self.of.wake();
    }
}

#[cfg(test)]
mod tests;
