//! Choices that follow from a seed, for tests that play many of them.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

/// So many seeds, others each time.
pub(crate) fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let base = RandomState::new().build_hasher().finish();
    (0..count).map(move |step| base.wrapping_add(step))
}

/// The generator xorshift64.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// The choices of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        // Neighbouring seeds start far apart, and none at 0.
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..4).for_each(|_| _ = random.below(2));
        random
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    /// The same for sizes.
    pub(crate) fn size(&mut self, bound: usize) -> usize {
        self.below(bound as u64) as usize
    }

    /// Whether something happens that does so in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A time below so many microseconds.
    pub(crate) fn micros(&mut self, bound: u64) -> Duration {
        Duration::from_micros(self.below(bound))
    }
}
