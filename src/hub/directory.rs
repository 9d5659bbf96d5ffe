//! What all cores share: where the listeners of a group are, and the way to them.

use std::collections::HashMap;
use std::collections::hash_map::Entry as HashEntry;
use std::sync::Arc;

use bytes::Bytes;
use dashmap::{DashMap, Entry};
use tokio::sync::mpsc;

use super::SocketId;
use crate::model::{GroupId, UserId};
use crate::protocol::Mode;

/// Events that may wait for one core. Who has one more waits; a core never does, so it always drains.
const INBOX_EVENTS_MAX: usize = 1024;

/// Finished frames for one group, in every mode that someone there reads. The buffers are shared by all who
/// get them.
#[derive(Clone, Debug)]
pub struct GroupFrames {
    /// For whom they are.
    pub group: GroupId,
    /// For those in text mode; empty if there are none.
    pub text: Bytes,
    /// For those in JSON mode; empty if there are none.
    pub json: Bytes,
}

/// What a sender gets back for one message: its credit, and bytes if there is something to say.
#[derive(Clone, Debug)]
pub struct Ack {
    /// The sender.
    pub socket: SocketId,
    /// The credit to give back, in bytes of content.
    pub bytes: usize,
    /// A finished frame for the sender alone; may be empty.
    pub frame: Bytes,
}

/// Something for one core to do.
#[derive(Debug)]
pub enum Event {
    /// Hand frames to the members of groups, in this order, then acks to senders.
    Deliver {
        /// May name groups without members on this core.
        frames: Arc<[GroupFrames]>,
        /// For senders of this core.
        acks: Vec<Ack>,
    },
    /// Close all sockets: the server stops.
    Stop,
}

/// The receiving end of a core's events.
pub type Inbox = mpsc::Receiver<Event>;

/// The directory of groups that have listeners. Cheap to clone and shared by all threads.
#[derive(Clone, Debug)]
pub struct Hub {
    groups: Arc<DashMap<GroupId, Audience>>,
    cores: Arc<[mpsc::Sender<Event>]>,
}

/// The sockets of one group.
#[derive(Debug)]
struct Audience {
    /// How many each core has.
    per_core: Box<[u32]>,
    text: u32,
    json: u32,
    /// How many each user has.
    users: HashMap<UserId, u32>,
}

/// Who listens to a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Sockets in text mode.
    pub text: u32,
    /// Sockets in JSON mode.
    pub json: u32,
}

impl Listeners {
    /// All sockets.
    pub fn total(self) -> usize {
        self.text as usize + self.json as usize
    }
}

impl Hub {
    /// A hub of so many cores, and the inbox of each.
    pub fn new(cores: usize) -> (Self, Vec<Inbox>) {
        let (senders, inboxes): (Vec<_>, Vec<_>) =
            (0..cores).map(|_| mpsc::channel(INBOX_EVENTS_MAX)).unzip();
        (Self { groups: Arc::default(), cores: senders.into() }, inboxes)
    }

    /// How many cores there are.
    pub fn cores(&self) -> usize {
        self.cores.len()
    }

    /// How many sockets listen to the group.
    pub fn listeners(&self, group: GroupId) -> Listeners {
        self.groups.get(&group).map_or_else(Listeners::default, |audience| audience.listeners())
    }

    /// The users who listen to the group, in ascending order, if they are at most `named_max`, and how many
    /// there are.
    pub fn online(&self, group: GroupId, named_max: usize) -> (usize, Option<Vec<UserId>>) {
        let Some(audience) = self.groups.get(&group) else { return (0, Some(Vec::new())) };
        let count = audience.users.len();
        let users = (count <= named_max).then(|| {
            let mut users: Vec<_> = audience.users.keys().copied().collect();
            users.sort_unstable();
            users
        });
        (count, users)
    }

    /// Hands frames to everyone in their groups, and acks to their senders. All that is ever delivered goes
    /// through here, so two batches handed over one after the other reach every socket in that order.
    ///
    /// Waits only while a core has [`INBOX_EVENTS_MAX`] events before it.
    pub async fn deliver(&self, frames: Arc<[GroupFrames]>, acks: Vec<Ack>) {
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
        for ((core, wanted), acks) in self.cores.iter().zip(wanted).zip(acks_by_core) {
            if wanted || !acks.is_empty() {
                // A core that is gone has no sockets left to deliver to.
                let _ = core.send(Event::Deliver { frames: Arc::clone(&frames), acks }).await;
            }
        }
    }

    /// Hands a line that is not stored to everyone in the group but those of one core, which has done so
    /// itself.
    pub async fn deliver_elsewhere(&self, core: u16, frames: GroupFrames) {
        let wanted: Vec<bool> = match self.groups.get(&frames.group) {
            Some(audience) => audience.per_core.iter().map(|&n| n > 0).collect(),
            None => return,
        };
        let frames: Arc<[GroupFrames]> = [frames].into();
        for (index, sender) in self.cores.iter().enumerate() {
            if wanted[index] && index != usize::from(core) {
                let _ = sender.send(Event::Deliver { frames: Arc::clone(&frames), acks: Vec::new() }).await;
            }
        }
    }

    /// Closes all sockets.
    pub async fn stop(&self) {
        for core in self.cores.iter() {
            let _ = core.send(Event::Stop).await;
        }
    }

    /// Counts a socket in; answers how many listen then.
    pub(super) fn enter(&self, core: u16, group: GroupId, user: UserId, mode: Mode) -> Listeners {
        let mut audience = self.groups.entry(group).or_insert_with(|| Audience {
            per_core: vec![0; self.cores.len()].into(),
            text: 0,
            json: 0,
            users: HashMap::new(),
        });
        audience.per_core[usize::from(core)] += 1;
        *audience.of_mode(mode) += 1;
        *audience.users.entry(user).or_default() += 1;
        audience.listeners()
    }

    /// Counts a socket out; answers how many listen then.
    pub(super) fn leave(&self, core: u16, group: GroupId, user: UserId, mode: Mode) -> Listeners {
        let Entry::Occupied(mut entry) = self.groups.entry(group) else { return Listeners::default() };
        let audience = entry.get_mut();
        let on_core = &mut audience.per_core[usize::from(core)];
        *on_core = on_core.saturating_sub(1);
        let of_mode = audience.of_mode(mode);
        *of_mode = of_mode.saturating_sub(1);
        if let HashEntry::Occupied(mut sockets) = audience.users.entry(user) {
            *sockets.get_mut() -= 1;
            if *sockets.get() == 0 {
                sockets.remove();
            }
        }
        let listeners = audience.listeners();
        if listeners.total() == 0 {
            entry.remove();
        }
        listeners
    }
}

impl Audience {
    fn listeners(&self) -> Listeners {
        Listeners { text: self.text, json: self.json }
    }

    fn of_mode(&mut self, mode: Mode) -> &mut u32 {
        match mode {
            Mode::Text => &mut self.text,
            Mode::Json => &mut self.json,
        }
    }
}
