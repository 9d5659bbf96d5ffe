//! What all cores share: where the listeners of a group are, and the way to them.

mod attendance;
mod beyond;
mod online;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use dashmap::DashMap;
use futures_util::future::join_all;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use self::attendance::Attendance;
pub use self::attendance::{Arrival, Departure};
use self::beyond::Beyond;
pub use self::beyond::{Seen, Vanished};
use super::delivery_clock::DeliveryClock;
use super::event::{Ack, Event, Inbox};
use super::{Broadcast, Recent, SocketId, Twins};
use crate::metrics::{CoreCount, Metrics};
use crate::model::{GroupId, Removal, UserId};
use crate::protocol::{CloseCode, Mode};

/// Events that may wait for one core. Who has one more waits; a core never does, so it always drains.
const INBOX_EVENTS_MAX: usize = 1024;

/// How long a core may take to say how it stands.
const COUNT_TIMEOUT: Duration = Duration::from_secs(1);

/// The directory of groups that have listeners. Cheap to clone and shared by all threads.
#[derive(Clone, Debug)]
pub struct Hub {
    groups: Arc<DashMap<GroupId, Audience>>,
    /// Audiences so far.
    audiences: Arc<AtomicU64>,
    recent: Arc<Recent>,
    cores: Arc<[mpsc::Sender<Event>]>,
    metrics: Arc<Metrics>,
    beyond: Arc<Beyond>,
    /// Whether sockets may have agreed on compression.
    deflates: bool,
}

/// The sockets of one group.
#[derive(Debug)]
struct Audience {
    /// How many each core has.
    per_core: Box<[u32]>,
    text: u32,
    json: u32,
    /// Sockets that other nodes have.
    remote: u32,
    users: HashMap<UserId, Attendance>,
    /// Counts the sockets that came, on from above all numbers of those that listened to this group before: what is on
    /// its way to these may come when they are gone.
    arrivals: u64,
    /// Users with at least one socket, here or on another node.
    online: usize,
    /// Whether somebody is going to tell how many are online.
    count_is_due: bool,
    /// Who was passed on as typing, within the last pause between two such events.
    typing: HashMap<UserId, Instant>,
}

/// Who listens to a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Sockets in text mode.
    pub text: u32,
    /// Sockets in JSON mode.
    pub json: u32,
    /// Sockets in either mode that other nodes have.
    pub remote: u32,
}

impl Listeners {
    /// All sockets, on all nodes.
    pub fn total(self) -> usize {
        self.here() + self.remote as usize
    }

    /// Those of this node.
    pub fn here(self) -> usize {
        self.text as usize + self.json as usize
    }
}

impl Hub {
    /// A hub of so many cores, and the inbox of each.
    pub fn new(cores: usize) -> (Self, Vec<Inbox>) {
        Self::with_recent(cores, Recent::default())
    }

    /// The same, over this memory of recent messages.
    pub fn with_recent(cores: usize, recent: Recent) -> (Self, Vec<Inbox>) {
        let (senders, inboxes): (Vec<_>, Vec<_>) =
            (0..cores).map(|_| mpsc::channel(INBOX_EVENTS_MAX)).unzip();
        let (recent, metrics) = (Arc::new(recent), Arc::default());
        let (groups, audiences, beyond) = Default::default();
        let cores = senders.into();
        (Self { groups, audiences, recent, cores, metrics, beyond, deflates: false }, inboxes)
    }

    /// The same, with frames compressed for sockets that have agreed on it, if it `deflates`.
    pub fn deflating(self, deflates: bool) -> Self {
        Self { deflates, ..self }
    }

    /// Lets frames be compressed by the first who wants that, for all.
    pub fn prepare(&self, frames: &mut Broadcast) {
        if self.deflates && frames.twins.is_empty() {
            frames.twins = Twins::wanted();
        }
    }

    /// The last messages of groups that are read in JSON mode.
    pub fn recent(&self) -> &Recent {
        &self.recent
    }

    /// What this server counts.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// How each core stands; `None` for one that does not say within a second.
    pub async fn counts(&self) -> Vec<Option<CoreCount>> {
        let counts = self.cores.iter().map(|core| async {
            let (answer, count) = oneshot::channel();
            let asked = async {
                core.send(Event::Count(answer)).await.ok()?;
                count.await.ok()
            };
            timeout(COUNT_TIMEOUT, asked).await.ok().flatten()
        });
        join_all(counts).await
    }

    /// Nobody yet.
    fn new_audience(&self) -> Audience {
        // No audience has so many arrivals.
        let arrivals = self.audiences.fetch_add(1, Ordering::Relaxed) << 32;
        Audience::new(self.cores.len(), arrivals)
    }

    /// How many cores there are.
    pub fn cores(&self) -> usize {
        self.cores.len()
    }

    /// How many sockets listen to the group.
    pub fn listeners(&self, group: GroupId) -> Listeners {
        self.groups.get(&group).map_or_else(Listeners::default, |audience| audience.listeners())
    }

    /// The same, and the number of the last arrival that is counted: who comes later has not been waited for.
    pub fn listeners_as_of(&self, group: GroupId) -> (Listeners, u64) {
        let audience = self.groups.get(&group);
        audience.map_or_else(Default::default, |audience| (audience.listeners(), audience.arrivals))
    }

    /// Hands frames to everyone in their groups, and acks to their senders. Two batches handed over one after
    /// the other reach every socket in that order.
    ///
    /// Waits only while a core has 1,024 events before it. If it is known when they were `committed`, it is measured how
    /// long they take to the last socket.
    pub async fn deliver(
        &self,
        mut frames: Vec<Broadcast>,
        acks: Vec<Ack>,
        committed: Option<tokio::time::Instant>,
    ) {
        frames.iter_mut().for_each(|frames| self.prepare(frames));
        let frames: Arc<[Broadcast]> = frames.into();
        let mut wanted = vec![false; self.cores.len()];
        for group in frames.iter().map(|frames| frames.group) {
            if let Some(audience) = self.groups.get(&group) {
                wanted.iter_mut().zip(&audience.per_core).for_each(|(wanted, &n)| *wanted |= n > 0);
            }
        }
        let mut acks_by_core = vec![Vec::new(); self.cores.len()];
        for ack in acks {
            if let Some(acks) = acks_by_core.get_mut(usize::from(ack.socket.core)) {
                acks.push(ack);
            }
        }
        let is_heard = wanted.contains(&true);
        let clock =
            committed.filter(|_| is_heard).map(|since| DeliveryClock::new(since, Arc::clone(&self.metrics)));
        // Who knows that a message is stored may go, and is to be seen to go after it: the frames are on their way to
        // every core before any sender is answered. The last core with senders gets both at once.
        let last_answered = acks_by_core.iter().rposition(|acks| !acks.is_empty());
        let is_last = |core| Some(core) == last_answered;
        for (core, _) in wanted.iter().enumerate().filter(|&(core, &wanted)| wanted && !is_last(core)) {
            let (frames, clock) = (Arc::clone(&frames), clock.clone());
            self.send(core, Event::Deliver { frames, acks: Vec::new(), clock }).await;
        }
        for (core, acks) in acks_by_core.into_iter().enumerate().rev().filter(|(_, acks)| !acks.is_empty()) {
            let (frames, clock) = match is_last(core) {
                true => (Arc::clone(&frames), clock.clone()),
                false => (Arc::default(), None),
            };
            self.send(core, Event::Deliver { frames, acks, clock }).await;
        }
    }

    async fn send(&self, core: usize, event: Event) {
        if let Some(core) = self.cores.get(core) {
            // A core that is gone has no sockets left to deliver to.
            let _ = core.send(event).await;
        }
    }

    /// The cores that have sockets in the group at this moment.
    pub fn cores_of(&self, group: GroupId) -> Vec<u16> {
        let Some(audience) = self.groups.get(&group) else { return Vec::new() };
        let counts = audience.per_core.iter().enumerate();
        counts.filter(|&(_, &n)| n > 0).map(|(index, _)| index as u16).collect()
    }

    /// The same but for this core.
    pub fn elsewhere(&self, core: u16, group: GroupId) -> Vec<u16> {
        let mut cores = self.cores_of(group);
        cores.retain(|&other| other != core);
        cores
    }

    /// Hands frames to the group's sockets on these cores: what is not stored and has no place among batches,
    /// such as comings and goings.
    ///
    /// Waits only while a core has 1,024 events before it.
    pub async fn deliver_to(&self, cores: Vec<u16>, mut frames: Broadcast) {
        if cores.is_empty() {
            return;
        }
        self.prepare(&mut frames);
        let frames: Arc<[Broadcast]> = [frames].into();
        for core in cores {
            let event = Event::Deliver { frames: Arc::clone(&frames), acks: Vec::new(), clock: None };
            self.send(usize::from(core), event).await;
        }
    }

    /// Hands a frame of what is not stored to all of a user's sockets on this node in JSON mode, whatever groups they read.
    ///
    /// Waits only while a core has 1,024 events before it.
    pub async fn notify_here(&self, user: UserId, frame: Bytes) {
        for core in 0..self.cores.len() {
            self.send(core, Event::Notify { user, frame: frame.clone() }).await;
        }
    }

    /// Takes a user, or all users, out of the group's readers: nothing more of the group is handed to their sockets, and
    /// the sockets' tasks are told. Answers when every core that has some of them knows.
    pub async fn remove(&self, group: GroupId, user: Option<UserId>, removal: Removal) {
        for core in self.cores_of(group) {
            self.send(usize::from(core), Event::Remove { group, user, removal }).await;
        }
    }

    /// Closes these sockets, as far as they are open.
    pub async fn close_sockets(&self, sockets: Vec<SocketId>, code: CloseCode, reason: &'static str) {
        let sockets: Arc<[SocketId]> = sockets.into();
        for core in 0..self.cores.len() {
            if sockets.iter().any(|socket| usize::from(socket.core) == core) {
                self.send(core, Event::Close { sockets: Arc::clone(&sockets), code, reason }).await;
            }
        }
    }

    /// Closes all sockets.
    pub async fn stop(&self) {
        for core in self.cores.iter() {
            let _ = core.send(Event::Stop).await;
        }
    }

    /// Whether the user's typing is to be passed on: at most once in `pause`. To a group without listeners
    /// nothing is.
    pub fn may_type(&self, group: GroupId, user: UserId, now: Instant, pause: Duration) -> bool {
        let Some(mut audience) = self.groups.get_mut(&group) else { return false };
        let is_recent = |since: &Instant| now < *since + pause;
        if audience.typing.get(&user).is_some_and(is_recent) {
            return false;
        }
        audience.typing.retain(|_, since| is_recent(since));
        audience.typing.insert(user, now);
        true
    }
}

impl Audience {
    /// Nobody yet, on any of so many cores.
    fn new(cores: usize, arrivals: u64) -> Self {
        Self {
            per_core: vec![0; cores].into(),
            text: 0,
            json: 0,
            remote: 0,
            users: HashMap::new(),
            arrivals,
            online: 0,
            count_is_due: false,
            typing: HashMap::new(),
        }
    }

    fn listeners(&self) -> Listeners {
        Listeners { text: self.text, json: self.json, remote: self.remote }
    }

    fn of_mode(&mut self, mode: Mode) -> &mut u32 {
        match mode {
            Mode::Text => &mut self.text,
            Mode::Json => &mut self.json,
        }
    }
}

#[cfg(test)]
mod tests;
