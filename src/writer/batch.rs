//! What goes through one transaction.

mod together;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::answer::WriteError;
use super::decisions::{About, Decision, Decisions};
use super::mentions;
use super::numbering::Numbering;
use super::pending::{Pending, Sender};
use super::ready::{Place, Ready};
use super::renamed::Renamed;
use crate::model::{ChangeKind, GroupId, NewEntry, NewEntryKind};
use crate::store::{LogBatch, MentionQuestion, Mentioned, Sent, SentKey, Target, TargetQuestion};

/// Messages and changes on their way through one transaction, and all who wait for them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Not decided yet.
    pending: Vec<Pending>,
    /// Decided, to be numbered; their senders stand in `senders`.
    ready: Vec<Ready>,
    /// Numbered, to be stored.
    numbered: Arc<LogBatch>,
    /// Where each of the numbered stands.
    places: Vec<Place>,
    /// The senders of what is ready or numbered, in its order.
    senders: VecDeque<Sender>,
    /// What was there already with what stands in the batch before it.
    repeats: Vec<Repeat>,
}

/// One whose answer is that of another.
#[derive(Debug)]
pub(super) struct Repeat {
    pub(super) sender: Sender,
    /// What a retry of it is known by.
    pub(super) key: Option<SentKey>,
    /// The index of the other among what is ready.
    pub(super) first: usize,
}

/// One that goes into no batch: what it asks for is there already, or may not be.
#[derive(Debug)]
pub(super) struct Settled {
    pub(super) sender: Sender,
    /// What a retry of it is known by.
    pub(super) key: Option<SentKey>,
    pub(super) outcome: Result<Sent, WriteError>,
}

impl Batch {
    /// A batch of these, in this order.
    pub(super) fn new(mut pending: Vec<Pending>) -> Self {
        pending.iter_mut().enumerate().for_each(|(index, pending)| pending.sender.index = index);
        Self { pending, ..Self::default() }
    }

    /// Gives what is pending the newest names of its groups: what was accepted before a change of the group may come
    /// after it.
    pub(super) fn rename(&mut self, renamed: &mut Renamed) {
        for Pending { entry, .. } in &mut self.pending {
            if let NewEntryKind::Record(ChangeKind::Group { name: Some(_), .. }) = entry.kind {
                renamed.insert(&entry.group);
            } else if let Some(group) = renamed.get(entry.group.id) {
                entry.group = Arc::clone(group);
            }
        }
    }

    /// Takes out what comes from those who are no members any more, or who spoke by what has ended.
    pub(super) fn take_removed(&mut self) -> Vec<(Pending, WriteError)> {
        if self.pending.iter().all(|pending| absence(&pending.entry).is_none()) {
            return Vec::new();
        }
        let removed = self.pending.extract_if(.., |pending| absence(&pending.entry).is_some());
        removed.filter_map(|pending| absence(&pending.entry).map(|error| (pending, error))).collect()
    }

    /// What retries are known by, for what can be retried.
    pub(super) fn keys(&self) -> Vec<SentKey> {
        self.pending.iter().filter_map(Pending::key).collect()
    }

    /// Takes out what is stored already: `known` says it for each of [`keys`](Self::keys).
    pub(super) fn take_stored(&mut self, known: Vec<Option<Sent>>) -> Vec<(Pending, Sent)> {
        let (mut known, mut stored) = (known.into_iter(), Vec::new());
        for pending in std::mem::take(&mut self.pending) {
            match pending.key().and_then(|_| known.next().flatten()) {
                Some(sent) => stored.push((pending, sent)),
                None => self.pending.push(pending),
            }
        }
        stored
    }

    /// What has to be known of messages before it can be decided.
    pub(super) fn questions(&self) -> Vec<TargetQuestion> {
        self.pending.iter().filter_map(|pending| question(&pending.entry)).collect()
    }

    /// Who may be mentioned in what is pending.
    pub(super) fn mention_questions(&self) -> Vec<MentionQuestion> {
        self.pending.iter().filter_map(|pending| mentions::question(&pending.entry)).collect()
    }

    /// Decides in order what becomes of each; `targets` answers [`questions`](Self::questions) and `mentioned`
    /// [`mention_questions`](Self::mention_questions). What is denied, and what was there already, is taken out.
    pub(super) fn decide(&mut self, targets: Vec<Option<Target>>, mentioned: Vec<Mentioned>) -> Vec<Settled> {
        let mut decisions = Decisions::new(targets, mentioned);
        let (mut settled, mut first_places, mut first_sent) = (Vec::new(), HashMap::new(), HashMap::new());
        for pending in std::mem::take(&mut self.pending) {
            let key = pending.key();
            let target = question(&pending.entry).and_then(|_| decisions.next_target());
            let mentions = decisions.next_mentions(&pending.entry);
            let Pending { entry, sender } = pending;
            if let Some(error) = refusal(&entry) {
                settled.push(Settled { sender, key, outcome: Err(error) });
                continue;
            }
            if let Some(&first) = key.as_ref().and_then(|key| first_places.get(key)) {
                self.repeats.push(Repeat { sender, key, first });
                continue;
            }
            if let Some(&sent) = key.as_ref().and_then(|key| first_sent.get(key)) {
                settled.push(Settled { sender, key, outcome: Ok(sent) });
                continue;
            }
            let index = self.ready.len();
            match decisions.decide(entry, About { target, mentions }, index) {
                Decision::Ready(ready) => {
                    first_places.extend(key.map(|key| (key, index)));
                    self.ready.push(ready);
                    self.senders.push_back(sender);
                }
                Decision::As(first) => {
                    first_places.extend(key.clone().map(|key| (key, first)));
                    self.repeats.push(Repeat { sender, key, first });
                }
                Decision::AsStored(sent) => {
                    first_sent.extend(key.clone().map(|key| (key, sent)));
                    settled.push(Settled { sender, key, outcome: Ok(sent) });
                }
                Decision::Denied(denial) => {
                    settled.push(Settled { sender, key, outcome: Err(WriteError::Denied(denial)) })
                }
            }
        }
        settled
    }

    /// The groups of what is pending.
    pub(super) fn groups(&self) -> impl Iterator<Item = GroupId> {
        self.pending.iter().map(|pending| pending.entry.group.id)
    }

    /// Gives what is ready its numbers.
    pub(super) fn number(&mut self, numbering: &Numbering) {
        let numbered = numbering.number(self.ready.drain(..));
        self.numbered = Arc::new(numbered.batch);
        self.places = numbered.places;
    }

    /// What has its numbers.
    pub(super) fn numbered(&self) -> &Arc<LogBatch> {
        &self.numbered
    }

    /// Where each of it stands, in the order in which it was handed in.
    pub(super) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Lets the sender of the next of it go to be answered.
    pub(super) fn next_sender(&mut self) -> Option<Sender> {
        self.senders.pop_front()
    }

    /// Lets those go who wait for something before theirs to be stored.
    pub(super) fn take_repeats(&mut self) -> Vec<Repeat> {
        std::mem::take(&mut self.repeats)
    }

    /// All who wait for an answer.
    pub(super) fn waiting(&mut self) -> impl Iterator<Item = &mut Sender> {
        let repeats = self.repeats.iter_mut().map(|repeat| &mut repeat.sender);
        let pending = self.pending.iter_mut().map(|pending| &mut pending.sender);
        self.senders.iter_mut().chain(pending).chain(repeats)
    }
}

/// How the sender went, if they may not hand this in for that. Who governs need not be a member.
fn absence(entry: &NewEntry) -> Option<WriteError> {
    if let NewEntryKind::Record(_) = entry.kind {
        return None;
    }
    if entry.validity.as_ref().is_some_and(|validity| validity.is_over()) {
        return Some(WriteError::Ended);
    }
    entry.member.role().err().map(WriteError::Removed)
}

/// What is against this, as far as the sender's membership goes.
fn refusal(entry: &NewEntry) -> Option<WriteError> {
    if let Some(error) = absence(entry) {
        return Some(error);
    }
    // Who may not write may still take back.
    let is_writing = match entry.kind {
        NewEntryKind::Message { .. } | NewEntryKind::Edit { .. } => true,
        NewEntryKind::React { on, .. } => on,
        NewEntryKind::Delete { .. } | NewEntryKind::Record(_) => false,
    };
    (is_writing && entry.member.is_muted(entry.received_at)).then_some(WriteError::Muted)
}

/// What has to be known of a message before this can be decided.
fn question(entry: &NewEntry) -> Option<TargetQuestion> {
    let message = entry.kind.target()?;
    let reaction = match &entry.kind {
        NewEntryKind::React { emoji, .. } => Some((entry.user.id, emoji.clone())),
        _ => None,
    };
    Some(TargetQuestion { group: entry.group.id, message, reaction })
}
