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
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{Group, User, UserId};

    fn message(group: i64, at: i64) -> NewMessage {
        NewMessage {
            group: Arc::new(Group { id: GroupId(group), name: "g".into(), is_private: false }),
            user: Arc::new(User { id: UserId(1), username: "u".into(), email: "u@e.org".into() }),
            content: "".into(),
            client_id: None,
            received_at: Timestamp(at),
        }
    }

    fn numbers(messages: &[Message]) -> Vec<(i64, i64, i64, i64)> {
        messages.iter().map(|m| (m.id.0, m.group.id.0, m.seq.0, m.created_at.0)).collect()
    }

    #[test]
    fn each_group_counts_on_its_own_and_time_ascends() {
        let mut numbering = Numbering::new(MessageId(10), Timestamp(100));
        let batch = [message(1, 50), message(2, 200), message(1, 200)];
        assert_eq!(numbering.unknown(batch.iter()), [GroupId(1), GroupId(2)]);
        numbering.learn(GroupId(1), Seq(7));
        numbering.learn(GroupId(2), Seq(0));
        let numbered = numbering.number(batch.into_iter());
        assert_eq!(numbers(&numbered), [(11, 1, 8, 101), (12, 2, 1, 200), (13, 1, 9, 201)]);
    }

    #[test]
    fn a_batch_that_was_not_stored_leaves_no_hole() {
        let mut numbering = Numbering::default();
        numbering.learn(GroupId(1), Seq(0));
        let lost = numbering.number([message(1, 1), message(1, 2)].into_iter());
        let stored = numbering.number([message(1, 3)].into_iter());
        assert_eq!(numbers(&stored)[0].0, numbers(&lost)[0].0);
        numbering.advance(&stored);
        let next = numbering.number([message(1, 4)].into_iter());
        assert_eq!(numbers(&next), [(2, 1, 2, 4)]);
    }
}
