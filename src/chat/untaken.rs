//! A bound on the memory for what clients have asked for, over all connections: what is being made, and what they have
//! not taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep, timeout};

use super::{ChatError, ChatResult};

/// An answer, or a page of one, of up to so many bytes does not count: each client may have one, as it may have buffers.
const SMALL_BYTES: usize = 64 * 1024;

/// How many answers of many rows are being made at a time; each has its rows as well.
const TURNS: usize = 16;
/// How long making one may have to wait for its turn.
const TURN_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may take nothing while much is untaken.
const CROWDED_STALL_TIMEOUT: Duration = Duration::from_secs(2);
/// How long the next page may have to wait for room, and how often it is looked for that.
const ROOM_TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// What is said where there is no room.
const NO_ROOM: ChatError = ChatError::Busy { retry_after: Duration::from_secs(1) };

/// The bytes of all answers above 64 KiB, counted from when they are made until the system has taken their last byte.
/// What is shared by many, as what is said in a group, does not count.
///
/// While half of the bound is used, who takes nothing is not waited for as long as otherwise. An answer that finds no
/// room at all is refused; the next page of a list or a replay waits for it.
#[derive(Debug)]
pub struct Untaken {
    bytes_max: usize,
    used: AtomicUsize,
    turns: Semaphore,
}

impl Untaken {
    /// A bound of so many bytes.
    pub(super) fn new(bytes_max: usize) -> Arc<Self> {
        Arc::new(Self { bytes_max, used: AtomicUsize::new(0), turns: Semaphore::new(TURNS) })
    }

    /// Waits for the turn to make an answer that may be large; it lasts until what is returned is dropped.
    ///
    /// # Errors
    /// [`ChatError::Busy`] if it does not come within 5 s.
    pub async fn turn(&self) -> ChatResult<Turn<'_>> {
        timeout(TURN_TIMEOUT, self.next_turn()).await.unwrap_or(Err(NO_ROOM))
    }

    /// The same of who has time.
    async fn next_turn(&self) -> ChatResult<Turn<'_>> {
        self.turns.acquire().await.map(|_permit| Turn { _permit }).map_err(|_| NO_ROOM)
    }

    /// Waits for room and the turn to make the next page of what is taken page by page.
    ///
    /// # Errors
    /// [`ChatError::Busy`] if there is no room within 30 s.
    pub async fn page_turn(&self) -> ChatResult<Turn<'_>> {
        let since = Instant::now();
        while self.used.load(Ordering::Relaxed) >= self.bytes_max {
            if since.elapsed() > ROOM_TIMEOUT {
                return Err(NO_ROOM);
            }
            sleep(LOOK_EVERY).await;
        }
        self.next_turn().await
    }

    /// How long a client may take nothing now that may `usually` do so for this long.
    pub fn stall_timeout(&self, usually: Duration) -> Duration {
        if self.is_crowded() { usually.min(CROWDED_STALL_TIMEOUT) } else { usually }
    }

    fn is_crowded(&self) -> bool {
        self.used.load(Ordering::Relaxed) > self.bytes_max / 2
    }

    /// Counts these bytes for as long as anybody has them, unless they are few, or not of this answer alone.
    ///
    /// # Errors
    /// [`ChatError::Busy`] if there is no room.
    pub fn hold(self: &Arc<Self>, bytes: Bytes) -> ChatResult<Bytes> {
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

    /// The same of a page for which there was [room](Self::page_turn) a moment ago: others may have taken it since, one
    /// at each turn.
    pub fn hold_page(self: &Arc<Self>, page: Bytes) -> Bytes {
        if page.len() <= SMALL_BYTES || !page.is_unique() {
            page
        } else {
            Bytes::from_owner(self.count(page))
        }
    }

    fn count(self: &Arc<Self>, bytes: Bytes) -> Held {
        self.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Held { bytes, of: Arc::clone(self) }
    }
}

/// The turn to make an answer of many rows.
#[derive(Debug)]
pub struct Turn<'u> {
    _permit: SemaphorePermit<'u>,
}

/// Bytes that count until this is dropped.
struct Held {
    bytes: Bytes,
    of: Arc<Untaken>,
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
        let untaken = Untaken::new(4 * SMALL_BYTES);
        let mut held = untaken.hold(bytes(3 * SMALL_BYTES)).unwrap();
        assert!(untaken.is_crowded());
        assert!(untaken.hold(bytes(2 * SMALL_BYTES)).is_err());
        let piece = held.split_to(1);
        drop(held);
        assert!(untaken.is_crowded());
        drop(piece);
        assert!(!untaken.is_crowded());
        assert!(untaken.hold(bytes(4 * SMALL_BYTES)).is_ok());
    }

    #[test]
    fn what_is_small_or_shared_does_not_count() {
        let untaken = Untaken::new(1);
        let large = bytes(2 * SMALL_BYTES);
        let held = [
            untaken.hold(bytes(SMALL_BYTES)).unwrap(),
            untaken.hold(large.clone()).unwrap(),
            untaken.hold(Bytes::from_static(&[0; 2 * SMALL_BYTES])).unwrap(),
            untaken.hold_page(bytes(SMALL_BYTES)),
        ];
        assert!(!untaken.is_crowded());
        drop(held);
        // A page is held where there is no room, too.
        let page = untaken.hold_page(bytes(2 * SMALL_BYTES));
        assert!(untaken.is_crowded());
        assert_eq!(untaken.stall_timeout(Duration::MAX), CROWDED_STALL_TIMEOUT);
        drop(page);
        assert_eq!(untaken.stall_timeout(Duration::MAX), Duration::MAX);
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_that_does_not_come_is_refused() {
        let untaken = Untaken::new(1);
        let mut turns = Vec::new();
        for _ in 0..TURNS {
            turns.push(untaken.turn().await.unwrap());
        }
        assert!(untaken.turn().await.is_err());
        turns.pop();
        assert!(untaken.turn().await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_waits_for_room() {
        let untaken = Untaken::new(SMALL_BYTES);
        let page = untaken.hold_page(bytes(2 * SMALL_BYTES));
        assert!(untaken.page_turn().await.is_err());
        let (waited, ()) = tokio::join!(untaken.page_turn(), async {
            sleep(Duration::from_secs(1)).await;
            drop(page);
        });
        assert!(waited.is_ok());
    }
}
