//! A bound on the memory for answers, over all connections: those that are being made, and those that clients have not
//! taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use crate::chat::{ChatError, ChatResult};

/// An answer, or a page of one, of up to so many bytes does not count: each client may have one, as it may have buffers.
pub(super) const SMALL_BYTES: usize = 64 * 1024;

/// How many pages of rows are being made at a time; each has its rows as well. No database answers more at once.
const TURNS: usize = 16;
/// How long making one may have to wait for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the next page of a list may have to wait for room, and how often it is looked for that.
const ROOM_TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What is said where there is no room.
const NO_ROOM: ChatError = ChatError::Busy { retry_after: Duration::from_secs(1) };

/// The bytes of all answers above 64 KiB, counted from when they are made until the system has taken their last byte.
///
/// While half of the bound is used the server is crowded: who takes nothing of an answer is not waited for as long as
/// otherwise. An answer that finds no room at all is refused; the next page of a list waits for it.
#[derive(Debug)]
pub(super) struct Answers {
    bytes_max: usize,
    used: AtomicUsize,
    turns: Semaphore,
}

impl Answers {
    /// A bound of so many bytes.
    pub(super) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes_max, used: AtomicUsize::new(0), turns: Semaphore::new(TURNS) })
    }

    /// Waits for the turn to make an answer that may be large; it lasts until what is returned is dropped.
    ///
    /// # Errors
    /// If it does not come within 5 s.
    pub(super) async fn turn(&self) -> ChatResult<SemaphorePermit<'_>> {
        match timeout(TURN_TIMEOUT, self.turns.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            _ => Err(NO_ROOM),
        }
    }

    /// Whether half of the bound is used.
    pub(super) fn is_crowded(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.bytes_max / 2
    }

    /// Waits until something is left of the bound.
    ///
    /// # Errors
    /// If nothing is within 30 s.
    pub(super) async fn room(&self) -> ChatResult<()> {
        let since = Instant::now();
        while !self.has_room() {
            if since.elapsed() > ROOM_TIMEOUT {
                return Err(NO_ROOM);
            }
            sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        self.used.load(Ordering::Relaxed) < self.bytes_max
    }

    /// Counts these bytes for as long as anybody has them, unless they are few, or not of this answer alone.
    ///
    /// # Errors
    /// If there is no room.
    pub(super) fn hold(self: &Arc<Self>, bytes: Bytes) -> ChatResult<Bytes> {
        if bytes.len() <= SMALL_BYTES || !bytes.is_unique() {
            return Ok(bytes);
        }
        let held = self.count(bytes);
        if self.used.load(Ordering::Relaxed) > self.bytes_max {
            Err(NO_ROOM)
        } else {
            Ok(Bytes::from_owner(held))
        }
    }

    /// The same where there was room a moment ago: others may have taken it since, a page at each turn.
    pub(super) fn hold_page(self: &Arc<Self>, page: Bytes) -> Bytes {
        if page.len() <= SMALL_BYTES { page } else { Bytes::from_owner(self.count(page)) }
    }

    fn count(self: &Arc<Self>, bytes: Bytes) -> Held {
        self.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Held { bytes, of: Arc::clone(self) }
    }
}

/// Bytes that count until this is dropped.
struct Held {
    bytes: Bytes,
    of: Arc<Answers>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.of.used.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(length: usize) -> Bytes {
        vec![0; length].into()
    }

    #[test]
    fn what_is_large_counts_until_its_last_piece_is_gone() {
        let answers = Answers::new(4 * SMALL_BYTES);
        let mut held = answers.hold(bytes(3 * SMALL_BYTES)).unwrap();
        assert!(answers.is_crowded() && answers.has_room());
        assert!(answers.hold(bytes(2 * SMALL_BYTES)).is_err());
        let piece = held.split_to(1);
        drop(held);
        assert!(answers.is_crowded());
        drop(piece);
        assert!(!answers.is_crowded());
        assert!(answers.hold(bytes(4 * SMALL_BYTES)).is_ok());
    }

    #[test]
    fn what_is_small_or_shared_does_not_count() {
        let answers = Answers::new(1);
        let large = bytes(2 * SMALL_BYTES);
        let held = [
            answers.hold(bytes(SMALL_BYTES)).unwrap(),
            answers.hold(large.clone()).unwrap(),
            answers.hold(Bytes::from_static(&[0; 2 * SMALL_BYTES])).unwrap(),
            answers.hold_page(bytes(SMALL_BYTES)),
        ];
        assert!(!answers.is_crowded() && answers.has_room());
        drop(held);
        // A page is held all the same.
        let page = answers.hold_page(bytes(2 * SMALL_BYTES));
        assert!(!answers.has_room());
        drop(page);
        assert!(answers.has_room());
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_is_refused() {
        let answers = Answers::new(1);
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            turns.push(answers.turn().await.unwrap());
        }
        assert!(answers.turn().await.is_err());
        turns.pop();
        assert!(answers.turn().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_waits_for_room() {
        let answers = Answers::new(SMALL_BYTES);
        let page = answers.hold_page(bytes(2 * SMALL_BYTES));
        assert!(answers.room().await.is_err());
        let (waited, ()) = tokio::join!(answers.room(), async {
            sleep(Duration::from_secs(1)).await;
            drop(page);
        });
        assert!(waited.is_ok());
    }
}
