//! Wrong passwords in a row, of many.

use std::hash::Hash;
use std::num::NonZeroUsize;
use std::time::Duration;

use lru::LruCache;
use tokio::time::Instant;

/// How long after the last wrong password all of them are forgotten; also the longest wait.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);

/// The first wait.
const WAIT_MIN: Duration = Duration::from_secs(2);

/// Counts by key, so many at most; the one goes that was added to least lately.
pub(super) struct Counts<K: Hash + Eq> {
    counts: LruCache<K, Count>,
    /// Wrong passwords before there is a wait.
    free: u32,
    /// The number of the next count.
    next: u64,
}

struct Count {
    /// Tells it from another one of the same key, before or after.
    number: u64,
    wrong: u32,
    last: Instant,
}

/// That one was added, so that it can be taken back.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    number: u64,
    added: Instant,
    /// When the one before was added.
    before: Instant,
}

impl Count {
    fn is_forgotten(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last) >= FORGOTTEN_AFTER
    }
}

impl<K: Hash + Eq> Counts<K> {
    pub(super) fn new(free: u32, keys_max: NonZeroUsize) -> Self {
        Self { counts: LruCache::sparse(keys_max), free, next: 0 }
    }

    /// Wrong passwords that are not forgotten.
    pub(super) fn wrong(&self, key: &K, now: Instant) -> u32 {
        self.known(key, now).map_or(0, |count| count.wrong)
    }

    /// How long until the next try may begin; zero if it may now.
    pub(super) fn wait(&self, key: &K, now: Instant) -> Duration {
        let Some(count) = self.known(key, now) else { return Duration::ZERO };
        let Some(beyond) = count.wrong.checked_sub(self.free) else { return Duration::ZERO };
        let wait = WAIT_MIN.saturating_mul(2_u32.saturating_pow(beyond)).min(FORGOTTEN_AFTER);
        (count.last + wait).saturating_duration_since(now)
    }

    pub(super) fn add(&mut self, key: K, now: Instant) -> Mark {
        let count = self.counts.get_or_insert_mut(key, || {
            self.next += 1;
            Count { number: self.next, wrong: 0, last: now }
        });
        if count.is_forgotten(now) {
            self.next += 1;
            *count = Count { number: self.next, wrong: 0, last: now };
        }
        let mark = Mark { number: count.number, added: now, before: count.last };
        count.wrong = count.wrong.saturating_add(1);
        // Threads may come in another order than their clocks were read.
        count.last = count.last.max(now);
        mark
    }

    /// Takes one back, so that it is as if it had not been, unless the count is forgotten already.
    pub(super) fn take_back(&mut self, key: &K, mark: Mark) {
        let Some(count) = self.counts.peek_mut(key).filter(|count| count.number == mark.number) else {
            return;
        };
        count.wrong = count.wrong.saturating_sub(1);
        if count.last == mark.added {
            count.last = mark.before;
        }
        if count.wrong == 0 {
            self.counts.pop(key);
        }
    }

    pub(super) fn forget(&mut self, key: &K) {
        self.counts.pop(key);
    }

    pub(super) fn len(&self) -> usize {
        self.counts.len()
    }

    fn known(&self, key: &K, now: Instant) -> Option<&Count> {
        self.counts.peek(key).filter(|count| !count.is_forgotten(now))
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use tokio::time::Instant;

    use super::Counts;

    #[test]
    fn the_oldest_goes() {
        let mut counts = Counts::new(1, NonZeroUsize::new(2).unwrap());
        let now = Instant::now();
        for key in [1, 2, 1, 3] {
            counts.add(key, now);
        }
        assert_eq!([1, 2, 3].map(|key| counts.wrong(&key, now)), [2, 0, 1]);
        assert_eq!(counts.len(), 2);
    }

    #[test]
    fn what_is_taken_back_never_was() {
        let mut counts = Counts::new(1, NonZeroUsize::new(2).unwrap());
        let start = Instant::now();
        let later = start + Duration::from_secs(60);
        let first = counts.add(1, start);
        let second = counts.add(1, later);
        assert_eq!(counts.wait(&1, later), Duration::from_secs(4));
        counts.take_back(&1, second);
        assert_eq!(counts.wait(&1, later), Duration::ZERO);
        assert_eq!(counts.wait(&1, start), Duration::from_secs(2));
        counts.take_back(&1, first);
        assert_eq!(counts.len(), 0);
        // It belongs to a count that is no more.
        counts.add(1, start);
        counts.take_back(&1, first);
        assert_eq!(counts.wrong(&1, start), 1);
    }
}
