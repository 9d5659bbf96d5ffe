//! Numbering, without I/O.

use std::collections::HashMap;

use super::ready::{Numbered, Place, Ready, ReadyKind};
use crate::model::{Change, GroupId, Message, MessageId, Seq, Timestamp};
use crate::store::{Begun, LogBatch};

/// Groups whose heads are kept in memory, but for those of one batch; above this all are forgotten and asked of
/// the store again when they come up.
const HEADS_MAX: usize = 1 << 20;

/// The numbers given so far. They move on only when a batch is stored, so a batch that fails leaves no hole.
#[derive(Debug, Default)]
pub struct Numbering {
    last_id: MessageId,
    last_at: Timestamp,
    heads: HashMap<GroupId, Seq>,
}

impl Numbering {
    /// Goes on after what is stored.
    pub fn new(last_id: MessageId, last_at: Timestamp) -> Self {
        Self { last_id, last_at, heads: HashMap::new() }
    }

    /// The groups among these whose heads are not known, each once; to be [learned](Self::learn) before anything of
    /// theirs is numbered.
    pub fn unknown(&mut self, groups: impl Iterator<Item = GroupId>) -> Vec<GroupId> {
        if self.heads.len() >= HEADS_MAX {
            self.heads.clear();
        }
        let mut unknown: Vec<_> = groups.filter(|group| !self.heads.contains_key(group)).collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Takes in the head of a group as stored.
    pub fn learn(&mut self, group: GroupId, head: Seq) {
        self.heads.insert(group, head);
    }

    /// Gives numbers to what is ready, in its order, the heads of its groups being known. `created_at` ascends
    /// strictly, whatever the clock does.
    pub fn number(&self, ready: impl Iterator<Item = Ready>) -> Numbered {
        let mut heads: HashMap<GroupId, Seq> = HashMap::new();
        let (mut id, mut at) = (self.last_id, self.last_at);
        let place = |ready: &Ready| {
            at = Timestamp(ready.received_at.0.max(at.0 + 1));
            let head = heads.entry(ready.group.id);
            let head = head.or_insert_with(|| self.heads.get(&ready.group.id).copied().unwrap_or_default());
            *head = head.next();
            (*head, at)
        };
        let next_id = || {
            id = id.next();
            id
        };
        give(ready, place, next_id)
    }

    /// These are stored: the next numbers come after them.
    pub fn advance(&mut self, stored: &LogBatch) {
        for message in &stored.messages {
            self.reach(message.group.id, message.seq, message.created_at);
        }
        for change in &stored.changes {
            self.reach(change.group.id, change.seq, change.created_at);
        }
        if let Some(last) = stored.messages.last() {
            self.last_id = last.id;
        }
    }

    fn reach(&mut self, group: GroupId, seq: Seq, at: Timestamp) {
        let head = self.heads.entry(group).or_default();
        *head = seq.max(*head);
        self.last_at = self.last_at.max(at);
    }
}

/// Gives numbers to what is ready, in its order, on from where a transaction has [begun](Begun) that has locked the heads
/// of these groups.
pub(super) fn number_on(ready: impl Iterator<Item = Ready>, groups: &[GroupId], begun: &Begun) -> Numbered {
    let mut heads: HashMap<GroupId, (Seq, Timestamp)> =
        groups.iter().copied().zip(begun.heads.iter().copied()).collect();
    let place = |ready: &Ready| {
        let (head, at) = heads.entry(ready.group.id).or_default();
        *head = head.next();
        *at = Timestamp(begun.now.0.max(at.0 + 1));
        (*head, *at)
    };
    let mut ids = begun.ids.iter().copied();
    // There are as many as there was anything to be decided.
    let next_id = || ids.next().unwrap_or_default();
    give(ready, place, next_id)
}

/// Puts what is ready into a batch, with the place in its group's log and the time that `place` gives it.
fn give(
    ready: impl Iterator<Item = Ready>,
    mut place: impl FnMut(&Ready) -> (Seq, Timestamp),
    mut next_id: impl FnMut() -> MessageId,
) -> Numbered {
    let (mut batch, mut places) = (LogBatch::default(), Vec::with_capacity(ready.size_hint().0));
    for ready in ready {
        let (seq, created_at) = place(&ready);
        let Ready { group, user, client_id, kind, .. } = ready;
        match kind {
            ReadyKind::Message { content, details } => {
                let id = next_id();
                places.push(Place::Message(batch.messages.len()));
                let message = Message { id, seq, group, user, content, client_id, created_at, details };
                batch.messages.push(message);
            }
            ReadyKind::Change(kind) => {
                places.push(Place::Change(batch.changes.len()));
                batch.changes.push(Change { seq, group, user, kind, client_id, created_at });
            }
        }
    }
    Numbered { batch, places }
}

#[cfg(test)]
mod tests;
