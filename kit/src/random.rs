//! Random choices that follow from a seed. Not for secrets.

use std::time::Duration;

use fastrand::Rng;

/// So many seeds, others each time.
pub fn seeds(count: u64) -> impl Iterator<Item = u64> {
    let base = fastrand::u64(..);
    (0..count).map(move |step| base.wrapping_add(step))
}

/// The choices of a seed: the same on every machine.
#[derive(Clone, Debug)]
pub struct Random(Rng);

impl Random {
    /// The choices of `seed`.
    pub fn new(seed: u64) -> Self {
        Self::stream(seed, 0)
    }

    /// Those of `stream` among the many that follow from `seed`.
    pub fn stream(seed: u64, stream: u64) -> Self {
        // Neighbours start far apart.
        Self(Rng::with_seed(seed ^ stream.wrapping_mul(0xd6e8_feb8_6659_fd93)).fork())
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0.u64(..bound)
    }

    /// The same for sizes.
    pub fn size(&mut self, bound: usize) -> usize {
        self.0.usize(..bound)
    }

    /// Whether something happens that does so in `percent` of a hundred cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// A time below so many microseconds, which are not 0.
    pub fn micros(&mut self, bound: u64) -> Duration {
        Duration::from_micros(self.below(bound))
    }

    /// A time below `bound`, in steps of a microsecond.
    pub fn time_below(&mut self, bound: Duration) -> Duration {
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        self.micros(micros.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_stream_make_a_sequence() {
        let take = |seed, stream| {
            let mut random = Random::stream(seed, stream);
            [0; 8].map(|_| random.below(u64::MAX))
        };
        assert_eq!(take(1, 2), take(1, 2));
        assert_ne!(take(1, 2), take(1, 3));
        assert_ne!(take(1, 2), take(2, 2));
    }

    #[test]
    fn numbers_stay_below_their_bound_and_reach_all_below_it() {
        let mut random = Random::new(7);
        let mut met = [false; 10];
        for _ in 0..1_000 {
            met[random.size(10)] = true;
            assert!(random.time_below(Duration::from_millis(3)) < Duration::from_millis(3));
        }
        assert_eq!(met, [true; 10]);
        assert_eq!(random.below(1), 0);
        assert_eq!(random.time_below(Duration::ZERO), Duration::ZERO);
    }
}
