//! NATS as a carrier: <https://docs.nats.io/reference/reference-protocols/nats-protocol>.

mod connection;
mod sender;
mod state;
mod subjects;
mod subscriptions;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_nats::connection::State as ConnectionState;
use async_nats::{Client, Statistics};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::carrier::{Arrived, Carrier, Subject};
use super::nats_servers::NatsServers;
use state::State;
use subjects::Subjects;

/// How long [`Carrier::listen`] waits for the server's word.
const LISTEN_TIMEOUT: Duration = Duration::from_millis(500);

/// How old the server's last word may be while it counts as there.
const SILENCE_MAX: Duration = Duration::from_secs(2);

/// The largest payload, in bytes, whatever more the server allows: a few of them fit into the queues.
const PAYLOAD_BYTES_MAX: usize = 8 << 20;

/// The smallest that a carrier may have. A server that allows less than that takes the small ones.
const PAYLOAD_BYTES_MIN: usize = 4096;

/// Carries over NATS. What is published reaches the nodes that are connected then, and nothing is sent late: what waits
/// for a server that is away is dropped when the connection is lost, or when it is 2 s old. At most 64 MiB or 65,536
/// payloads wait on their way out, and twice as many on their way in.
pub struct NatsCarrier {
    link: Link,
    state: Arc<State>,
    /// End with it.
    _tasks: [AbortOnDropHandle<()>; 2],
}

/// The connection as it is at the moment.
#[derive(Clone)]
struct Link {
    client: Client,
    statistics: Arc<Statistics>,
}

/// Why there is no carrier.
#[derive(Debug, thiserror::Error)]
pub enum NatsCarrierError {
    /// The name of the database is to be a part of subjects: 1 to 64 letters, digits, `-` and `_`.
    #[error("this cannot be a part of a NATS subject")]
    Database,
    /// The system gives no random numbers.
    #[error("no random numbers: {0}")]
    Random(#[from] getrandom::Error),
    /// The client does not begin. Never shows a secret.
    #[error("NATS: {0}")]
    Client(String),
}

impl NatsCarrier {
    /// One for the nodes that give the same `database`, of 1 to 64 letters, digits, `-` and `_`. It need not reach a
    /// server yet, and never stops trying to. It lives on the runtime that this is called on, which needs I/O and time.
    ///
    /// # Errors
    /// [`NatsCarrierError`]; that there is no server is none.
    pub async fn start(servers: &NatsServers, database: &str) -> Result<Arc<dyn Carrier>, NatsCarrierError> {
        let subjects = Subjects::new(database).ok_or(NatsCarrierError::Database)?;
        let state = Arc::new(State::new(subjects.own_echo()?, subjects));
        let client = connection::open(servers, &state)
            .await
            .map_err(|error| NatsCarrierError::Client(error.kind().to_string()))?;
        let link = Link { statistics: client.statistics(), client };
        let tasks = [
            tokio::spawn(subscriptions::keep(link.clone(), Arc::clone(&state))),
            tokio::spawn(sender::send(link.client.clone(), Arc::clone(&state))),
        ];
        Ok(Arc::new(Self { link, state, _tasks: tasks.map(AbortOnDropHandle::new) }))
    }
}

impl Link {
    fn is_connected(&self) -> bool {
        self.client.connection_state() == ConnectionState::Connected
    }

    /// Counts the connections: what was said on an earlier one may be lost.
    fn connects(&self) -> u64 {
        self.statistics.connects.load(Ordering::Relaxed)
    }
}

impl Carrier for NatsCarrier {
    fn publish(&self, subject: Subject, payload: Bytes) {
        if !self.link.is_connected() || payload.len() > self.payload_bytes_max() {
            self.state.count_dropped(1);
        } else {
            self.state.publish(subject, payload);
        }
    }

    fn listen(&self, shard: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let ticket = self.state.want(shard);
            if !self.link.is_connected() {
                return;
            }
            let mut heard = self.state.heard();
            let is_heard =
                heard.wait_for(|heard| heard.ticket >= ticket && heard.connects == self.link.connects());
            // Who is not told in time finds what is missing elsewhere; the subscription is made as soon as it can be.
            let _ = timeout(LISTEN_TIMEOUT, is_heard).await;
        })
    }

    fn unlisten(&self, shard: i64) {
        self.state.want_no_more(shard);
    }

    fn next(&self) -> BoxFuture<'_, Arrived> {
        Box::pin(self.state.next())
    }

    fn is_up(&self) -> bool {
        let heard = *self.state.heard().borrow();
        self.link.is_connected()
            && heard.connects == self.link.connects()
            && heard.at.is_some_and(|at| at.elapsed() < SILENCE_MAX)
    }

    fn payload_bytes_max(&self) -> usize {
        // Headers would count against what the server allows, but there are none.
        self.link.client.max_payload().clamp(PAYLOAD_BYTES_MIN, PAYLOAD_BYTES_MAX)
    }

    fn dropped(&self) -> u64 {
        self.state.dropped()
    }
}
