//! What is missing in the end, and whether all see the same.

use std::collections::{BTreeSet, HashMap};

use super::authors::Outcome;
use super::state::{State, Version, View};
use super::{GroupRecord, Ledger, name};
use crate::action::{Action, Emoji};
use crate::content::Key;
use crate::entry::Message;
use crate::fault::Fault;
use crate::ids::{GroupId, MessageId, Seq, UserId};

/// Users whom a list names for a reaction.
const LISTED_USERS_MAX: usize = 10;

impl Ledger {
    /// All that is stored has been told: what is missing?
    pub(crate) fn conclude(&mut self) {
        for (sender, author) in self.authors.iter().enumerate() {
            for (number, deed) in author.deeds.iter().enumerate() {
                if let (Outcome::Acked { message, seq, .. }, None, false) =
                    (deed.outcome, deed.stored, deed.is_idle)
                {
                    let key = Key { sender, number };
                    self.faults.add(Fault::Lost, || {
                        format!("{}, {:?}, acked for message {message}, {seq:?}", name(key), deed.action)
                    });
                }
            }
        }
        for (group, record) in &self.groups {
            for (seq, _) in record.places.iter().filter(|(_, place)| !place.is_stored) {
                self.faults.add(Fault::NotStored, || format!("group {group}, seq {}", seq.0));
            }
        }
        self.compare_with_acks();
        self.compare_receivers();
        self.conclude_lines();
    }

    /// Is each stored message what those who were acked made of it?
    fn compare_with_acks(&mut self) {
        let mut apart = Vec::new();
        for record in self.groups.values() {
            for (id, stored) in &record.state.messages {
                let Some(&message) = record.keys.get(id) else { continue };
                let expected = self.expected(message);
                let is_same = (stored.version, stored.is_deleted, &stored.reactions)
                    == (Some(expected.0), expected.0 == Version::Deleted, &expected.1);
                if !is_same {
                    apart.push(format!("message {id} should be {expected:?}, and is stored as {stored:?}"));
                }
            }
        }
        apart.into_iter().for_each(|example| self.faults.add(Fault::Apart, || example));
    }

    /// What a message should be in the end: its content and its reactions.
    fn expected(&self, message: Key) -> (Version, BTreeSet<(Emoji, UserId)>) {
        let mut content = message;
        let mut reactions = HashMap::new();
        for &key in self.changes.get(&message).into_iter().flatten() {
            let deed = self.deed(key);
            if !matches!(deed.outcome, Outcome::Acked { .. }) || deed.is_idle {
                continue;
            }
            match deed.action {
                Action::Delete { .. } => return (Version::Deleted, BTreeSet::new()),
                Action::Edit { .. } if self.rank(key, message) > self.rank(content, message) => content = key,
                Action::React { emoji, on, .. } => {
                    reactions.insert((emoji, self.authors[key.sender].author.user), on);
                }
                Action::Edit { .. } | Action::Send { .. } => {}
            }
        }
        let there = reactions.into_iter().filter_map(|(reaction, on)| on.then_some(reaction));
        (Version::Of(content), there.collect())
    }

    /// Has every receiver seen all, and does it come to the same?
    fn compare_receivers(&mut self) {
        for (receiver, record) in self.receivers.iter().enumerate() {
            for (group, reading) in &record.groups {
                let Some(stored) = self.groups.get(group) else { continue };
                let (seen, last) = (reading.cursor.last(), stored.stored_last.0);
                if last > seen {
                    self.faults.add_many(Fault::Unseen, last.0.abs_diff(seen.0), || {
                        format!(
                            "receiver {receiver} in group {group} has seen all up to {seen:?} of {last:?}"
                        )
                    });
                } else if let Some((count, example)) = differences(stored, &reading.state) {
                    self.faults.add_many(Fault::Apart, count, || {
                        format!("to receiver {receiver} in group {group} {example}")
                    });
                }
            }
        }
    }

    /// A list of all messages of a group, read when all that is stored was told.
    pub(crate) fn list(&mut self, who: &str, group: GroupId, messages: &[Message]) {
        let mut listed: HashMap<MessageId, &Message> = HashMap::new();
        let mut last = Seq(0);
        for message in messages {
            if message.seq <= last {
                let seq = message.seq;
                self.faults.add(Fault::Reordered, || format!("{who} has {seq:?} behind {last:?}"));
            }
            last = message.seq;
            listed.insert(message.id, message);
            let found = self.find_message(message);
            let stored = self.groups.get(&group).and_then(|record| record.state.messages.get(&message.id));
            let is_same = stored.is_some_and(|stored| {
                (found.map(|(_, version)| version), message.edited_at.as_deref())
                    == (stored.version, stored.edited_at.as_deref())
            });
            if !is_same {
                self.faults.add(Fault::Apart, || format!("{who} has {message:?}, stored is {stored:?}"));
            }
        }
        let Some(record) = self.groups.get(&group) else { return };
        let mut replies: HashMap<MessageId, (u64, Option<&str>)> = HashMap::new();
        for view in record.state.messages.values().filter(|view| !view.is_deleted) {
            if let Some(root) = view.thread_id {
                let (count, newest) = replies.entry(root).or_default();
                *count += 1;
                *newest = (*newest).max(view.replied_at.as_deref());
            }
        }
        for (id, view) in &record.state.messages {
            let Some(message) = listed.get(id) else {
                self.faults.add(Fault::Apart, || format!("{who} lacks message {id}"));
                continue;
            };
            let (count, newest) = replies.get(id).copied().unwrap_or_default();
            let has_replies = (message.replies, message.last_reply_at.as_deref()) == (count, newest);
            if !has_replies || !has_reactions(message, view) {
                self.faults.add(Fault::Apart, || {
                    format!(
                        "{who} has {message:?} with {count} replies, the newest at {newest:?}, and {view:?}"
                    )
                });
            }
        }
    }
}

/// Whether a message that is listed has just these reactions.
fn has_reactions(message: &Message, view: &View) -> bool {
    let mut expected: HashMap<&str, Vec<UserId>> = HashMap::new();
    for (emoji, user) in &view.reactions {
        expected.entry(emoji.text()).or_default().push(*user);
    }
    let is_right = message.reactions.iter().all(|listed| {
        let users = expected.get(&*listed.emoji).map_or(&[][..], |users| users);
        let named: BTreeSet<_> = listed.users.iter().collect();
        listed.count == users.len() as u64
            && named.len() == users.len().min(LISTED_USERS_MAX)
            && named.iter().all(|user| users.contains(user))
    });
    is_right && message.reactions.len() == expected.len()
}

/// How many of the stored messages are something else to another, and one of them.
fn differences(stored: &GroupRecord, other: &State) -> Option<(u64, String)> {
    let mut apart = stored.state.messages.iter().filter(|(id, view)| other.messages.get(id) != Some(view));
    let (id, view) = apart.next()?;
    let example = format!("message {id} is {:?}, stored is {view:?}", other.messages.get(id));
    Some((1 + apart.count() as u64, example))
}
