//! Which content of a message was shown, and whether it was still so.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Ledger;
use super::authors::Outcome;
use super::state::Version;
use crate::action::{Action, Emoji};
use crate::content::{Key, content, key_of};
use crate::entry::{Entry, Message};
use crate::fault::Fault;
use crate::ids::Seq;

impl Ledger {
    /// Which message an entry is or changes and the content that it shows, if somebody made it so.
    pub(super) fn check_entry(&mut self, entry: &Entry) -> Option<(Key, Option<Version>)> {
        let found = self.find(entry);
        if found.is_none() {
            self.faults.add(Fault::Altered, || format!("nobody did {entry:?}"));
        }
        found
    }

    fn find(&self, entry: &Entry) -> Option<(Key, Option<Version>)> {
        let head = entry.head();
        let by = &self.authors[*self.by_user.get(&head.user)?].author;
        if (head.group, head.username) != (by.group, by.username.as_str()) {
            return None;
        }
        if let Entry::Message(message) = entry {
            let stands_alone =
                message.reactions.is_empty() && message.replies == 0 && message.last_reply_at.is_none();
            return self
                .find_message(message)
                .filter(|_| stands_alone)
                .map(|(key, version)| (key, Some(version)));
        }
        let key = *self.groups.get(&head.group)?.keys.get(&head.message)?;
        let is_there = self.place(key).is_none_or(|seq| seq == head.message_seq);
        let is_own = head.user == self.authors[key.sender].author.user;
        match entry {
            Entry::Edited(edited) if is_there && is_own => {
                Some((key, Some(self.version(key, &edited.kind.content)?)))
            }
            Entry::Deleted(_) if is_there && is_own => Some((key, Some(Version::Deleted))),
            Entry::Reaction(reaction) if is_there => Emoji::parse(&reaction.kind.emoji).map(|_| (key, None)),
            _ => None,
        }
    }

    /// Which message of whom this is, and its content, whether it is shown or listed.
    pub(super) fn find_message(&self, message: &Message) -> Option<(Key, Version)> {
        let &sender = self.by_user.get(&message.user)?;
        let client_id = message.client_id.as_deref()?;
        let record = &self.authors[sender];
        let key = Key { sender, number: client_id.parse().ok()? };
        let deed = record.deeds.get(key.number).filter(|_| key.client_id() == client_id)?;
        let Action::Send { reply_to } = deed.action else { return None };
        let version = self.version(key, &message.content)?;
        let is_edited = matches!(version, Version::Of(by) if by != key);
        let number = |key: Option<Key>| key.and_then(|key| self.message_id(key));
        let is_right = (message.group, &message.username) == (record.author.group, &record.author.username)
            && (message.reply_to, message.thread_id) == (number(reply_to), number(deed.thread))
            && message.edited_at.is_some() == is_edited
            && message.is_deleted == (version == Version::Deleted);
        is_right.then_some((key, version))
    }

    /// Whose content a message has here, if somebody gave it that. No content but a deleted one is empty.
    pub(super) fn version(&self, message: Key, text: &str) -> Option<Version> {
        if text.is_empty() {
            return self.deed(message).is_deleting.then_some(Version::Deleted);
        }
        let by = key_of(text)?;
        let action = self.authors.get(by.sender)?.deeds.get(by.number)?.action;
        let gives = by == message || action == (Action::Edit { of: message });
        (gives && content(self.seed, by) == text).then_some(Version::Of(by))
    }

    /// A message was shown with this content to who asked for it at `since`: what was acked by then must be in it; with
    /// `upto` only what is known to have a place up to there.
    pub(super) fn check_fresh(
        &mut self,
        key: Key,
        shown: Version,
        (since, upto): (u64, Option<Seq>),
        who: impl FnOnce() -> String,
    ) {
        let Version::Of(by) = shown else { return };
        let Some(rank) = self.rank(by, key) else { return };
        let newer = self.changes.get(&key).into_iter().flatten().find(|&&change| {
            let deed = self.deed(change);
            let is_there = |seq: Option<Seq>| upto.is_none_or(|upto| seq.is_some_and(|seq| seq <= upto));
            let is_known =
                matches!(deed.outcome, Outcome::Acked { at, seq, .. } if at <= since && is_there(seq));
            is_known
                && match deed.action {
                    Action::Delete { .. } => true,
                    Action::Edit { .. } => self.rank(change, key) > Some(rank),
                    Action::Send { .. } | Action::React { .. } => false,
                }
        });
        if let Some(&newer) = newer {
            self.faults.add(Fault::Outdated, || {
                format!("{} shows {by:?} of {key:?}, and {newer:?} was acked before", who())
            });
        }
    }

    /// How late a content is among those of its message; unknown for what is not acked.
    pub(super) fn rank(&self, by: Key, message: Key) -> Option<(Option<Seq>, usize)> {
        if by == message {
            return Some((None, by.number));
        }
        match self.deed(by).outcome {
            Outcome::Acked { seq, .. } => Some((seq, by.number)),
            Outcome::Open | Outcome::Denied => None,
        }
    }
}

/// What of an entry is the same whenever it is shown.
pub(super) fn hash(entry: &Entry) -> u64 {
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(entry).hash(&mut hasher);
    let head = entry.head();
    (head.group, head.seq, head.user, head.username, head.created_at).hash(&mut hasher);
    (head.message, head.message_seq).hash(&mut hasher);
    match entry {
        Entry::Message(message) => {
            (&message.client_id, message.reply_to, message.thread_id).hash(&mut hasher);
        }
        Entry::Reaction(reaction) => reaction.kind.hash(&mut hasher),
        Entry::Edited(_) | Entry::Deleted(_) => {}
    }
    hasher.finish()
}
