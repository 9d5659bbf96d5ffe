//! Rates.

use std::num::NonZeroU32;
use std::time::Duration;

/// How fast something may happen. What is above it is refused.
///
/// A clock runs ahead by a share of a second each time, and may be ahead by a burst: the generic cell rate algorithm of
/// ITU-T I.371.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Times a second in the long run; at most 1,000,000.
    pub rate: NonZeroU32,
    /// Times at once, after a rest of `burst / rate` seconds; at most 10,000,000.
    pub burst: NonZeroU32,
}

impl Rate {
    /// Counts one time, while the burst would be whole again after a rest of `ahead`; the value is the rest after which
    /// it is then.
    ///
    /// # Errors
    /// This would be too often, and does not count; the value is how long to wait before the next try.
    pub fn admit(self, ahead: Duration) -> Result<Duration, Duration> {
        let share = Duration::from_secs(1) / self.rate.get();
        let wait = ahead.saturating_sub(share * (self.burst.get() - 1));
        if wait.is_zero() { Ok(ahead + share) } else { Err(wait) }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use super::Rate;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        for (rate, burst) in [(1, 1), (10, 3), (1_000_000, 10_000_000)] {
            let share = Duration::from_secs(1) / rate;
            let limit = Rate { rate: NonZeroU32::new(rate).unwrap(), burst: NonZeroU32::new(burst).unwrap() };
            let mut ahead = Duration::ZERO;
            for _ in 0..burst {
                ahead = limit.admit(ahead).unwrap();
            }
            assert_eq!(ahead, share * burst);
            assert_eq!(limit.admit(ahead), Err(share));
            assert_eq!(limit.admit(ahead - share / 2), Err(share - share / 2));
            assert_eq!(limit.admit(ahead - share), Ok(ahead));
        }
    }
}
