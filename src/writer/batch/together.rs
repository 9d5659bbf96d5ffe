//! A batch that is stored beside those of others, and may have to be begun anew.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Batch, mentions, refusal};
use crate::model::{Group, GroupId, Message, NewEntry, NewEntryKind};
use crate::store::{Begun, LogBatch, Sent};
use crate::writer::numbering::number_on;
use crate::writer::pending::{Pending, Sender};
use crate::writer::ready::Place;

/// What was pending before it was decided, each with its place among those of its batch.
pub(in crate::writer) struct Before(Vec<(usize, NewEntry)>);

impl Batch {
    /// A batch of this alone, which keeps its place among the answers of the batch that it comes from.
    pub(in crate::writer) fn of(pending: Pending) -> Self {
        Self { pending: vec![pending], ..Self::default() }
    }

    /// How many are not decided.
    pub(in crate::writer) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Lets go of all that is not decided.
    pub(in crate::writer) fn take_pending(&mut self) -> Vec<Pending> {
        std::mem::take(&mut self.pending)
    }

    /// The groups of what is pending, in ascending order.
    pub(in crate::writer) fn distinct_groups(&self) -> Vec<GroupId> {
        let mut groups: Vec<GroupId> = self.groups().collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Gives what is pending the names that its groups have now, as far as they are known.
    pub(in crate::writer) fn rename_as(&mut self, current: impl Fn(GroupId) -> Option<Arc<Group>>) {
        for Pending { entry, .. } in &mut self.pending {
            let is_change_of_group = matches!(&entry.kind, NewEntryKind::Record(_));
            if let Some(group) = current(entry.group.id).filter(|_| !is_change_of_group) {
                entry.group = group;
            }
        }
    }

    /// All that is pending, if it is nothing but messages of which nothing has to be found out, none twice.
    pub(in crate::writer) fn plain(&self) -> Option<Vec<NewEntry>> {
        let mut keys = HashSet::new();
        let is_plain = |pending: &Pending| {
            matches!(pending.entry.kind, NewEntryKind::Message { reply_to: None, .. })
                && refusal(&pending.entry).is_none()
                && mentions::question(&pending.entry).is_none()
                && pending.key().is_none_or(|key| keys.insert(key))
        };
        let is_plain = !self.pending.is_empty() && self.pending.iter().all(is_plain);
        is_plain.then(|| self.pending.iter().map(|pending| pending.entry.clone()).collect())
    }

    /// All that is pending is plain and stored, under these numbers.
    pub(in crate::writer) fn place(&mut self, sent: &[Sent]) {
        let mut batch = LogBatch::default();
        for (Pending { entry, sender }, &Sent { id, seq, created_at }) in
            std::mem::take(&mut self.pending).into_iter().zip(sent)
        {
            let NewEntry { group, user, kind, client_id, .. } = entry;
            let NewEntryKind::Message { content, .. } = kind else { continue };
            self.places.push(Place::Message(batch.messages.len()));
            self.senders.push_back(sender);
            let message = Message { id, seq, group, user, content, client_id, created_at, details: None };
            batch.messages.push(message);
        }
        self.numbered = Arc::new(batch);
    }

    /// Gives what is ready its numbers, on from these heads.
    pub(in crate::writer) fn number_on(&mut self, groups: &[GroupId], begun: &Begun) {
        let numbered = number_on(self.ready.drain(..), groups, begun);
        self.numbered = Arc::new(numbered.batch);
        self.places = numbered.places;
    }

    /// Remembers what is pending, for [`rewind`](Self::rewind).
    pub(in crate::writer) fn remember(&self) -> Before {
        Before(self.pending.iter().map(|pending| (pending.sender.index, pending.entry.clone())).collect())
    }

    /// Makes pending again whatever has not got an answer.
    pub(in crate::writer) fn rewind(&mut self, Before(entries): Before) {
        let waiting = std::mem::take(&mut self.senders).into_iter();
        let repeats = std::mem::take(&mut self.repeats).into_iter().map(|repeat| repeat.sender);
        let mut senders: HashMap<usize, Sender> =
            waiting.chain(repeats).map(|sender| (sender.index, sender)).collect();
        let pending = entries
            .into_iter()
            .filter_map(|(index, entry)| Some(Pending { entry, sender: senders.remove(&index)? }));
        *self = Self { pending: pending.collect(), ..Self::default() };
    }
}
