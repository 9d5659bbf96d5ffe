//! The last messages of groups, for those who were away for a moment.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use dashmap::DashMap;

use super::{Broadcast, Page};
use crate::model::{GroupId, Seq};
use crate::protocol::frame;

/// Frames kept over all groups, in bytes, unless asked otherwise.
const BYTES_MAX_DEFAULT: usize = 64 * 1024 * 1024;
/// Groups that are kept track of at a time. For more, and for those forgotten, the store is asked.
const GROUPS_MAX: usize = 200_000;

/// What is known of a group's newest messages.
#[derive(Debug, Default)]
struct Log {
    /// Where the log begins, once it is known.
    first: Option<Seq>,
    /// The highest `seq` in use, once it is known.
    head: Option<Seq>,
    /// Batches without a gap between them, oldest first, up to the head.
    batches: VecDeque<Batch>,
}

#[derive(Debug)]
struct Batch {
    first: Seq,
    last: Seq,
    json: Bytes,
}

/// The JSON frames of the newest batches of all groups that are read in JSON mode: as they were sent, so that
/// replaying them costs no encoding, and a thousand who come back at once cost no question to the store.
#[derive(Debug)]
pub struct Recent {
    logs: DashMap<GroupId, Log>,
    /// The batches over all groups in the order they came, and their size together.
    order: Mutex<(VecDeque<(GroupId, usize)>, usize)>,
    bytes_max: usize,
}

impl Default for Recent {
    fn default() -> Self {
        Self::new(BYTES_MAX_DEFAULT)
    }
}

/// What comes after a `seq`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// These, up to this `seq`. There may be more behind them.
    Frames(Bytes, Seq),
    /// Nothing.
    UpToDate,
    /// Not known here; the store knows.
    Unknown,
}

impl Recent {
    /// Keeps so many bytes of frames over all groups; the oldest of all go first.
    pub fn new(bytes_max: usize) -> Self {
        Self { logs: DashMap::new(), order: Mutex::default(), bytes_max }
    }

    /// Whether the group's messages are wanted.
    pub fn follows(&self, group: GroupId) -> bool {
        self.logs.contains_key(&group)
    }

    /// The group's highest `seq` in use, if it is followed.
    pub fn head(&self, group: GroupId) -> Option<Seq> {
        self.logs.get(&group)?.head
    }

    /// Where the group's log begins, if that is known.
    pub fn first(&self, group: GroupId) -> Option<Seq> {
        self.logs.get(&group)?.first
    }

    /// Begins to follow a group. Its head, and where its log begins, are to be read from the store after that, and
    /// [learned](Self::learn): then nothing is missed in between.
    pub fn follow(&self, group: GroupId) {
        if self.logs.len() >= GROUPS_MAX {
            self.logs.retain(|_, log| !log.batches.is_empty());
        }
        self.logs.entry(group).or_default();
    }

    /// Takes in the head of a followed group as the store knows it.
    pub fn learn(&self, group: GroupId, head: Seq) {
        if let Some(mut log) = self.logs.get_mut(&group) {
            log.head = log.head.max(Some(head));
        }
    }

    /// Takes in where the log of a followed group begins: what was before is there no more.
    pub fn begin_at(&self, group: GroupId, first: Seq) {
        let mut gone = {
            let Some(mut log) = self.logs.get_mut(&group) else { return };
            log.first = log.first.max(Some(first));
            let gone = log.batches.partition_point(|batch| batch.first < first);
            log.batches.drain(..gone);
            gone
        };
        if gone == 0 {
            return;
        }
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let (batches, bytes) = &mut *order;
        batches.retain(|(of, size)| {
            let is_gone = gone > 0 && *of == group;
            gone -= usize::from(is_gone);
            *bytes -= if is_gone { *size } else { 0 };
            !is_gone
        });
    }

    /// Takes in what is being delivered to a group.
    pub fn take(&self, page: &Page) {
        if page.rewrites {
            // What was said before is not to be said again.
            self.start_anew(page.frames.group, page.frames.last);
        } else if !page.frames.json.is_empty() {
            self.keep(&page.frames);
        }
    }

    /// Keeps a batch of a followed group.
    pub fn keep(&self, frames: &Broadcast) {
        let size = frames.json.len();
        {
            let Some(mut log) = self.logs.get_mut(&frames.group) else { return };
            log.head = Some(frames.last);
            log.batches.push_back(Batch {
                first: frames.first,
                last: frames.last,
                json: frames.json.clone(),
            });
        }
        // Never locked together with a log, so that the two cannot wait for each other.
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        order.0.push_back((frames.group, size));
        order.1 += size;
        while order.1 > self.bytes_max {
            let Some((group, size)) = order.0.pop_front() else { break };
            order.1 -= size;
            if let Some(mut log) = self.logs.get_mut(&group) {
                log.batches.pop_front();
            }
        }
    }

    /// Lets go of a group's frames: the newest entries change what those before them say. The group's head is this `seq`.
    pub fn start_anew(&self, group: GroupId, head: Seq) {
        {
            let Some(mut log) = self.logs.get_mut(&group) else { return };
            log.head = Some(head);
            log.batches.clear();
        }
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let (batches, bytes) = &mut *order;
        batches.retain(|(of, size)| {
            *bytes -= if *of == group { *size } else { 0 };
            *of != group
        });
    }

    /// Follows these groups no more.
    pub fn forget(&self, groups: &[GroupId]) {
        let with_batches = |group: &&GroupId| {
            self.logs.remove(group).is_some_and(|(_, log): (GroupId, Log)| !log.batches.is_empty())
        };
        let gone: HashSet<GroupId> = groups.iter().filter(with_batches).copied().collect();
        if gone.is_empty() {
            return;
        }
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        let (batches, bytes) = &mut *order;
        batches.retain(|(of, size)| {
            *bytes -= if gone.contains(of) { *size } else { 0 };
            !gone.contains(of)
        });
    }

    /// Lets go of all frames, since what they say is true no more. Heads stay known.
    pub fn clear(&self) {
        for mut log in self.logs.iter_mut() {
            log.batches.clear();
        }
        *self.order.lock().unwrap_or_else(PoisonError::into_inner) = (VecDeque::new(), 0);
    }

    /// What comes after `position` in the group: the rest of the batch in which the next message stands.
    pub fn after(&self, group: GroupId, position: Seq) -> Replay {
        let Some(log) = self.logs.get(&group) else { return Replay::Unknown };
        let next = position.next();
        match log.head {
            None => return Replay::Unknown,
            Some(head) if head < next => return Replay::UpToDate,
            Some(_) => {}
        }
        let index = log.batches.partition_point(|batch| batch.last < next);
        match log.batches.get(index) {
            Some(batch) if batch.first <= next => {
                let json = frame::skip(&batch.json, (next.0 - batch.first.0) as usize);
                Replay::Frames(json, batch.last)
            }
            _ => Replay::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
