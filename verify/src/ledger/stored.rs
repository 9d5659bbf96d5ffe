//! What is stored.

use super::authors::{Deed, Outcome};
use super::lines::StoredLine;
use super::state::Version;
use super::versions::hash;
use super::{Ledger, PlaceRecord, name};
use crate::action::Action;
use crate::content::Key;
use crate::entry::Entry;
use crate::fault::Fault;
use crate::ids::{GroupId, MessageId, Seq};

impl Ledger {
    /// An entry is stored. They come group by group, in the order of the log, when all that was done is answered.
    pub(crate) fn store(&mut self, group: GroupId, entry: &Entry) {
        let (head, now) = (entry.head(), self.now);
        let seq = head.seq;
        let checked = self.check_entry(entry);
        if let Some((key, Some(version))) = checked {
            self.check_fresh(key, version, (now, None), || {
                format!("the log of group {group} at seq {}", seq.0)
            });
        }
        let Some(record) = self.groups.get_mut(&group).filter(|_| group == head.group) else {
            self.faults.add(Fault::Altered, || format!("group {group} has {entry:?}"));
            return;
        };
        let (last_seq, last_id) = record.stored_last;
        let is_message = matches!(entry, Entry::Message(_));
        if seq <= last_seq || (is_message && head.message <= last_id) {
            self.faults.add(Fault::Reordered, || {
                format!(
                    "group {group}: message {}, {seq:?} is stored after {last_id}, {last_seq:?}",
                    head.message
                )
            });
        }
        if seq > last_seq.next() {
            let missing = seq.0.abs_diff(last_seq.0) - 1;
            self.faults.add_many(Fault::Hole, missing, || {
                format!("group {group}: nothing is stored between {last_seq:?} and {seq:?}")
            });
        }
        record.stored_last =
            (last_seq.max(seq), if is_message { last_id.max(head.message) } else { last_id });
        let hash = hash(entry);
        let place = record.places.entry(seq).or_insert(PlaceRecord { hash, is_stored: true });
        place.is_stored = true;
        if place.hash != hash {
            self.faults.add(Fault::Altered, || {
                format!("group {group}, seq {}: what was shown is not what is stored", seq.0)
            });
        }
        if let (Some((key, _)), true) = (checked, is_message) {
            record.keys.entry(head.message).or_insert(key);
        }
        let changes_something = record.state.apply(entry, checked.and_then(|(_, version)| version));
        let is_shown_as_text = matches!(entry, Entry::Message(_) | Entry::Edited(_));
        let line = is_shown_as_text.then_some(record.lines.len() as u64);
        if is_shown_as_text {
            let message = checked.map(|(message, _)| message);
            record.lines.push(StoredLine { message, is_edit: !is_message });
        }
        let Some((key, version)) = checked else { return };
        let key = if is_message { Some(key) } else { self.find_change(key, entry, version) };
        match key {
            Some(key) => {
                self.store_known(key, head.message, seq, line);
                if !changes_something {
                    self.faults.add(Fault::Duplicated, || format!("{} is stored for nothing", name(key)));
                }
            }
            None => self.faults.add(Fault::Duplicated, || {
                format!("group {group}, seq {}: nobody did this, or not so often: {entry:?}", seq.0)
            }),
        }
    }

    /// Which change of a message this entry is: the one acked at its place, else the first that has no place.
    fn find_change(&self, message: Key, entry: &Entry, version: Option<Version>) -> Option<Key> {
        let head = entry.head();
        let by = *self.by_user.get(&head.user)?;
        let is_alike = |action| match (entry, action) {
            (Entry::Edited(_), Action::Edit { .. }) | (Entry::Deleted(_), Action::Delete { .. }) => true,
            (Entry::Reaction(reaction), Action::React { emoji, on, .. }) => {
                (emoji.text(), on) == (&*reaction.kind.emoji, reaction.kind.on)
            }
            _ => false,
        };
        // A content of today can be that of a later edit, not that of an earlier one.
        let is_not_later = |deed: &Key| match version {
            Some(Version::Of(shown)) => self.rank(*deed, message) <= self.rank(shown, message),
            _ => true,
        };
        let alike = || {
            let changes = self.changes.get(&message).into_iter().flatten().copied();
            changes.filter(|&key| key.sender == by && is_alike(self.deed(key).action))
        };
        let at_its_place = alike().find(|&key| !self.deed(key).is_idle && self.place(key) == Some(head.seq));
        let without_place = || {
            alike().find(|key| {
                let Deed { is_idle, stored, .. } = *self.deed(*key);
                !is_idle && stored.is_none() && self.place(*key).is_none() && is_not_later(key)
            })
        };
        at_its_place.or_else(without_place)
    }

    /// What is what it should be is stored at this place.
    fn store_known(&mut self, key: Key, message: MessageId, seq: Seq, line: Option<u64>) {
        let action = self.deed(key).action;
        let author = &mut self.authors[key.sender];
        let deed = &mut author.deeds[key.number];
        if let Some(before) = deed.stored {
            self.faults
                .add(Fault::Duplicated, || format!("{} is stored at {before:?} and {seq:?}", name(key)));
            return;
        }
        self.counts.of(action).stored += 1;
        (deed.stored, deed.line) = (Some(seq), line);
        match deed.outcome {
            Outcome::Acked { message: id, seq: acked, .. }
                if id != message || acked.is_some_and(|acked| acked != seq) =>
            {
                self.faults.add(Fault::Altered, || {
                    format!("{} is acked for {id} at {acked:?}, stored for {message} at {seq:?}", name(key))
                });
            }
            // A reaction may be stored, its ack be lost, and the message be deleted before it is sent again.
            Outcome::Denied if !(deed.is_repeated && matches!(action, Action::React { .. })) => {
                self.faults.add(Fault::Altered, || format!("{} was refused, and is stored", name(key)));
            }
            _ => {}
        }
        if !deed.is_put_off && author.stored_last > Some(key.number) {
            let before = author.stored_last;
            self.faults.add(Fault::Reordered, || format!("{} is stored after its {before:?}th", name(key)));
        }
        author.stored_last = author.stored_last.max(Some(key.number));
    }
}
