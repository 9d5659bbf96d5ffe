//! Entries of a group's log on their way to its readers.

use bytes::Bytes;

use super::{event, text};
use crate::model::{Change, ChangeKind, Entry, GroupId, Message, Seq};

/// A message or a change.
#[derive(Clone, Copy)]
pub enum Logged<'b> {
    /// A message.
    Message(&'b Message),
    /// Anything else.
    Change(&'b Change),
}

impl<'b> From<&'b Entry> for Logged<'b> {
    fn from(entry: &'b Entry) -> Self {
        match entry {
            Entry::Message(message) => Self::Message(message),
            Entry::Change(change) => Self::Change(change),
        }
    }
}

impl Logged<'_> {
    /// The group in whose log it stands.
    pub fn group(&self) -> GroupId {
        match self {
            Self::Message(message) => message.group.id,
            Self::Change(change) => change.group.id,
        }
    }

    /// Its number there.
    pub fn seq(&self) -> Seq {
        match self {
            Self::Message(message) => message.seq,
            Self::Change(change) => change.seq,
        }
    }

    /// Whether an entry before it says something else from now on: another content, or the group's new name.
    pub fn changes_what_was_said(&self) -> bool {
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
    fn text_bytes(&self) -> usize {
        match self {
            Self::Message(message) => text::message_bytes(&message.user.username, &message.content),
            Self::Change(change) => match &change.kind {
                ChangeKind::Edited { content, .. } => text::edit_bytes(&change.user.username, content),
                _ => 0,
            },
        }
    }

    /// Appends its line. Of changes text mode shows edits alone.
    fn put_text(&self, out: &mut Vec<u8>) {
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
    fn json_bytes(&self) -> usize {
        match self {
            Self::Message(message) => event::message_bytes(message),
            Self::Change(change) => event::change_bytes(change),
        }
    }

    /// Appends its frame.
    fn put_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Message(message) => event::put_message(out, message),
            Self::Change(change) => event::put_change(out, change),
        }
    }
}

/// The lines of these entries in text mode, in one buffer.
pub fn encode_text(entries: &[Logged<'_>]) -> Bytes {
    let mut out = Vec::with_capacity(entries.iter().map(Logged::text_bytes).sum());
    entries.iter().for_each(|entry| entry.put_text(&mut out));
    out.into()
}

/// The frames of these entries in JSON mode, one for each, in one buffer.
pub fn encode_json(entries: &[Logged<'_>]) -> Bytes {
    let mut out = Vec::with_capacity(entries.iter().map(Logged::json_bytes).sum());
    entries.iter().for_each(|entry| entry.put_json(&mut out));
    out.into()
}
