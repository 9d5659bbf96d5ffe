//! Numbering, without I/O.

use std::collections::HashMap;

use super::ready::{Numbered, Place, Ready, ReadyKind};
use crate::model::{Change, GroupId, Message, MessageId, Seq, Timestamp};
use crate::store::LogBatch;

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
        let (mut batch, mut places) = (LogBatch::default(), Vec::with_capacity(ready.size_hint().0));
        for Ready { group, user, client_id, received_at, kind } in ready {
            at = Timestamp(received_at.0.max(at.0 + 1));
            let head = heads.entry(group.id);
            let head = head.or_insert_with(|| self.heads.get(&group.id).copied().unwrap_or_default());
            *head = head.next();
            let (seq, created_at) = (*head, at);
            match kind {
                ReadyKind::Message { content, details } => {
                    id = id.next();
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

#[cfg(test)]
mod tests;
