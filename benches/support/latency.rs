//! A histogram of durations.

use std::time::Duration;

/// Counts in buckets that are 3 % wide, from nanoseconds to hours.
#[derive(Clone)]
pub(crate) struct Latencies {
    counts: Vec<u64>,
    total: u64,
}

/// Buckets in each doubling, as a power of two.
const STEPS_LOG2: u32 = 5;
const STEPS: u64 = 1 << STEPS_LOG2;

impl Latencies {
    pub(crate) fn new() -> Latencies {
        Latencies { counts: vec![0; ((64 - STEPS_LOG2 as usize) + 1) << STEPS_LOG2], total: 0 }
    }

    pub(crate) fn add(&mut self, nanoseconds: u64) {
        self.counts[bucket(nanoseconds)] += 1;
        self.total += 1;
    }

    /// The time that a share of all was not above; zero if there are none.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let rank = (self.total as f64 * share).ceil() as u64;
        let mut below = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            below += count;
            if below >= rank {
                return Duration::from_nanos(start(bucket as u64));
            }
        }
        Duration::ZERO
    }
}

fn bucket(value: u64) -> usize {
    let doubling = (value | STEPS).ilog2() - STEPS_LOG2;
    ((u64::from(doubling) << STEPS_LOG2) + (value >> doubling)) as usize
}

fn start(bucket: u64) -> u64 {
    if bucket < STEPS {
        return bucket;
    }
    let doubling = (bucket >> STEPS_LOG2) - 1;
    (bucket - (doubling << STEPS_LOG2)) << doubling
}
