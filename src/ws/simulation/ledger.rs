//! What the model of the store keeps, and what it was promised.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;

use crate::model::{Change, Entry, GroupId, Message, MessageId, Seq, Timestamp};
use crate::protocol::{event, text};
use crate::store::{LogBatch, Sent, SentKey, StoreError, StoreResult};

/// Content with this in it is refused.
pub(super) const POISON: &str = "poison";

/// What is stored.
#[derive(Default)]
pub(super) struct Ledger {
    /// In ascending order of `id`.
    pub(super) messages: Vec<Message>,
    /// In the order in which they came.
    changes: Vec<Change>,
    /// Each group's log.
    groups: HashMap<GroupId, Vec<Place>>,
    pub(super) sent: HashMap<SentKey, Sent>,
    contents: HashSet<Box<str>>,
    /// Each message's frames as they must go out, in both modes.
    frames: HashMap<Bytes, (GroupId, Seq)>,
    /// The first promise that was broken by who writes.
    fault: Option<String>,
}

/// Where an entry stands among those of its kind.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Message(usize),
    Change(usize),
}

impl Ledger {
    pub(super) fn head(&self, group: GroupId) -> Seq {
        Seq(self.groups.get(&group).map_or(0, |places| places.len() as i64))
    }

    pub(super) fn message(&self, group: GroupId, seq: Seq) -> Option<&Message> {
        let index = usize::try_from(seq.0).ok()?.checked_sub(1)?;
        match *self.groups.get(&group)?.get(index)? {
            Place::Message(index) => self.messages.get(index),
            Place::Change(_) => None,
        }
    }

    pub(super) fn entry(&self, place: Place) -> Entry {
        match place {
            Place::Message(index) => Entry::Message(self.messages[index].clone()),
            Place::Change(index) => Entry::Change(self.changes[index].clone()),
        }
    }

    /// The places between these numbers, both exclusive.
    pub(super) fn between(&self, group: GroupId, after: Seq, before: Seq) -> &[Place] {
        let places = self.groups.get(&group).map_or(&[][..], |places| places);
        let end = (before.0.max(1) as usize - 1).min(places.len());
        &places[(after.0.max(0) as usize).min(end)..end]
    }

    /// Which stored message a finished frame is.
    pub(super) fn frame(&self, frame: &[u8]) -> Option<(GroupId, Seq)> {
        self.frames.get(frame).copied()
    }

    pub(super) fn has_content(&self, content: &str) -> bool {
        self.contents.contains(content)
    }

    pub(super) fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    pub(super) fn last(&self) -> (MessageId, Timestamp) {
        let change = self.changes.last().map(|last| last.created_at).unwrap_or_default();
        let (id, at) = self.messages.last().map_or_else(Default::default, |last| (last.id, last.created_at));
        (id, at.max(change))
    }

    pub(super) fn append(&mut self, batch: &LogBatch) -> StoreResult<()> {
        if let Some(is_same) = self.is_stored(batch) {
            return if is_same { Ok(()) } else { Err(StoreError::Refused("a number is in use".into())) };
        }
        if batch.messages.iter().any(|message| message.content.contains(POISON)) {
            return Err(StoreError::Refused("poison".into()));
        }
        // One row of numbers runs through both.
        let mut changes = batch.changes.iter().peekable();
        for message in &batch.messages {
            while let Some(change) = changes.next_if(|change| change.created_at < message.created_at) {
                self.push_change(change);
            }
            self.push(message);
        }
        changes.for_each(|change| self.push_change(change));
        Ok(())
    }

    /// Whether the batch is stored as it stands there; `None` if nothing of it is.
    fn is_stored(&self, batch: &LogBatch) -> Option<bool> {
        let first_message = batch.messages.first().filter(|first| first.id <= self.last().0);
        let first_change = batch.changes.first().filter(|first| first.seq <= self.head(first.group.id));
        if first_message.is_none() && first_change.is_none() {
            return None;
        }
        let from = |first: &Message| self.messages.partition_point(|message| message.id < first.id);
        let messages = batch.messages.first().map_or(0, from);
        let is_same_change = |change: &Change| {
            let places = self.between(change.group.id, Seq(change.seq.0 - 1), change.seq.next());
            places.first().is_some_and(|&place| self.entry(place) == Entry::Change(change.clone()))
        };
        let is_same = self.messages.get(messages..messages + batch.messages.len())
            == Some(&batch.messages[..])
            && batch.changes.iter().all(is_same_change);
        Some(is_same)
    }

    fn push_change(&mut self, change: &Change) {
        let group = change.group.id;
        if change.seq != self.head(group).next() || change.created_at <= self.last().1 {
            self.fault.get_or_insert_with(|| format!("stored out of order or twice: {change:?}"));
        }
        self.groups.entry(group).or_default().push(Place::Change(self.changes.len()));
        self.changes.push(change.clone());
    }

    fn push(&mut self, message: &Message) {
        let group = message.group.id;
        let is_next = message.seq == self.head(group).next();
        let is_later = (message.id, message.created_at) > self.last() && message.created_at > self.last().1;
        let key =
            message.client_id.clone().map(|client_id| SentKey { group, user: message.user.id, client_id });
        let sent = Sent { id: message.id, seq: message.seq, created_at: message.created_at };
        let is_new = key.is_none_or(|key| self.sent.insert(key, sent).is_none());
        let is_single = self.contents.insert(message.content.clone());
        if !(is_next && is_later && is_new && is_single) {
            let (head, last) = (self.head(group), self.last());
            let fault = format!("stored out of order or twice: {message:?} after {head}, {last:?}");
            self.fault.get_or_insert(fault);
        }
        let (mut json, mut line) = (Vec::new(), Vec::new());
        event::put_message(&mut json, message);
        text::put_message(&mut line, &message.user.username, &message.content);
        self.frames.insert(json.into(), (group, message.seq));
        self.frames.insert(line.into(), (group, message.seq));
        self.groups.entry(group).or_default().push(Place::Message(self.messages.len()));
        self.messages.push(message.clone());
    }
}
