//! How often one address may come.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

use crate::auth::{RateLimit, client_network};
use crate::model::Rate;

/// Addresses that are told apart. Whoever has very many of them makes others share a rate, but no memory grows.
const SLOTS: u64 = 100_000;

/// A limit on how often each client address may do something; a whole /64 counts as one, see [`client_network`]. An
/// address has one of 100,000 slots, chosen by a hash that nobody outside can foresee; two addresses whose slot is the
/// same share a rate. What is known of a slot is forgotten when it has rested, see [`RateLimit`].
#[derive(Debug)]
pub struct AddressLimit {
    slots: RateLimit<u32>,
    hasher: RandomState,
}

impl AddressLimit {
    /// Allows each address this rate. Nobody has come yet.
    pub fn new(rate: Rate) -> Self {
        Self { slots: RateLimit::new(rate.rate, rate.burst), hasher: RandomState::new() }
    }

    /// Counts one time.
    ///
    /// # Errors
    /// This would be too often, and does not count; the value is how long to wait before the next try.
    pub fn check(&self, address: IpAddr) -> Result<(), Duration> {
        self.slots.check((self.hasher.hash_one(client_network(address)) % SLOTS) as u32)
    }

    /// Forgets, every ten seconds, those who have rested. Runs for ever.
    pub async fn run(&self) {
        self.slots.run().await;
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;
    use std::num::NonZeroU32;

    use tokio::time::Instant;

    use super::{AddressLimit, SLOTS};
    use crate::model::Rate;

    #[test]
    fn each_address_has_a_rate_of_its_own() {
        let once = Rate { rate: NonZeroU32::MIN, burst: NonZeroU32::MIN };
        let limit = AddressLimit::new(once);
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
    }

    #[test]
    fn any_number_of_addresses_has_a_bounded_number_of_slots() {
        let limit = AddressLimit::new(Rate { rate: NonZeroU32::MIN, burst: NonZeroU32::MIN });
        let start = Instant::now();
        let addresses = (0..300_000).map(Ipv4Addr::from_bits);
        let passed = addresses.filter(|&address| limit.check(address.into()).is_ok()).count() as u64;
        // On a slow machine the first ones have rested and pass again.
        let seconds = start.elapsed().as_secs();
        assert!(passed <= SLOTS * (1 + seconds + 1), "{passed} in {seconds} s");
        assert!(passed >= SLOTS * 9 / 10, "{passed}");
    }
}
