//! What a group's messages are, to who has applied all entries up to a place.

use std::collections::{BTreeMap, BTreeSet};

use crate::action::Emoji;
use crate::content::Key;
use crate::entry::Entry;
use crate::ids::{MessageId, UserId};

/// The content of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// That of this message or edit.
    Of(Key),
    /// None, for the message was deleted.
    Deleted,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    /// `None` for a content that nobody gave it.
    pub(super) version: Option<Version>,
    pub(super) is_deleted: bool,
    /// All times are of one form, so the later one is the greater text.
    pub(super) edited_at: Option<Box<str>>,
    pub(super) reactions: BTreeSet<(Emoji, UserId)>,
    pub(super) reply_to: Option<MessageId>,
    pub(super) thread_id: Option<MessageId>,
    /// When a reply was sent.
    pub(super) replied_at: Option<Box<str>>,
}

/// The messages of a group.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) messages: BTreeMap<MessageId, View>,
}

impl State {
    /// Applies the next entry, which shows this content, as clients are to. Says whether it could change anything: not
    /// if a reaction is there already or is not, or if there is no such message.
    pub(super) fn apply(&mut self, entry: &Entry, version: Option<Version>) -> bool {
        if let Entry::Message(message) = entry {
            let view = View {
                version,
                is_deleted: message.is_deleted,
                edited_at: message.edited_at.as_deref().map(Into::into),
                reactions: BTreeSet::new(),
                reply_to: message.reply_to,
                thread_id: message.thread_id,
                replied_at: message.thread_id.map(|_| message.created_at.as_str().into()),
            };
            return self.messages.insert(message.id, view).is_none();
        }
        let head = entry.head();
        let Some(view) = self.messages.get_mut(&head.message) else { return false };
        // What came before the deletion of a message that is shown as a deleted one.
        if view.is_deleted {
            return true;
        }
        match entry {
            Entry::Edited(_) => {
                view.version = version;
                view.edited_at = view.edited_at.take().max(Some(head.created_at.into()));
                true
            }
            Entry::Deleted(_) => {
                view.version = Some(Version::Deleted);
                view.is_deleted = true;
                view.edited_at = None;
                view.reactions.clear();
                true
            }
            Entry::Reaction(reaction) => match (Emoji::parse(&reaction.kind.emoji), reaction.kind.on) {
                (Some(emoji), true) => view.reactions.insert((emoji, head.user)),
                (Some(emoji), false) => view.reactions.remove(&(emoji, head.user)),
                (None, _) => false,
            },
            Entry::Message(_) => false,
        }
    }
}
