//! Messages, and what is handed in before it has its numbers.

use std::sync::Arc;

use super::{
    ChangeKind, Group, MemberState, Mentions, MessageId, MessageKey, Seq, Timestamp, User, Validity,
};

/// Something that was handed in for a group's log and has no number yet.
///
/// Texts were checked by then: no NUL, within the limits.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// Where it goes.
    pub group: Arc<Group>,
    /// Who does it.
    pub user: Arc<User>,
    /// What it is.
    pub kind: NewEntryKind,
    /// The sender's own name for it, by which a retry is known; unique for ever per sender and group.
    pub client_id: Option<Box<str>>,
    /// When the server took it.
    pub received_at: Timestamp,
    /// Whether the sender may still write when it is stored.
    pub member: Arc<MemberState>,
    /// Whether what the sender spoke by still counts then; `None` for a name that was believed.
    pub validity: Option<Arc<Validity>>,
}

/// What is handed in.
#[derive(Clone, Debug)]
pub enum NewEntryKind {
    /// A message.
    Message {
        /// What it says; may be empty.
        content: Box<str>,
        /// The message that it answers.
        reply_to: Option<MessageId>,
        /// Whether the sender may mention everybody, being an admin of the group when it is stored.
        mentions_all: bool,
    },
    /// Another content for a message of the sender's own.
    Edit {
        /// The message.
        message: MessageId,
        /// What it says from now on.
        content: Box<str>,
        /// Whether the sender may mention everybody, being an admin of the group when it is stored.
        mentions_all: bool,
    },
    /// No content for a message.
    Delete {
        /// The message.
        message: MessageId,
        /// Whether others' messages may be deleted too.
        governs: bool,
        /// Whether they may be by an admin of the group, which the sender has to be when it is stored.
        as_admin: bool,
    },
    /// A reaction to a message.
    React {
        /// The message.
        message: MessageId,
        /// See [`ChangeKind::Reaction`](super::ChangeKind::Reaction).
        emoji: Box<str>,
        /// Whether it comes or goes.
        on: bool,
    },
    /// What was done to a member or to the group. The store knows already, so it stands in the log as it is.
    Record(ChangeKind),
}

impl NewEntryKind {
    /// The message that it is about or answers, if there is one.
    pub fn target(&self) -> Option<MessageId> {
        match self {
            Self::Edit { message, .. } | Self::Delete { message, .. } | Self::React { message, .. } => {
                Some(*message)
            }
            Self::Message { reply_to, .. } => *reply_to,
            Self::Record(_) => None,
        }
    }
}

impl NewEntry {
    /// The same, handed in by a proof that counts for as long as this says; `None` for a name that was believed.
    pub fn proven_by(self, validity: Option<Arc<Validity>>) -> Self {
        Self { validity, ..self }
    }

    /// Bytes of content that it holds until it is stored.
    pub fn content_bytes(&self) -> usize {
        match &self.kind {
            NewEntryKind::Message { content, .. } | NewEntryKind::Edit { content, .. } => content.len(),
            NewEntryKind::Delete { .. } | NewEntryKind::React { .. } | NewEntryKind::Record(_) => 0,
        }
    }
}

/// A message with its numbers, as stored and as shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Unique over all groups.
    pub id: MessageId,
    /// Its number in its group's log: 1, 2, 3, without gaps over messages and changes.
    pub seq: Seq,
    /// Where it went.
    pub group: Arc<Group>,
    /// Who sent it.
    pub user: Arc<User>,
    /// What it says today; empty if it was deleted.
    pub content: Box<str>,
    /// See [`NewEntry::client_id`].
    pub client_id: Option<Box<str>>,
    /// When the server took it; ascending with `id`.
    pub created_at: Timestamp,
    /// What few messages have.
    pub details: Option<Box<MessageDetails>>,
}

impl Message {
    /// Its two numbers.
    pub fn key(&self) -> MessageKey {
        MessageKey { id: self.id, seq: self.seq }
    }

    /// Whether it mentions somebody.
    pub fn mentions_anybody(&self) -> bool {
        self.details.as_ref().is_some_and(|details| !details.mentions.is_empty())
    }
}

/// What few messages have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MessageDetails {
    /// The message of the same group that it answers.
    pub reply_to: Option<MessageId>,
    /// The first message of the chain of answers in which it stands.
    pub thread_id: Option<MessageId>,
    /// Whom it mentions today.
    pub mentions: Mentions,
    /// When it got the content of today.
    pub edited_at: Option<Timestamp>,
    /// Whether it was deleted.
    pub is_deleted: bool,
}
