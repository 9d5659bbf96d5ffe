//! Who is online, over all nodes.
//!
//! Each node is the truth for its own sockets, and says what changes there. The others keep what they hear in the hub, so
//! that a user is online with a socket on any node, and each tells its own sockets who joined and who left. What is lost
//! on the way shows in the next [`digest`](DIGEST_PERIOD): presence is right again within 6 s of payloads arriving again,
//! and what joined and left in between is told then.
//!
//! A node that is killed is known by the database to be dead, and missed by its digests, 10 s later; its users have the
//! same time to come back elsewhere as if they had gone by themselves. A node that has no way to others is not taken for
//! dead. One that was, and is heard again, is asked for all that it has.

mod announcer;
mod entry;
#[cfg(feature = "fuzzing")]
pub(super) mod fuzzing;
mod other;
mod others;
mod own;
mod wire;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use self::announcer::{Announcer, Next};
use self::other::Step;
use self::others::{DIGEST_PERIOD, Heard, Others};
use self::own::Own;
use self::wire::{Payload, Said};
use crate::hub::{Hub, Roll};
use crate::model::{GroupId, NodeId};

/// How often it is looked who is dead, and who is to be asked once more.
const LOOK_PERIOD: Duration = Duration::from_millis(500);
/// Announcements that may wait before nothing more is taken in. What one payload brings may come on top.
const WAITING_MAX: usize = 4_096;
/// The largest payload, in bytes, whatever a carrier takes.
const PAYLOAD_BYTES_MAX: usize = 512 * 1024;

/// Names of groups.
pub trait GroupNames: Send + Sync + 'static {
    /// The name of a group as it is now; `None` if there is no such group, or nobody can be asked. Only groups that
    /// sockets of this node read are asked for.
    fn group_name(&self, group: GroupId) -> BoxFuture<'_, Option<Arc<str>>>;
}

/// What can be set.
#[derive(Clone, Copy, Debug)]
pub struct PresenceOptions {
    /// Members up to which each coming and going in a group is announced.
    pub announce_members_max: usize,
    /// The largest payload that can be published, in bytes; at least 4,096. More than 512 KiB is not used.
    pub payload_bytes_max: usize,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceCounts {
    /// Other nodes that are known.
    pub nodes: usize,
    /// Users whom they have sockets of, counted once for each group and node.
    pub remote_users: usize,
    /// Payloads so far that were none.
    pub malformed: u64,
    /// Nodes so far that were asked for all that they have.
    pub asked: u64,
    /// Nodes so far that were found dead.
    pub dead: u64,
}

/// The presence of one node among others. It is handed what comes from others and hands out what they are to get.
pub struct Presence {
    node: NodeId,
    hub: Hub,
    roll: Arc<Roll>,
    names: Arc<dyn GroupNames>,
    state: Mutex<State>,
    /// Something is to be said to others.
    to_say: Notify,
    /// Something is to be told here.
    to_tell: Notify,
    /// Something was told.
    room: Notify,
}

struct State {
    own: Own,
    others: Others,
    announcer: Announcer,
    counts: PresenceCounts,
}

impl State {
    fn step(&mut self, hub: &Hub, steps: Vec<Step>, are_lost: bool, now: Instant) {
        for step in steps {
            self.announcer.step(hub, step, are_lost, now);
        }
    }
}

impl Presence {
    /// A node that knows of no others. To be made before the first socket comes; [`run`](Self::run) must be spawned.
    pub fn new(hub: Hub, node: NodeId, options: PresenceOptions, names: Arc<dyn GroupNames>) -> Arc<Self> {
        let (roll, now) = (hub.keep_roll(), Instant::now());
        let bytes = options.payload_bytes_max.min(PAYLOAD_BYTES_MAX);
        let state = State {
            own: Own::new(node, Arc::clone(&roll), bytes, DIGEST_PERIOD, now),
            others: Others::default(),
            announcer: Announcer::new(options.announce_members_max),
            counts: PresenceCounts::default(),
        };
        let (to_say, to_tell, room) = Default::default();
        Arc::new(Self { node, hub, roll, names, state: Mutex::new(state), to_say, to_tell, room })
    }

    /// Takes in a payload that some node has published, this one too. One that is malformed, doubled or late does no harm.
    ///
    /// Waits while more than 4,096 announcements have not been handed to this node's cores.
    pub async fn take(&self, payload: Bytes) {
        let payload = match Payload::decode(&payload) {
            Ok(payload) if payload.node == self.node => return,
            Ok(payload) => payload,
            Err(error) => {
                tracing::debug!(%error, "a payload about presence is malformed");
                self.state().counts.malformed += 1;
                return;
            }
        };
        while self.state().announcer.waiting() >= WAITING_MAX {
            self.room.notified().await;
        }
        let (mut state, mut steps, now) = (self.state(), Vec::new(), Instant::now());
        if payload.said == (Said::Ask { of: self.node }) {
            state.own.asked(now);
        }
        let Heard { is_new, is_lost } = state.others.take(payload.node, payload.said, now, &mut steps);
        if is_new {
            state.own.greet(now);
        }
        state.step(&self.hub, steps, is_lost, now);
        drop(state);
        self.to_say.notify_one();
        self.to_tell.notify_one();
    }

    /// Which nodes have shown in the database that they live: [`News::alive`](crate::store::News::alive). To be called
    /// each time that the database has said so, at least once a second. Until the first time nobody is taken for dead.
    pub fn alive(&self, nodes: &[NodeId]) {
        self.state().others.set_alive(nodes);
    }

    /// Says what is to be said, and tells this node's sockets what they are to know. Runs until it is dropped.
    /// What `publish` is given is for all other nodes, in its order; some may be lost.
    pub async fn run(&self, publish: impl Fn(Bytes)) {
        tokio::select! {
            () = self.say(publish) => {}
            () = self.tell() => {}
        }
    }

    async fn say(&self, publish: impl Fn(Bytes)) {
        loop {
            let (payloads, due) = self.payloads(Instant::now());
            payloads.into_iter().for_each(&publish);
            tokio::select! {
                () = sleep_until(due) => {}
                () = self.to_say.notified() => {}
                () = self.roll.changed() => {}
            }
        }
    }

    /// What is to be said now, and when to look again.
    fn payloads(&self, now: Instant) -> (Vec<Bytes>, Instant) {
        let (mut state, mut steps) = (self.state(), Vec::new());
        state.counts.dead += state.others.bury(now, &mut steps) as u64;
        if !steps.is_empty() {
            state.step(&self.hub, steps, true, now);
            self.to_tell.notify_one();
        }
        let mut payloads = state.own.speak(now);
        for node in state.others.asks(now) {
            state.counts.asked += 1;
            payloads.extend(state.own.question(node));
        }
        let look = now + LOOK_PERIOD;
        (payloads, state.own.due().map_or(look, |due| due.min(look)))
    }

    async fn tell(&self) {
        loop {
            let next = self.state().announcer.next(&self.hub, Instant::now());
            match next {
                Next::Tell(announcement) => {
                    announcement.tell(&self.hub, &*self.names).await;
                    self.room.notify_one();
                }
                Next::Wait(Some(due)) => tokio::select! {
                    () = sleep_until(due) => {}
                    () = self.to_tell.notified() => {}
                },
                Next::Wait(None) => self.to_tell.notified().await,
            }
        }
    }

    /// Ends it: what the others are to be told before this node closes its sockets, in this order. From then on the hub
    /// shares nothing, [`run`](Self::run) says nothing more, and the others speak for the sockets that are lost.
    pub fn goodbye(&self) -> Vec<Bytes> {
        self.hub.close_outlet();
        self.state().own.end()
    }

    /// Says at once what all that was said comes to, so that those who have missed something ask. For when payloads arrive
    /// again.
    pub fn greet(&self) {
        self.state().own.greet(Instant::now());
        self.to_say.notify_one();
    }

    /// Whether all is known that the nodes have that live: false for a moment after the start, and while something that
    /// was lost on its way is being asked for.
    pub fn is_whole(&self) -> bool {
        self.state().others.are_whole(self.node)
    }

    /// What is counted.
    pub fn counts(&self) -> PresenceCounts {
        let state = self.state();
        let (nodes, remote_users) = (state.others.count(), state.others.places());
        PresenceCounts { nodes, remote_users, ..state.counts }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
