//! Wrong passwords, and how long to wait after them.

mod count;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use self::count::{Counts, Mark};
use super::address::client_network;
use super::secret::{SecretHash, hash_secret};

/// Wrong passwords for one account from one address before there is a wait.
const PAIR_WRONG_MAX: u32 = 5;

/// Wrong passwords from one address, whatever the account, before there is a wait.
const ADDRESS_WRONG_MAX: u32 = 50;

/// Wrong passwords for one account from all addresses beyond which those are slowed that are new to it.
const ACCOUNT_WRONG_MAX: u32 = 100;

/// How often all addresses together that are new to a slowed account may try.
const SLOW_PERIOD: Duration = Duration::from_secs(2);

/// How long an attempt waits for the outcomes of others.
const OUTCOME_TIMEOUT: Duration = Duration::from_secs(10);

/// Entries of each kind that are kept.
const ENTRIES_MAX: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// An account as it is known here, never by its name; and where a try comes from.
type Account = SecretHash;
type Pair = (Account, IpAddr);

/// Makes guessing passwords slow. An attempt counts as a wrong password from the moment it begins, so that
/// many at once are no better than one after the other, until its outcome says otherwise.
///
/// - After 5 wrong passwords for one account from one address, and after 50 from one address, further
///   attempts are refused for 2 s after the last one, then for twice as long after each further one, at most
///   15 minutes; the right password too. Refused attempts do not count.
/// - After more than 100 for one account, addresses that never had the right password for it get one attempt
///   every 2 s in total. The others do not notice, so that nobody can lock an account for its owner.
/// - Counts are forgotten 15 minutes after the last wrong password. A right one starts the count of its account
///   and address anew.
///
/// IPv6 addresses count by their /64, see [`client_network`]. Of pairs of account and address, addresses,
/// accounts, and pairs that had the right password 100,000 are kept each, those seen last; some 40 MB if all
/// are full. Nothing is kept beyond the process.
pub struct LoginGuard {
    state: Mutex<State>,
    /// Told whenever the outcome of an attempt is known.
    outcomes: Notify,
}

struct State {
    /// Attempts under way, by where they come from; addresses without any have no entry.
    under_way: HashMap<IpAddr, u32>,
    pairs: Counts<Pair>,
    addresses: Counts<IpAddr>,
    accounts: Counts<Account>,
    /// When the next address may try that is new to a slowed account.
    slow_turns: LruCache<Account, Instant>,
    /// The pairs that had the right password.
    trusted: LruCache<Pair, ()>,
}

impl LoginGuard {
    /// Nobody has tried anything.
    pub fn new() -> Self {
        let state = State {
            under_way: HashMap::new(),
            pairs: Counts::new(PAIR_WRONG_MAX, ENTRIES_MAX),
            addresses: Counts::new(ADDRESS_WRONG_MAX, ENTRIES_MAX),
            // There is no wait after these, but a queue.
            accounts: Counts::new(u32::MAX, ENTRIES_MAX),
            slow_turns: LruCache::sparse(ENTRIES_MAX),
            trusted: LruCache::sparse(ENTRIES_MAX),
        };
        Self { state: Mutex::new(state), outcomes: Notify::new() }
    }

    /// As [`begin`](Self::begin), but before it is refused because of others of its address that are under way, it
    /// waits for their outcomes, up to 10 s: they may be right, as when many log in at once from one network.
    ///
    /// # Errors
    /// As of [`begin`](Self::begin).
    pub async fn admit(&self, account: &str, address: IpAddr) -> Result<Attempt<'_>, Duration> {
        let deadline = Instant::now() + OUTCOME_TIMEOUT;
        loop {
            let mut outcome = pin!(self.outcomes.notified());
            // From here on no outcome is missed.
            outcome.as_mut().enable();
            match self.begin(account, address, Instant::now()) {
                Err(wait) if !self.is_under_way(address) => return Err(wait),
                Err(wait) => timeout_at(deadline, outcome).await.map_err(|_| wait)?,
                begun => return begun,
            }
        }
    }

    fn is_under_way(&self, address: IpAddr) -> bool {
        self.state().under_way.contains_key(&client_network(address))
    }

    /// Asks, before the password is compared, whether it may be. `account` is what one logs in to in a form
    /// that is the same however it is written, whether there is such an account or not.
    ///
    /// # Errors
    /// It may not; the value is how long to wait, above zero and at most 15 minutes. This does not count.
    pub fn begin(&self, account: &str, address: IpAddr, now: Instant) -> Result<Attempt<'_>, Duration> {
        let account = hash_secret(account);
        let address = client_network(address);
        let pair = (account, address);
        let mut guard = self.state();
        let state = &mut *guard;
        let is_slowed =
            state.accounts.wrong(&account, now) > ACCOUNT_WRONG_MAX && !state.trusted.contains(&pair);
        let turn = state.slow_turns.peek(&account).filter(|_| is_slowed);
        let waits = [
            state.pairs.wait(&pair, now),
            state.addresses.wait(&address, now),
            turn.map_or(Duration::ZERO, |turn| turn.saturating_duration_since(now)),
        ];
        if let Some(wait) = waits.into_iter().max().filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        if is_slowed {
            state.slow_turns.put(account, now + SLOW_PERIOD);
        }
        *state.under_way.entry(address).or_default() += 1;
        Ok(Attempt {
            guard: self,
            pair,
            pair_mark: state.pairs.add(pair, now),
            address_mark: state.addresses.add(address, now),
            account_mark: state.accounts.add(account, now),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Counts are whole between any two calls, so a panic elsewhere spoils nothing.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for LoginGuard {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for LoginGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("LoginGuard")
            .field("pairs", &state.pairs.len())
            .field("addresses", &state.addresses.len())
            .field("accounts", &state.accounts.len())
            .finish_non_exhaustive()
    }
}

/// A password that is being compared. It counts as a wrong one, also if it is dropped, unless its outcome
/// is said to be another.
#[must_use = "say what came of it"]
pub struct Attempt<'a> {
    guard: &'a LoginGuard,
    pair: Pair,
    pair_mark: Mark,
    address_mark: Mark,
    account_mark: Mark,
}

impl Attempt<'_> {
    /// It was the right password.
    pub fn succeeded(self) {
        let mut state = self.guard.state();
        state.pairs.forget(&self.pair);
        state.trusted.put(self.pair, ());
        self.take_back(&mut state);
    }

    /// It was a wrong password, or there is no such account.
    pub fn failed(self) {}

    /// The server could not find out.
    pub fn abandoned(self) {
        let mut state = self.guard.state();
        state.pairs.take_back(&self.pair, self.pair_mark);
        self.take_back(&mut state);
    }

    fn take_back(&self, state: &mut State) {
        let (account, address) = &self.pair;
        state.addresses.take_back(address, self.address_mark);
        state.accounts.take_back(account, self.account_mark);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if let Entry::Occupied(mut under_way) = self.guard.state().under_way.entry(self.pair.1) {
            *under_way.get_mut() -= 1;
            if *under_way.get() == 0 {
                under_way.remove();
            }
        }
        self.guard.outcomes.notify_waiters();
    }
}

impl fmt::Debug for Attempt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempt").field("address", &self.pair.1).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
