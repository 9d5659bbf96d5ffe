//! The connection to NATS: how it is made, and what is logged of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_nats::{Client, ClientError, ConnectError, ConnectErrorKind, ConnectOptions, Event, Server};
use tokio::time::Instant;

use super::state::State;
use crate::cluster::nats_servers::NatsServers;

/// After three in vain the peer counts as dead, and another connection is made.
const PING_EVERY: Duration = Duration::from_secs(1);

/// How long a server may take until the connection is made, TLS and log-in included.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1_500);

/// The longest time between two attempts. The half of it is by chance, so that nodes do not come all at once.
const RECONNECT_DELAY_MAX: Duration = Duration::from_millis(500);

/// Between the first attempts it is shorter.
const RECONNECT_DELAY_MIN: Duration = Duration::from_millis(50);

/// What the client has taken and not sent yet, in payloads. They are sent however late.
const WITH_CLIENT_MAX: usize = 16;

/// How often the same trouble is logged, and how many different ones in that time.
const LOG_EVERY: Duration = Duration::from_secs(60);
const TOLD_MAX: usize = 16;

/// Begins to connect, and never ends to.
pub(super) async fn open(servers: &NatsServers, state: &Arc<State>) -> Result<Client, ConnectError> {
    let log = Arc::new(Log { servers: servers.to_string(), told: Mutex::default() });
    let state = Arc::downgrade(state);
    let log_of_servers = Arc::clone(&log);
    let options = ConnectOptions::new()
        .name("groupcast")
        .retry_on_initial_connect()
        .connection_timeout(CONNECT_TIMEOUT)
        .ping_interval(PING_EVERY)
        .reconnect_delay_callback(delay)
        // Those that a server names may be of a network that is not reached from here.
        .ignore_discovered_servers()
        .skip_subject_validation(true)
        .client_capacity(WITH_CLIENT_MAX)
        // It tells before each attempt what became of the last, better than the events do, and may choose a server.
        .reconnect_to_server_callback(move |servers, _| {
            log_of_servers.failed(&servers);
            std::future::ready(None)
        })
        .event_callback(move |event| {
            heed(&event, &state, &log);
            std::future::ready(())
        });
    servers.log_in(options).connect(servers.addresses()).await
}

/// How long to wait before an attempt, counted from 1.
fn delay(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(8);
    let longest = (RECONNECT_DELAY_MIN * 2_u32.pow(doublings)).min(RECONNECT_DELAY_MAX);
    // Without chance all come at once, which is no fault.
    let chance = f64::from(getrandom::u32().unwrap_or_default()) / f64::from(u32::MAX);
    longest.mul_f64(0.5 + 0.5 * chance)
}

/// Does what follows from an event.
fn heed(event: &Event, state: &Weak<State>, log: &Log) {
    let Some(state) = state.upgrade() else { return };
    match event {
        Event::Connected => {
            log.connected();
            state.note_change();
        }
        Event::Disconnected => {
            state.forget_outgoing();
            log.trouble("the connection is lost".to_owned());
        }
        Event::SlowConsumer(_) => state.count_dropped(1),
        // The others are told of each server.
        Event::ClientError(ClientError::Other(error)) if *error == ConnectErrorKind::Dns.to_string() => {
            log.trouble("no address is found for a host".to_owned());
        }
        Event::ServerError(error) => log.trouble(error.to_string()),
        Event::ClientError(_) | Event::LameDuckMode | Event::Draining | Event::Closed => {}
    }
}

/// What is logged. The client's own words are not: each attempt would have a line.
struct Log {
    /// Without secrets.
    servers: String,
    /// Troubles that were told, and when.
    told: Mutex<HashMap<String, Instant>>,
}

impl Log {
    fn connected(&self) {
        self.told().clear();
        tracing::info!(servers = self.servers, "connected to NATS");
    }

    fn failed(&self, servers: &[Server]) {
        for server in servers {
            if let Some(error) = &server.last_error {
                self.trouble(format!("{}:{}: {error}", server.addr.host(), server.addr.port()));
            }
        }
    }

    /// Trouble is told when it is new, and then once a minute.
    fn trouble(&self, reason: String) {
        let now = Instant::now();
        let mut told = self.told();
        told.retain(|_, at| now - *at < LOG_EVERY);
        if told.len() < TOLD_MAX && !told.contains_key(&reason) {
            tracing::warn!(
                servers = self.servers,
                reason,
                "trouble with NATS; what it does not carry comes from the database, later"
            );
            told.insert(reason, now);
        }
    }

    fn told(&self) -> MutexGuard<'_, HashMap<String, Instant>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_short_and_differ() {
        for attempt in 0..1_000 {
            let delay = delay(attempt);
            assert!((Duration::from_millis(25)..=RECONNECT_DELAY_MAX).contains(&delay), "{delay:?}");
        }
        assert!(delay(1) <= RECONNECT_DELAY_MIN);
        assert!((0..10).any(|_| delay(100) != delay(100)));
    }
}
