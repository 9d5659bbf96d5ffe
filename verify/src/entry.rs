//! What the log of a group has, as it is shown and listed.

use serde::Deserialize;

use crate::ids::{GroupId, MessageId, Seq, UserId};

/// An entry of a group's log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(crate) enum Entry {
    Message(Message),
    Edited(Change<Edited>),
    Deleted(Change<Deleted>),
    Reaction(Change<Reaction>),
}

/// A message, as it was seen, is stored, or is listed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    #[serde(rename = "group_id")]
    pub(crate) group: GroupId,
    pub(crate) seq: Seq,
    #[serde(rename = "user_id")]
    pub(crate) user: UserId,
    pub(crate) username: String,
    pub(crate) client_id: Option<String>,
    pub(crate) content: String,
    pub(crate) created_at: String,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) thread_id: Option<MessageId>,
    pub(crate) edited_at: Option<String>,
    #[serde(default, rename = "deleted")]
    pub(crate) is_deleted: bool,
    /// What stands beside it in lists, and in no entry.
    #[serde(default)]
    pub(crate) reactions: Vec<ReactionCount>,
    #[serde(default)]
    pub(crate) replies: u64,
    pub(crate) last_reply_at: Option<String>,
}

/// Who reacted to a message in one way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct ReactionCount {
    pub(crate) emoji: String,
    pub(crate) count: u64,
    #[serde(rename = "user_ids")]
    pub(crate) users: Vec<UserId>,
}

/// A change of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Change<T> {
    #[serde(rename = "group_id")]
    pub(crate) group: GroupId,
    pub(crate) seq: Seq,
    #[serde(rename = "user_id")]
    pub(crate) user: UserId,
    pub(crate) username: String,
    pub(crate) created_at: String,
    #[serde(rename = "message_id")]
    pub(crate) message: MessageId,
    pub(crate) message_seq: Seq,
    #[serde(flatten)]
    pub(crate) kind: T,
}

/// The message says this from then on; of an entry that is sent again what it says today.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Edited {
    pub(crate) content: String,
}

/// The message says nothing any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Deleted {}

/// A reaction has come or gone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Reaction {
    pub(crate) emoji: String,
    pub(crate) on: bool,
}

/// What all kinds of entries have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'e> {
    pub(crate) group: GroupId,
    pub(crate) seq: Seq,
    pub(crate) user: UserId,
    pub(crate) username: &'e str,
    pub(crate) created_at: &'e str,
    /// The message that it is or changes, and where that stands.
    pub(crate) message: MessageId,
    pub(crate) message_seq: Seq,
}

impl Entry {
    pub(crate) fn head(&self) -> Head<'_> {
        match self {
            Self::Message(message) => Head {
                group: message.group,
                seq: message.seq,
                user: message.user,
                username: &message.username,
                created_at: &message.created_at,
                message: message.id,
                message_seq: message.seq,
            },
            Self::Edited(change) => change.head(),
            Self::Deleted(change) => change.head(),
            Self::Reaction(change) => change.head(),
        }
    }
}

impl<T> Change<T> {
    fn head(&self) -> Head<'_> {
        Head {
            group: self.group,
            seq: self.seq,
            user: self.user,
            username: &self.username,
            created_at: &self.created_at,
            message: self.message,
            message_seq: self.message_seq,
        }
    }
}
