//! What clients do, as they keep it until it is answered.

use std::sync::Arc;

use super::ledger::{Ledger, POISON};
use crate::model::{ChangeKind, GroupId, MessageId, Seq, User};

/// A message or change as its sender keeps it.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) group: GroupId,
    pub(super) user: Arc<User>,
    pub(super) deed: Deed,
    pub(super) client_id: Option<Box<str>>,
}

/// What is done.
#[derive(Clone)]
pub(super) enum Deed {
    Send { content: Box<str>, reply_to: Option<MessageId> },
    Edit { message: MessageId, content: Box<str> },
    Delete { message: MessageId },
    React { message: MessageId, emoji: Box<str>, on: bool },
}

impl Deed {
    /// The message that it changes.
    pub(super) fn changes(&self) -> Option<MessageId> {
        match *self {
            Self::Send { .. } => None,
            Self::Edit { message, .. } | Self::Delete { message } | Self::React { message, .. } => {
                Some(message)
            }
        }
    }

    pub(super) fn is_poison(&self) -> bool {
        match self {
            Self::Send { content, .. } | Self::Edit { content, .. } => content.contains(POISON),
            Self::Delete { .. } | Self::React { .. } => false,
        }
    }
}

impl Draft {
    /// Whether it may be sent once more without being done twice: by its name, or since it then changes nothing.
    pub(super) fn is_repeatable(&self) -> bool {
        self.client_id.is_some() || matches!(self.deed, Deed::Delete { .. } | Deed::React { .. })
    }

    /// Whether the entry at a place is what this has made, or what made it change nothing.
    pub(super) fn is_at(&self, ledger: &Ledger, seq: Seq) -> bool {
        if let Some(message) = ledger.message(self.group, seq) {
            return match &self.deed {
                Deed::Send { content, .. } => {
                    let was_changed =
                        message.details.as_ref().is_some_and(|is| is.is_deleted || is.edited_at.is_some());
                    message.user == self.user
                        && message.client_id == self.client_id
                        && (was_changed || message.content == *content)
                }
                // It never was there.
                Deed::React { message: of, on, .. } => !on && *of == message.id,
                Deed::Edit { .. } | Deed::Delete { .. } => false,
            };
        }
        let Some(change) = ledger.change(self.group, seq) else { return false };
        change.user == self.user
            && change.client_id == self.client_id
            && match (&self.deed, &change.kind) {
                (Deed::Edit { message, content }, ChangeKind::Edited { message: of, content: made, .. }) => {
                    (*message, content) == (of.id, made)
                }
                (Deed::Delete { message }, ChangeKind::Deleted { message: of }) => *message == of.id,
                (
                    Deed::React { message, emoji, on },
                    ChangeKind::Reaction { message: of, emoji: made, on: is },
                ) => (*message, emoji, on) == (of.id, made, is),
                _ => false,
            }
    }
}
