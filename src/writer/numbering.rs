//! Numbering, without I/O.

use std::collections::HashMap;

use crate::model::{GroupId, Message, MessageId, NewMessage, Seq, Timestamp};

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

    /// The groups of these messages whose heads are not known, each once; to be [learned](Self::learn) before
    /// the messages are numbered.
    pub fn unknown<'a>(&mut self, messages: impl Iterator<Item = &'a NewMessage>) -> Vec<GroupId> {
        if self.heads.len() >= HEADS_MAX {
            self.heads.clear();
        }
        let mut unknown: Vec<_> = messages
            .map(|message| message.group.id)
            .filter(|group| !self.heads.contains_key(group))
            .collect();
        unknown.sort_unstable();
        unknown.dedup();
        unknown
    }

    /// Takes in the head of a group as stored.
    pub fn learn(&mut self, group: GroupId, head: Seq) {
        self.heads.insert(group, head);
    }

    /// Gives numbers to messages whose groups' heads are known, in their order. `created_at` ascends
    /// strictly, whatever the clock does.
    pub fn number(&self, messages: impl Iterator<Item = NewMessage>) -> Vec<Message> {
        let mut heads: HashMap<GroupId, Seq> = HashMap::new();
        let (mut id, mut at) = (self.last_id, self.last_at);
        messages
            .map(|message| {
                id = id.next();
                at = Timestamp(message.received_at.0.max(at.0 + 1));
                let head = heads
                    .entry(message.group.id)
                    .or_insert_with(|| self.heads.get(&message.group.id).copied().unwrap_or_default());
                *head = head.next();
                Message {
                    id,
                    seq: *head,
                    group: message.group,
                    user: message.user,
                    content: message.content,
                    client_id: message.client_id,
                    created_at: at,
                }
            })
            .collect()
    }

    /// Gives a message that has numbers others, as if it came now.
    pub fn renumber(&self, message: Message) -> Message {
        let head = self.heads.get(&message.group.id).copied().unwrap_or_default();
        let created_at = Timestamp(message.created_at.0.max(self.last_at.0 + 1));
        Message { id: self.last_id.next(), seq: head.next(), created_at, ..message }
    }

    /// These are stored: the next numbers come after them.
    pub fn advance(&mut self, stored: &[Message]) {
        for message in stored {
            self.heads.insert(message.group.id, message.seq);
        }
        if let Some(last) = stored.last() {
            self.last_id = last.id;
            self.last_at = last.created_at;
        }
    }
}

#[cfg(test)]
mod tests;
