//! An entry of a batch on its way to its readers.

use crate::model::{Change, ChangeKind, GroupId, Message, Seq};
use crate::protocol::{event, text};

/// A message or a change.
#[derive(Clone, Copy)]
pub(super) enum Logged<'b> {
    Message(&'b Message),
    Change(&'b Change),
}

impl Logged<'_> {
    pub(super) fn group(&self) -> GroupId {
        match self {
            Self::Message(message) => message.group.id,
            Self::Change(change) => change.group.id,
        }
    }

    pub(super) fn seq(&self) -> Seq {
        match self {
            Self::Message(message) => message.seq,
            Self::Change(change) => change.seq,
        }
    }

    /// Whether an entry before it says something else from now on: another content, or the group's new name.
    pub(super) fn changes_what_was_said(&self) -> bool {
        match self {
            Self::Message(_) => false,
            Self::Change(change) => matches!(
                change.kind,
                ChangeKind::Edited { .. }
                    | ChangeKind::Deleted { .. }
                    | ChangeKind::Group { name: Some(_), .. }
            ),
        }
    }

    /// Upper bound of its size in text mode, in bytes.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::Message(message) => text::message_bytes(&message.user.username, &message.content),
            Self::Change(change) => match &change.kind {
                ChangeKind::Edited { content, .. } => text::edit_bytes(&change.user.username, content),
                _ => 0,
            },
        }
    }

    /// Appends its line. Of changes text mode shows edits alone.
    pub(super) fn put_text(&self, out: &mut Vec<u8>) {
        match self {
            Self::Message(message) => text::put_message(out, &message.user.username, &message.content),
            Self::Change(change) => {
                if let ChangeKind::Edited { content, .. } = &change.kind {
                    text::put_edit(out, &change.user.username, content);
                }
            }
        }
    }

    /// Its usual size in JSON mode, in bytes.
    pub(super) fn json_bytes(&self) -> usize {
        match self {
            Self::Message(message) => event::message_bytes(message),
            Self::Change(change) => event::change_bytes(change),
        }
    }

    /// Appends its frame.
    pub(super) fn put_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Message(message) => event::put_message(out, message),
            Self::Change(change) => event::put_change(out, change),
        }
    }
}
