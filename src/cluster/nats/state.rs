//! What the carrier and its tasks share.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Subject as Name;
use bytes::Bytes;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::subjects::{Echo, Subjects};
use crate::cluster::carrier::{Arrived, Subject};
use crate::cluster::queue::Queue;

/// What may wait on its way out.
const OUTGOING_MAX: usize = 65_536;
const OUTGOING_BYTES_MAX: usize = 64 << 20;

/// What may wait on its way in: that of several nodes.
const INCOMING_MAX: usize = 2 * OUTGOING_MAX;
const INCOMING_BYTES_MAX: usize = 2 * OUTGOING_BYTES_MAX;

/// How old a payload may become before it is sent.
const AGE_MAX: Duration = Duration::from_secs(2);

pub(super) struct State {
    pub(super) subjects: Subjects,
    /// Where this node hears itself.
    pub(super) echo: Name,
    outgoing: Queue<Outgoing>,
    incoming: Queue<Arrived>,
    wanted: Mutex<Wanted>,
    /// That something is wanted, or that the connection is new.
    changed: Notify,
    heard: watch::Sender<Heard>,
    dropped: AtomicU64,
}

struct Outgoing {
    subject: Subject,
    payload: Bytes,
    since: Instant,
}

/// Which shards are to be listened to.
#[derive(Default)]
struct Wanted {
    /// Each with its ticket: numbers that count up.
    shards: HashMap<i64, u64>,
    /// Those that were added or taken out since somebody looked.
    changed: HashSet<i64>,
    last_ticket: u64,
}

/// The newest echo that came back.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heard {
    /// Up to this ticket subscriptions hold.
    pub(super) ticket: u64,
    /// On which connection.
    pub(super) connects: u64,
    /// When; `None` if none came yet.
    pub(super) at: Option<Instant>,
}

/// What has changed among the shards that are wanted.
pub(super) struct Changes {
    /// Each with whether it is wanted.
    pub(super) shards: Vec<(i64, bool)>,
    /// The last ticket that was given.
    pub(super) ticket: u64,
}

impl State {
    pub(super) fn new(echo: Name, subjects: Subjects) -> Self {
        Self {
            subjects,
            echo,
            outgoing: Queue::new(OUTGOING_MAX, OUTGOING_BYTES_MAX),
            incoming: Queue::new(INCOMING_MAX, INCOMING_BYTES_MAX),
            wanted: Mutex::default(),
            changed: Notify::new(),
            heard: watch::Sender::default(),
            dropped: AtomicU64::new(0),
        }
    }

    pub(super) fn count_dropped(&self, payloads: usize) {
        self.dropped.fetch_add(payloads as u64, Ordering::Relaxed);
    }

    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Has a payload sent.
    pub(super) fn publish(&self, subject: Subject, payload: Bytes) {
        let bytes = payload.len();
        if !self.outgoing.push(Outgoing { subject, payload, since: Instant::now() }, bytes) {
            self.count_dropped(1);
        }
    }

    /// The next payload that is to be sent, of those that are not too old.
    pub(super) async fn to_send(&self) -> (Subject, Bytes) {
        loop {
            let Outgoing { subject, payload, since } = self.outgoing.pop().await;
            if since.elapsed() <= AGE_MAX {
                return (subject, payload);
            }
            self.count_dropped(1);
        }
    }

    /// Drops all that waits to be sent.
    pub(super) fn forget_outgoing(&self) {
        self.count_dropped(self.outgoing.clear());
    }

    /// Takes a payload that came.
    pub(super) fn arrived(&self, arrived: Arrived) {
        let bytes = arrived.payload.len();
        if !self.incoming.push(arrived, bytes) {
            self.count_dropped(1);
        }
    }

    /// The next payload that came.
    pub(super) async fn next(&self) -> Arrived {
        self.incoming.pop().await
    }

    /// Wants a shard, and gives its ticket.
    pub(super) fn want(&self, shard: i64) -> u64 {
        let mut wanted = self.wanted();
        if let Some(&ticket) = wanted.shards.get(&shard) {
            return ticket;
        }
        wanted.last_ticket += 1;
        let ticket = wanted.last_ticket;
        wanted.shards.insert(shard, ticket);
        wanted.changed.insert(shard);
        drop(wanted);
        self.changed.notify_one();
        ticket
    }

    pub(super) fn want_no_more(&self, shard: i64) {
        let mut wanted = self.wanted();
        if wanted.shards.remove(&shard).is_some() {
            wanted.changed.insert(shard);
            drop(wanted);
            self.changed.notify_one();
        }
    }

    /// Has whoever waits for [`changed`](Self::changed) look.
    pub(super) fn note_change(&self) {
        self.changed.notify_one();
    }

    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    pub(super) fn take_changes(&self) -> Changes {
        let mut wanted = self.wanted();
        let changed = std::mem::take(&mut wanted.changed);
        let shards = changed.into_iter().map(|shard| (shard, wanted.shards.contains_key(&shard)));
        Changes { shards: shards.collect(), ticket: wanted.last_ticket }
    }

    /// Takes an echo.
    pub(super) fn hear(&self, Echo { ticket, connects }: Echo) {
        self.heard.send_replace(Heard { ticket, connects, at: Some(Instant::now()) });
    }

    pub(super) fn heard(&self) -> watch::Receiver<Heard> {
        self.heard.subscribe()
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
