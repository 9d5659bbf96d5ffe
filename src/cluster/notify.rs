//! LISTEN and NOTIFY of the database as a carrier.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::carrier::{Arrived, Carrier, Subject};
use super::queue::Queue;
use crate::store::Notifications;

/// The longest text, in bytes: <https://www.postgresql.org/docs/current/sql-notify.html> has it below 8,000.
const TEXT_BYTES_MAX: usize = 7_900;

/// The subject before a payload: a sign, 19 digits and the colon.
const SUBJECT_BYTES_MAX: usize = 21;

/// Four characters stand for three bytes (RFC 4648 section 4).
const PAYLOAD_BYTES_MAX: usize = (TEXT_BYTES_MAX - SUBJECT_BYTES_MAX) / 4 * 3;

/// What is handed to the database at once.
const BATCH_MAX: usize = 100;

/// How long the first of a batch waits for others.
const COLLECT_FOR: Duration = Duration::from_millis(1);

/// How old a payload may become before it is handed over.
const AGE_MAX: Duration = Duration::from_secs(2);

/// What may wait, either way.
const WAITING_MAX: usize = 16_384;
const WAITING_BYTES_MAX: usize = 32 << 20;

/// Carries through the database, for a few nodes: each hears all that is published, for whatever shard, and drops what it
/// does not listen to. At most 16,384 payloads, or 32 MiB of them, wait on either way, and none for longer than 2 s on
/// its way out.
pub struct NotifyCarrier {
    state: Arc<State>,
    /// End with it.
    _tasks: [AbortOnDropHandle<()>; 2],
}

struct State {
    notifications: Arc<dyn Notifications>,
    outgoing: Queue<Outgoing>,
    incoming: Queue<Arrived>,
    shards: RwLock<HashSet<i64>>,
    dropped: AtomicU64,
}

struct Outgoing {
    text: String,
    since: Instant,
}

impl NotifyCarrier {
    /// One over these notifications. It lives on the runtime that this is called on, which needs time.
    pub fn start(notifications: Arc<dyn Notifications>) -> Arc<dyn Carrier> {
        let state = Arc::new(State {
            notifications,
            outgoing: Queue::new(WAITING_MAX, WAITING_BYTES_MAX),
            incoming: Queue::new(WAITING_MAX, WAITING_BYTES_MAX),
            shards: RwLock::default(),
            dropped: AtomicU64::new(0),
        });
        let tasks = [tokio::spawn(send(Arc::clone(&state))), tokio::spawn(receive(Arc::clone(&state)))];
        Arc::new(Self { state, _tasks: tasks.map(AbortOnDropHandle::new) })
    }
}

impl Carrier for NotifyCarrier {
    fn publish(&self, subject: Subject, payload: Bytes) {
        let state = &self.state;
        if !state.notifications.is_up() || payload.len() > PAYLOAD_BYTES_MAX {
            return state.count_dropped(1);
        }
        let text = to_text(subject, &payload);
        let bytes = text.len();
        if !state.outgoing.push(Outgoing { text, since: Instant::now() }, bytes) {
            state.count_dropped(1);
        }
    }

    fn listen(&self, shard: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            self.state.shards.write().unwrap_or_else(PoisonError::into_inner).insert(shard);
        })
    }

    fn unlisten(&self, shard: i64) {
        self.state.shards.write().unwrap_or_else(PoisonError::into_inner).remove(&shard);
    }

    fn next(&self) -> BoxFuture<'_, Arrived> {
        Box::pin(self.state.incoming.pop())
    }

    fn is_up(&self) -> bool {
        self.state.notifications.is_up()
    }

    fn payload_bytes_max(&self) -> usize {
        PAYLOAD_BYTES_MAX
    }

    fn dropped(&self) -> u64 {
        self.state.dropped.load(Ordering::Relaxed)
    }
}

impl State {
    fn count_dropped(&self, payloads: usize) {
        self.dropped.fetch_add(payloads as u64, Ordering::Relaxed);
    }

    fn listens_to(&self, subject: Subject) -> bool {
        match subject {
            Subject::All => true,
            Subject::Shard(shard) => {
                self.shards.read().unwrap_or_else(PoisonError::into_inner).contains(&shard)
            }
        }
    }

    /// The texts that come within a short time after the first, but those that are too old.
    async fn batch(&self) -> Vec<String> {
        let mut texts = vec![self.to_send().await];
        let until = Instant::now() + COLLECT_FOR;
        while texts.len() < BATCH_MAX {
            let Ok(text) = timeout_at(until, self.to_send()).await else { break };
            texts.push(text);
        }
        texts
    }

    async fn to_send(&self) -> String {
        loop {
            let Outgoing { text, since } = self.outgoing.pop().await;
            if since.elapsed() <= AGE_MAX {
                return text;
            }
            self.count_dropped(1);
        }
    }
}

/// Hands over batch after batch, for ever.
async fn send(state: Arc<State>) {
    loop {
        let texts = state.batch().await;
        let count = texts.len();
        if let Err(error) = state.notifications.notify(texts).await {
            tracing::debug!(%error, count, "the database did not take what is for other nodes");
            state.count_dropped(count);
        }
    }
}

/// Takes what comes, for ever. What is no text of ours is passed over: others may use the same channel.
async fn receive(state: Arc<State>) {
    loop {
        let text = state.notifications.next().await;
        let Some((subject, payload)) = parts(&text).filter(|(subject, _)| state.listens_to(*subject)) else {
            continue;
        };
        let Ok(payload) = STANDARD_NO_PAD.decode(payload) else { continue };
        let bytes = payload.len();
        if !state.incoming.push(Arrived { subject, payload: payload.into() }, bytes) {
            state.count_dropped(1);
        }
    }
}

/// The shard, or a star for all, a colon, and the payload in base64.
pub(super) fn to_text(subject: Subject, payload: &[u8]) -> String {
    let mut text = match subject {
        Subject::All => "*:".to_owned(),
        Subject::Shard(shard) => format!("{shard}:"),
    };
    STANDARD_NO_PAD.encode_string(payload, &mut text);
    text
}

/// For whom it is, and the payload as it is written.
pub(super) fn parts(text: &str) -> Option<(Subject, &str)> {
    let (subject, payload) = text.split_once(':')?;
    let subject = match subject {
        "*" => Subject::All,
        shard => Subject::Shard(shard.parse().ok()?),
    };
    Some((subject, payload))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_payload_fits_into_a_text() {
        let payload = [0xff; PAYLOAD_BYTES_MAX];
        for subject in [Subject::All, Subject::Shard(i64::MIN), Subject::Shard(i64::MAX)] {
            let text = to_text(subject, &payload);
            assert!(text.len() <= TEXT_BYTES_MAX);
            let (for_whom, written) = parts(&text).unwrap();
            assert_eq!((for_whom, STANDARD_NO_PAD.decode(written).unwrap()), (subject, payload.to_vec()));
        }
        const { assert!(PAYLOAD_BYTES_MAX >= 4_096) };
        for text in ["", "1", "x:AAAA", ":AAAA"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
