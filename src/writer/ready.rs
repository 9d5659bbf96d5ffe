//! What is decided and goes into the log, before and after it has its numbers.

use std::sync::Arc;

use crate::model::{Change, ChangeKind, Group, Message, MessageDetails, Timestamp, User};
use crate::store::{LogBatch, Sent};

/// Something that nothing is said against any more.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Where it goes.
    pub group: Arc<Group>,
    /// Who does it.
    pub user: Arc<User>,
    /// The sender's own name for it.
    pub client_id: Option<Box<str>>,
    /// When the server took it.
    pub received_at: Timestamp,
    /// What it is.
    pub kind: ReadyKind,
}

/// What is ready.
#[derive(Clone, Debug)]
pub enum ReadyKind {
    /// A message.
    Message {
        /// What it says.
        content: Box<str>,
        /// What few messages have.
        details: Option<Box<MessageDetails>>,
    },
    /// Anything else.
    Change(ChangeKind),
}

/// What has its numbers.
#[derive(Debug, Default)]
pub struct Numbered {
    /// All of it.
    pub batch: LogBatch,
    /// Where each stands there, in the order in which it was ready.
    pub places: Vec<Place>,
}

/// Where something stands in a [`LogBatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The index of a message.
    Message(usize),
    /// The index of a change.
    Change(usize),
}

impl Place {
    /// What stands there, as it was before it had numbers.
    pub(super) fn ready(self, batch: &LogBatch) -> Ready {
        match self {
            Self::Message(index) => batch.messages[index].clone().into(),
            Self::Change(index) => batch.changes[index].clone().into(),
        }
    }

    /// The sender's own name for what stands there.
    pub(super) fn client_id(self, batch: &LogBatch) -> Option<&str> {
        match self {
            Self::Message(index) => batch.messages[index].client_id.as_deref(),
            Self::Change(index) => batch.changes[index].client_id.as_deref(),
        }
    }

    /// The numbers of what stands there.
    pub(super) fn sent(self, batch: &LogBatch) -> Sent {
        match self {
            Self::Message(index) => {
                let Message { id, seq, created_at, .. } = batch.messages[index];
                Sent { id, seq, created_at }
            }
            Self::Change(index) => {
                let Change { seq, created_at, ref kind, .. } = batch.changes[index];
                Sent { id: kind.target().map(|message| message.id).unwrap_or_default(), seq, created_at }
            }
        }
    }
}

impl From<Message> for Ready {
    fn from(message: Message) -> Self {
        let Message { group, user, content, client_id, created_at, details, .. } = message;
        let kind = ReadyKind::Message { content, details };
        Self { group, user, client_id, received_at: created_at, kind }
    }
}

impl From<Change> for Ready {
    fn from(change: Change) -> Self {
        let Change { group, user, kind, client_id, created_at, .. } = change;
        Self { group, user, client_id, received_at: created_at, kind: ReadyKind::Change(kind) }
    }
}
