//! How often one address may come.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::auth::client_network;
use crate::model::Rate;

/// Addresses that are remembered.
const ADDRESSES_MAX: usize = 100_000;

/// How often those who have rested are forgotten.
const SWEEP_PERIOD: Duration = Duration::from_secs(10);

/// The same when there is no room for another one.
const SWEEP_PERIOD_FULL: Duration = Duration::from_millis(100);

/// A limit on how often each client address may do something; a whole /64 counts as one, see [`client_network`].
///
/// What is refused does not count. Known are only those addresses that could not do it as often as the burst allows at
/// once, and at most 100,000 of them: a further one is refused until one of these has rested. Each time costs an
/// address at most a share of a second of being known, so it takes as many times a second to fill that.
///
/// [`RateLimit`](crate::auth::RateLimit) has no such bound: there are only so many users, but anybody may have any
/// number of addresses.
pub struct AddressLimit {
    rate: Rate,
    known: Mutex<Known>,
}

struct Known {
    /// When the burst of an address is whole again; in the past if it is.
    rested: HashMap<IpAddr, Instant>,
    swept: Instant,
}

impl AddressLimit {
    /// Allows each address this rate. Nobody has come yet.
    pub fn new(rate: Rate) -> Self {
        Self { rate, known: Mutex::new(Known { rested: HashMap::new(), swept: Instant::now() }) }
    }

    /// Counts one time.
    ///
    /// # Errors
    /// This would be too often, and does not count; the value is how long to wait before the next try.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let (address, now) = (client_network(address), Instant::now());
        let mut known = self.known();
        let rested = known.rested.get(&address).copied();
        if rested.is_none() && !known.has_room(now) {
            return Err(SWEEP_PERIOD_FULL);
        }
        let ahead = rested.map_or(Duration::ZERO, |rested| rested.saturating_duration_since(now));
        known.rested.insert(address, now + self.rate.admit(ahead)?);
        Ok(())
    }

    /// Forgets, every ten seconds, those who have rested. Runs for ever.
    pub async fn run(&self) {
        let mut ticks = interval(SWEEP_PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let now = ticks.tick().await;
            self.known().sweep(now);
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Whether another address can be remembered, after a sweep if need be.
    fn has_room(&mut self, now: Instant) -> bool {
        if self.rested.len() >= ADDRESSES_MAX && now >= self.swept + SWEEP_PERIOD_FULL {
            self.sweep(now);
        }
        self.rested.len() < ADDRESSES_MAX
    }

    fn sweep(&mut self, now: Instant) {
        self.rested.retain(|_, rested| *rested > now);
        self.rested.shrink_to_fit();
        self.swept = now;
    }
}

impl fmt::Debug for AddressLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = self.known().rested.len();
        f.debug_struct("AddressLimit")
            .field("rate", &self.rate)
            .field("known", &known)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::num::NonZeroU32;
    use std::time::Duration;

    use tokio::time::{advance, sleep};

    use super::{ADDRESSES_MAX, AddressLimit, SWEEP_PERIOD};
    use crate::model::Rate;

    /// Once a second, and so many times at once.
    fn limit(burst: u32) -> AddressLimit {
        AddressLimit::new(Rate { rate: NonZeroU32::MIN, burst: NonZeroU32::new(burst).unwrap() })
    }

    fn address(number: usize) -> IpAddr {
        Ipv4Addr::from_bits(number as u32).into()
    }

    #[tokio::test(start_paused = true)]
    async fn each_address_has_a_rate_of_its_own() {
        let limit = limit(1);
        for (address, passes) in [
            ("192.0.2.1", true),
            ("192.0.2.1", false),
            ("::ffff:192.0.2.1", false),
            ("192.0.2.2", true),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
            ("2001:db8:0:1::1", true),
        ] {
            assert_eq!(limit.check(address.parse().unwrap()).is_ok(), passes, "{address}");
        }
        advance(Duration::from_millis(400)).await;
        assert_eq!(limit.check("192.0.2.1".parse().unwrap()), Err(Duration::from_millis(600)));
        advance(Duration::from_millis(600)).await;
        assert_eq!(limit.check("192.0.2.1".parse().unwrap()), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_bounded_number_of_addresses_is_remembered() {
        let limit = limit(2);
        assert_eq!(limit.check(address(0)), Ok(()));
        assert_eq!(limit.check(address(0)), Ok(()));
        advance(Duration::from_millis(500)).await;
        for number in 1..ADDRESSES_MAX {
            assert_eq!(limit.check(address(number)), Ok(()));
        }
        assert!(limit.check(address(ADDRESSES_MAX)).is_err());
        // Those who are known are counted as ever.
        assert_eq!(limit.check(address(1)), Ok(()));
        assert_eq!(limit.check(address(1)), Err(Duration::from_secs(1)));
        advance(Duration::from_millis(999)).await;
        assert!(limit.check(address(ADDRESSES_MAX)).is_err());
        advance(Duration::from_millis(101)).await;
        assert_eq!(limit.check(address(ADDRESSES_MAX)), Ok(()));
        // That one, and the two that came twice.
        assert_eq!(limit.known().rested.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_have_rested_are_forgotten() {
        let limit = limit(20);
        for _ in 0..15 {
            limit.check(address(1)).unwrap();
        }
        limit.check(address(2)).unwrap();
        tokio::select! {
            () = limit.run() => {}
            () = sleep(SWEEP_PERIOD + Duration::from_millis(1)) => {}
        }
        assert_eq!(limit.known().rested.len(), 1);
        assert!(format!("{limit:?}").ends_with("known: 1, .. }"), "{limit:?}");
    }
}
