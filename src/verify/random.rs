//! Random choices that follow from a seed.

use std::time::Duration;

/// The generator SplitMix64: a few lines, the same numbers on every machine. Not for secrets.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The sequence of `stream` among those that follow from `seed`.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93));
        // Neighbouring streams start far apart.
        Self(random.next())
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        // The product's upper half; uneven by less than `bound` in 2^64.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// A time below `bound`, in steps of a microsecond.
    pub(super) fn time_below(&mut self, bound: Duration) -> Duration {
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.below(micros.max(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_stream_make_a_sequence() {
        let take = |seed, stream| {
            let mut random = Random::new(seed, stream);
            [0; 8].map(|_| random.next())
        };
        assert_eq!(take(1, 2), take(1, 2));
        assert_ne!(take(1, 2), take(1, 3));
        assert_ne!(take(1, 2), take(2, 2));
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all_below_it() {
        let mut random = Random::new(7, 0);
        let mut met = [false; 10];
        for _ in 0..1_000 {
            met[usize::try_from(random.below(10)).unwrap()] = true;
            assert!(random.time_below(Duration::from_millis(3)) < Duration::from_millis(3));
        }
        assert_eq!(met, [true; 10]);
        assert_eq!(random.below(1), 0);
    }
}
