//! One of several nodes: what it stores goes out to all, and what others store goes out here.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use bytes::Bytes;
use tokio::sync::{Mutex as TurnMutex, Notify};
use tokio::time::{Duration, Instant, sleep};

use super::beginning::Beginning;
use super::carrier::{Carrier, Subject};
use super::heed::Heed;
use super::line::Lines;
use super::looks::Looks;
use super::presence::{GroupNames, Presence, PresenceOptions};
use super::wire;
use crate::hub::{self, Broadcast, Hub, Outlet, Page};
use crate::metrics::NodeCount;
use crate::model::{Group, GroupId, NodeId, Seq, UserId};
use crate::store::{Known, MessageLog, SharedLog, StoreResult};

/// Groups of one shard, as a power of two: nodes hear of all groups of a shard or of none.
const SHARD_BITS: u32 = 6;

/// Those who ask where a group's log ends take turns, by group.
const TURNS: usize = 64;

/// How long who wants to read a group waits for what is there to go out, and how often it is looked.
const CATCH_UP_TIMEOUT: Duration = Duration::from_millis(300);
const CATCH_UP_PERIOD: Duration = Duration::from_millis(5);

/// One process of several on one database. Shared by all threads.
pub struct Node {
    pub(super) id: NodeId,
    pub(super) hub: Hub,
    pub(super) log: Arc<dyn MessageLog>,
    pub(super) shared: Arc<dyn SharedLog>,
    pub(super) carrier: Arc<dyn Carrier>,
    pub(super) lines: Mutex<Lines>,
    /// Held by who hands out what the lines gave: so it goes out in that order.
    turn: TurnMutex<()>,
    beginnings: [TurnMutex<()>; TURNS],
    /// The shards that are listened to, and when somebody last wanted that.
    pub(super) shards: Mutex<HashMap<i64, Instant>>,
    pub(super) looks: Looks,
    pub(super) heed: OnceLock<Weak<dyn Heed>>,
    pub(super) presence: OnceLock<Arc<Presence>>,
    pub(super) beginning: Beginning,
    /// Something is missing.
    pub(super) behind: Notify,
    serial: AtomicI64,
    /// Entries that were read from the database since they did not come by the carrier.
    pub(super) filled: AtomicU64,
    /// Payloads that were not understood.
    pub(super) garbled: AtomicU64,
}

impl Node {
    /// A node; [`run`](Self::run) is to be spawned.
    pub fn new(
        id: NodeId,
        hub: Hub,
        log: Arc<dyn MessageLog>,
        shared: Arc<dyn SharedLog>,
        carrier: Arc<dyn Carrier>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            hub,
            log,
            shared,
            carrier,
            lines: Mutex::default(),
            turn: TurnMutex::default(),
            beginnings: std::array::from_fn(|_| TurnMutex::default()),
            shards: Mutex::default(),
            looks: Looks::default(),
            heed: OnceLock::new(),
            presence: OnceLock::new(),
            beginning: Beginning::new(),
            behind: Notify::new(),
            serial: AtomicI64::new(0),
            filled: AtomicU64::new(0),
            garbled: AtomicU64::new(0),
        })
    }

    /// Who minds what other nodes change; said once.
    pub fn set_heed(&self, heed: Weak<dyn Heed>) {
        // A second one is not needed.
        _ = self.heed.set(heed);
    }

    /// The log, as it is written together with others.
    pub fn shared(&self) -> &Arc<dyn SharedLog> {
        &self.shared
    }

    /// How far this node knows what others have changed.
    pub fn known(&self) -> Known {
        self.looks.known()
    }

    /// The number of the next batch of this node.
    pub fn next_serial(&self) -> i64 {
        self.serial.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// The group as it is now, if it is known here.
    pub fn current_group(&self, group: GroupId) -> Option<Arc<Group>> {
        self.heed.get()?.upgrade()?.current_group(group)
    }

    /// Has all that is stored in a group from now on go out to the group's sockets here, without a gap; answers up to
    /// where it has gone out already. Who wants to read the group asks this before.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn listen(&self, group: GroupId) -> StoreResult<Seq> {
        if let Some(gone) = self.lines().want(group, Instant::now()) {
            return Ok(gone);
        }
        let _turn = self.beginnings[group.0 as usize % TURNS].lock().await;
        if let Some(gone) = self.lines().want(group, Instant::now()) {
            return Ok(gone);
        }
        let shard = shard(group);
        self.shards().insert(shard, Instant::now());
        self.carrier.listen(shard).await;
        if self.lines().open(group, Instant::now()) {
            // What is remembered of it ends somewhere.
            self.hub.recent().forget(&[group]);
        }
        let heads = self.log.heads(vec![group]).await?;
        let head = heads.first().copied().unwrap_or_default();
        let _turn = self.turn.lock().await;
        let (ready, gone) = self.lines().start(group, head, Instant::now());
        self.hand_out(ready, Vec::new(), None).await;
        Ok(gone.unwrap_or(head))
    }

    /// The same, once all has gone out that is known to be there, or after 300 ms.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn catch_up(&self, group: GroupId) -> StoreResult<Seq> {
        let mut gone = self.listen(group).await?;
        let Some(head) = self.lines().head(group) else { return Ok(gone) };
        let deadline = Instant::now() + CATCH_UP_TIMEOUT;
        while gone < head && Instant::now() < deadline {
            sleep(CATCH_UP_PERIOD).await;
            gone = self.lines().want(group, Instant::now()).unwrap_or(gone);
        }
        Ok(gone)
    }

    /// Hands what this node has stored to all, and answers to the senders here. A page of a group whose log has not gone
    /// out up to there waits for that; answers do not.
    pub async fn deliver(&self, pages: Vec<Page>, acks: Vec<hub::Ack>, committed: Option<Instant>) {
        for pages in pages.chunk_by(|a, b| shard(a.frames.group) == shard(b.frames.group)) {
            let Some(first) = pages.first() else { continue };
            let subject = Subject::Shard(shard(first.frames.group));
            for payload in wire::pages(self.id, pages.iter(), self.carrier.payload_bytes_max()) {
                self.carrier.publish(subject, payload);
            }
        }
        self.take_pages(pages, acks, committed).await;
    }

    /// Hands out what is next of these pages, and keeps what is not.
    pub(super) async fn take_pages(&self, pages: Vec<Page>, acks: Vec<hub::Ack>, committed: Option<Instant>) {
        let _turn = self.turn.lock().await;
        let (ready, is_behind) = {
            let (mut lines, now) = (self.lines(), Instant::now());
            let ready: Vec<Page> = pages.into_iter().flat_map(|page| lines.offer(page, now)).collect();
            (ready, lines.is_behind())
        };
        if is_behind {
            self.behind.notify_one();
        }
        self.hand_out(ready, acks, committed).await;
    }

    /// Takes what the lines say under the turn, and hands out what is ready.
    pub(super) async fn with_lines(&self, take: impl FnOnce(&mut Lines) -> Vec<Page>) {
        let _turn = self.turn.lock().await;
        let ready = take(&mut self.lines());
        self.hand_out(ready, Vec::new(), None).await;
    }

    async fn hand_out(&self, ready: Vec<Page>, acks: Vec<hub::Ack>, committed: Option<Instant>) {
        if ready.is_empty() && acks.is_empty() {
            return;
        }
        ready.iter().for_each(|page| self.hub.recent().take(page));
        // For those alone who listen by now. In text mode who comes later, while these are on their way to a core, might
        // miss what goes out next if nobody listens then.
        let frames = ready.into_iter().filter_map(|page| {
            let (listeners, as_of) = self.hub.listeners_as_of(page.frames.group);
            (listeners.here() > 0).then(|| Broadcast { as_of, ..page.frames })
        });
        self.hub.deliver(frames.collect(), acks, committed).await;
    }

    /// How it stands.
    pub fn count(&self) -> NodeCount {
        NodeCount {
            nodes: self.looks.alive() as u64,
            is_up: self.carrier.is_up(),
            lag: self.lines().lag(),
            filled: self.filled.load(Ordering::Relaxed),
            dropped: self.carrier.dropped() + self.garbled.load(Ordering::Relaxed),
        }
    }

    /// Makes presence one over all nodes. To be said before the first socket comes.
    pub fn keep_presence(self: &Arc<Self>, announce_members_max: usize, names: Arc<dyn GroupNames>) {
        let payload_bytes_max = self.carrier.payload_bytes_max() - wire::HEAD;
        let options = PresenceOptions { announce_members_max, payload_bytes_max };
        let presence = Presence::new(self.hub.clone(), self.id, options, names);
        // A second one is not needed.
        _ = self.presence.set(presence);
        self.hub.set_outlet(Arc::<Self>::clone(self));
    }

    pub(super) fn publish(&self, subject: Subject, payload: Bytes) {
        if payload.len() <= self.carrier.payload_bytes_max() {
            self.carrier.publish(subject, payload);
        }
    }

    pub(super) fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn shards(&self) -> MutexGuard<'_, HashMap<i64, Instant>> {
        self.shards.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outlet for Node {
    fn share(&self, frames: Broadcast) {
        self.publish(Subject::Shard(shard(frames.group)), wire::broadcast(self.id, &frames));
    }

    fn notify(&self, user: UserId, frame: Bytes) {
        self.publish(Subject::All, wire::notify(self.id, user, &frame));
    }
}

/// The shard to which a group belongs.
pub(super) fn shard(group: GroupId) -> i64 {
    group.0 >> SHARD_BITS
}
