//! Rates.

use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::time::{MissedTickBehavior, interval};

use crate::model::UserId;

/// How often those who have rested are forgotten.
const SWEEP_PERIOD: Duration = Duration::from_secs(10);

/// How often each of many may do something: users, addresses ([`client_network`](super::client_network)),
/// connections. It counts what one does, not when: after a rest of `burst / rate` seconds one may do it `burst`
/// times at once, and `rate` times a second from then on (the generic cell rate algorithm of ITU-T I.371).
///
/// What is refused does not count. Known are only those who could not do it `burst` times at once; each time
/// costs one at most `1 / rate` seconds of being known, and [`run`](Self::run) forgets the others.
pub struct RateLimit<K: Hash + Eq + Clone = UserId> {
    known: RateLimiter<K, DashMapStateStore<K>, MonotonicClock>,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// Allows `rate` times a second, at most 1,000,000, and `burst` times at once. Nobody has done anything.
    pub fn new(rate: NonZeroU32, burst: NonZeroU32) -> Self {
        let quota = Quota::per_second(rate).allow_burst(burst);
        Self { known: RateLimiter::dashmap_with_clock(quota, MonotonicClock) }
    }

    /// Counts one time.
    ///
    /// # Errors
    /// This would be too often, and does not count; the value is how long to wait before the next try.
    pub fn check(&self, key: K) -> Result<(), Duration> {
        self.known.check_key(&key).map_err(|early| early.wait_time_from(MonotonicClock.now()))
    }

    /// Forgets, every ten seconds, those who have rested. Runs for ever.
    pub async fn run(&self) {
        let mut ticks = interval(SWEEP_PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.sweep();
        }
    }

    fn sweep(&self) {
        self.known.retain_recent();
        self.known.shrink_to_fit();
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for RateLimit<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimit").field("known", &self.known.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "governor goes by the system's clock")]
mod tests {
    use std::hash::Hash;
    use std::net::IpAddr;
    use std::num::NonZeroU32;
    use std::time::{Duration, Instant};

    use super::RateLimit;
    use crate::model::UserId;

    fn limit<K: Hash + Eq + Clone>(rate: u32, burst: u32) -> RateLimit<K> {
        RateLimit::new(NonZeroU32::new(rate).unwrap(), NonZeroU32::new(burst).unwrap())
    }

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let limit = limit(50, 5);
        let start = Instant::now();
        let (mut passed, mut refused) = (0, 0);
        while passed < 10 {
            match limit.check(UserId(1)) {
                Ok(()) => passed += 1,
                Err(wait) => {
                    refused += 1;
                    assert!(wait <= Duration::from_millis(20), "{wait:?}");
                    std::thread::sleep(wait);
                }
            }
        }
        // However slow the machine: what came after the burst took its time, and each wait was long enough.
        assert!(start.elapsed() >= Duration::from_millis(95), "{:?}", start.elapsed());
        assert!(refused <= 5, "{refused}");
    }

    #[test]
    fn each_user_has_their_own() {
        let limit = limit(1, 1);
        for user in 1..100 {
            assert!(limit.check(UserId(user)).is_ok());
        }
    }

    #[test]
    fn addresses_can_be_limited_too() {
        let limit = limit(1, 1);
        let address: IpAddr = "192.0.2.7".parse().unwrap();
        assert!(limit.check(address).is_ok());
        assert!(limit.check(address).is_err());
        assert!(limit.check("192.0.2.8".parse().unwrap()).is_ok());
    }

    #[test]
    fn those_who_have_rested_are_forgotten() {
        let limit = limit(1_000, 100_000);
        for _ in 0..100_000 {
            limit.check(UserId(0)).unwrap();
        }
        for user in 1..=10_000 {
            limit.check(UserId(user)).unwrap();
        }
        // Each of the others has rested after a millisecond, the first after far more.
        std::thread::sleep(Duration::from_millis(5));
        limit.sweep();
        assert_eq!(limit.known.len(), 1);
    }
}
