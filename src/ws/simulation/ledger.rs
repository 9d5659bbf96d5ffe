//! What the model of the store keeps, and what it was promised.

use std::collections::{HashMap, HashSet};

use super::frames::{Frames, Shown};
use super::people::Members;
use super::view::{Reactions, View};
use crate::model::{
    Change, ChangeKind, Entry, GroupId, Message, MessageDetails, MessageId, Seq, Timestamp, UserId,
};
use crate::store::{LogBatch, Sent, SentKey, StoreError, StoreResult, Target, TargetQuestion};

/// Content with this in it is refused.
pub(super) const POISON: &str = "poison";

/// What is stored.
#[derive(Default)]
pub(super) struct Ledger {
    /// In the order in which they came, as they are today.
    pub(super) messages: Vec<Message>,
    /// Where each of them stands.
    places: HashMap<MessageId, usize>,
    /// The newest number and time of each group.
    newest: HashMap<GroupId, (MessageId, Timestamp)>,
    /// Whether several write, so that numbers and times ascend in each group alone.
    is_shared: bool,
    pub(super) members: Members,
    /// In the order in which they came, and as they were then.
    changes: Vec<Change>,
    /// Each group's log.
    groups: HashMap<GroupId, Vec<Place>>,
    pub(super) sent: HashMap<SentKey, Sent>,
    contents: HashSet<Box<str>>,
    /// What has made the content of each message that was changed.
    made_by: HashMap<MessageId, (Seq, Timestamp)>,
    /// The newest word on each reaction, also of those that went.
    reactions: HashMap<MessageId, Words>,
    frames: Frames,
    /// The first promise that was broken by who writes.
    fault: Option<String>,
}

/// The newest word on each user's reactions to a message: whether it is there, and the entry that made it so.
type Words = HashMap<(UserId, Box<str>), (bool, Seq, Timestamp)>;

/// Where an entry stands among those of its kind.
#[derive(Clone, Copy)]
pub(super) enum Place {
    Message(usize),
    Change(usize),
}

impl Ledger {
    /// Several write from now on.
    pub(super) fn share(&mut self) {
        self.is_shared = true;
        self.frames.lines_are_late = true;
    }

    /// Whether several write.
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }

    pub(super) fn head(&self, group: GroupId) -> Seq {
        Seq(self.groups.get(&group).map_or(0, |places| places.len() as i64))
    }

    fn place(&self, group: GroupId, seq: Seq) -> Option<Place> {
        let index = usize::try_from(seq.0).ok()?.checked_sub(1)?;
        self.groups.get(&group)?.get(index).copied()
    }

    pub(super) fn message(&self, group: GroupId, seq: Seq) -> Option<&Message> {
        match self.place(group, seq)? {
            Place::Message(index) => self.messages.get(index),
            Place::Change(_) => None,
        }
    }

    /// The change at this place, as it was then.
    pub(super) fn change(&self, group: GroupId, seq: Seq) -> Option<&Change> {
        match self.place(group, seq)? {
            Place::Message(_) => None,
            Place::Change(index) => self.changes.get(index),
        }
    }

    pub(super) fn find(&self, id: MessageId) -> Option<&Message> {
        self.index(id).map(|index| &self.messages[index])
    }

    fn index(&self, id: MessageId) -> Option<usize> {
        self.places.get(&id).copied()
    }

    /// An entry as it is today.
    pub(super) fn entry(&self, place: Place) -> Entry {
        match place {
            Place::Message(index) => Entry::Message(self.messages[index].clone()),
            Place::Change(index) => Entry::Change(self.today(&self.changes[index])),
        }
    }

    fn today(&self, change: &Change) -> Change {
        let mut change = change.clone();
        if let ChangeKind::Edited { message, content, mentions } = &mut change.kind
            && let Some(today) = self.find(message.id)
        {
            content.clone_from(&today.content);
            *mentions = today.details.as_ref().map(|details| details.mentions.clone()).unwrap_or_default();
        }
        change
    }

    /// The places between these numbers, both exclusive.
    pub(super) fn between(&self, group: GroupId, after: Seq, before: Seq) -> &[Place] {
        let places = self.groups.get(&group).map_or(&[][..], |places| places);
        let end = (before.0.max(1) as usize - 1).min(places.len());
        &places[(after.0.max(0) as usize).min(end)..end]
    }

    /// What a finished frame may show, in ascending order; nothing if it can be none.
    pub(super) fn frame(&self, frame: &[u8]) -> &[Shown] {
        self.frames.get(frame)
    }

    /// The last place before the next entry after this one that text mode shows.
    pub(super) fn over_hidden(&self, group: GroupId, after: Seq) -> Seq {
        let is_hidden = |place: &&Place| match **place {
            Place::Message(_) => false,
            Place::Change(index) => !matches!(self.changes[index].kind, ChangeKind::Edited { .. }),
        };
        let hidden = self.between(group, after, Seq(i64::MAX)).iter().take_while(is_hidden).count();
        Seq(after.0 + hidden as i64)
    }

    pub(super) fn has_content(&self, content: &str) -> bool {
        self.contents.contains(content)
    }

    pub(super) fn take_fault(&mut self) -> Option<String> {
        self.fault.take()
    }

    /// The newest number and time of a group, or of all if one writes them.
    pub(super) fn last_of(&self, group: GroupId) -> (MessageId, Timestamp) {
        match self.is_shared {
            true => self.newest.get(&group).copied().unwrap_or_default(),
            false => self.last(),
        }
    }

    pub(super) fn last(&self) -> (MessageId, Timestamp) {
        let change = self.changes.last().map(|last| last.created_at).unwrap_or_default();
        let (id, at) = self.messages.last().map_or_else(Default::default, |last| (last.id, last.created_at));
        (id, at.max(change))
    }

    /// What the messages of a group are.
    pub(super) fn views(&self, group: GroupId) -> impl Iterator<Item = (MessageId, View)> {
        self.messages.iter().filter(move |message| message.group.id == group).map(move |message| {
            let (is_deleted, edited_at) = message
                .details
                .as_ref()
                .map_or((false, None), |details| (details.is_deleted, details.edited_at));
            let reactions = self.reactions.get(&message.id).into_iter().flatten();
            let there: Reactions = reactions
                .filter(|(_, (on, ..))| *on && !is_deleted)
                .map(|((user, emoji), _)| (user.0, String::from(&**emoji)))
                .collect();
            let edited_at = edited_at.map(|at| String::from_utf8_lossy(&at.to_text()).into_owned());
            (
                message.id,
                View { content: message.content.to_string(), is_deleted, edited_at, reactions: there },
            )
        })
    }

    /// What a change would be about.
    pub(super) fn target(&self, question: &TargetQuestion) -> Option<Target> {
        let message = self.find(question.message).filter(|message| message.group.id == question.group)?;
        let details = message.details.as_ref();
        let known = self.reactions.get(&message.id);
        let there: HashSet<&str> =
            known.into_iter().flatten().filter(|(_, (on, ..))| *on).map(|((_, emoji), _)| &**emoji).collect();
        let asked = question.reaction.as_ref();
        Some(Target {
            seq: message.seq,
            thread_id: details.and_then(|details| details.thread_id),
            sent_at: message.created_at,
            sender: message.user.id,
            content: message.content.clone(),
            made_by: self.made_by.get(&message.id).copied().unwrap_or((message.seq, message.created_at)),
            is_deleted: details.is_some_and(|details| details.is_deleted),
            reaction: asked.and_then(|asked| known?.get(asked).copied()),
            emojis: (there.len(), asked.is_some_and(|(_, emoji)| there.contains(&**emoji))),
        })
    }

    pub(super) fn append(&mut self, batch: &LogBatch) -> StoreResult<()> {
        if let Some(is_same) = self.is_stored(batch).filter(|_| !self.is_shared) {
            return if is_same { Ok(()) } else { Err(StoreError::Refused("a number is in use".into())) };
        }
        let is_poison = |change: &Change| match &change.kind {
            ChangeKind::Edited { content, .. } => content.contains(POISON),
            _ => false,
        };
        if batch.messages.iter().any(|message| message.content.contains(POISON))
            || batch.changes.iter().any(is_poison)
        {
            return Err(StoreError::Refused("poison".into()));
        }
        // One row of numbers runs through both.
        let mut entries: Vec<_> =
            batch.messages.iter().map(|message| (message.created_at, Ok(message))).collect();
        entries.extend(batch.changes.iter().map(|change| (change.created_at, Err(change))));
        entries.sort_by_key(|&(at, _)| at);
        for (_, entry) in entries {
            match entry {
                Ok(message) => self.push(message),
                Err(change) => self.push_change(change),
            }
        }
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
        let is_same_change = |change: &Change| self.change(change.group.id, change.seq) == Some(change);
        let is_same = self.messages.get(messages..messages + batch.messages.len())
            == Some(&batch.messages[..])
            && batch.changes.iter().all(is_same_change);
        Some(is_same)
    }

    fn push_change(&mut self, change: &Change) {
        let group = change.group.id;
        let (id, at) = self.last_of(group);
        let is_next = change.seq == self.head(group).next() && change.created_at > at;
        self.newest.insert(group, (id, change.created_at));
        let is_new = self.note_sent(group, change.user.id, &change.client_id, || Sent {
            id: change.kind.target().map(|message| message.id).unwrap_or_default(),
            seq: change.seq,
            created_at: change.created_at,
        });
        self.groups.entry(group).or_default().push(Place::Change(self.changes.len()));
        self.changes.push(change.clone());
        let has_effect = self.take_effect(change);
        if !(is_next && is_new && has_effect) {
            let fault = format!("stored out of order, twice, or to no effect: {change:?}");
            self.fault.get_or_insert(fault);
        }
        self.check_sender(group, change.user.id, change.seq);
    }

    fn check_sender(&mut self, group: GroupId, user: UserId, seq: Seq) {
        if self.members.is_barred(group, user) {
            let fault = format!("{seq} of group {group} is stored after {user} was taken out");
            self.fault.get_or_insert(fault);
        }
    }

    /// Says whether it was right to make the change.
    fn take_effect(&mut self, change: &Change) -> bool {
        if let ChangeKind::Member { member, .. } = &change.kind {
            self.frames.put_change(change, change.seq);
            return self.members.is_out(change.group.id, member.id);
        }
        let Some(index) = change.kind.target().and_then(|target| self.index(target.id)) else { return false };
        let message = &mut self.messages[index];
        let (id, seq, is_own) = (message.id, change.seq, message.user.id == change.user.id);
        let was_deleted = message.details.as_ref().is_some_and(|details| details.is_deleted);
        if was_deleted || message.group.id != change.group.id {
            return false;
        }
        let is_right = match &change.kind {
            ChangeKind::Edited { content, mentions, .. } => {
                message.content.clone_from(content);
                let details = message.details.get_or_insert_default();
                details.mentions.clone_from(mentions);
                details.edited_at = Some(change.created_at);
                is_own && self.contents.insert(content.clone())
            }
            ChangeKind::Deleted { .. } => {
                message.content = "".into();
                let (reply_to, thread_id) = message
                    .details
                    .take()
                    .map_or((None, None), |details| (details.reply_to, details.thread_id));
                let details =
                    MessageDetails { reply_to, thread_id, is_deleted: true, ..MessageDetails::default() };
                message.details = Some(Box::new(details));
                self.reactions.remove(&id);
                is_own
            }
            ChangeKind::Reaction { emoji, on, .. } => {
                let word = (*on, seq, change.created_at);
                let reactions = self.reactions.entry(id).or_default();
                let before = reactions.insert((change.user.id, emoji.clone()), word);
                self.frames.put_change(change, seq);
                return before.is_some_and(|(was_on, ..)| was_on) != *on;
            }
            ChangeKind::Member { .. } | ChangeKind::Group { .. } => false,
        };
        self.made_by.insert(id, (seq, change.created_at));
        self.frames.put_change(change, seq);
        // What was said before says something else from now on.
        let message = &self.messages[index];
        self.frames.put_message(message, seq);
        let is_of_it = |change: &&Change| change.kind.target().is_some_and(|target| target.id == id);
        for edited in self.changes.iter().filter(|edited| edited.seq < seq).filter(is_of_it) {
            if matches!(edited.kind, ChangeKind::Edited { .. }) {
                self.frames.put_change(&self.today(edited), seq);
            }
        }
        is_right
    }

    fn push(&mut self, message: &Message) {
        let group = message.group.id;
        let is_next = message.seq == self.head(group).next();
        let (id, at) = self.last_of(group);
        let is_later = message.id > id && message.created_at > at && !self.places.contains_key(&message.id);
        self.newest.insert(group, (message.id, message.created_at));
        let is_new = self.note_sent(group, message.user.id, &message.client_id, || Sent {
            id: message.id,
            seq: message.seq,
            created_at: message.created_at,
        });
        let is_single = self.contents.insert(message.content.clone());
        if !(is_next && is_later && is_new && is_single) {
            let (head, last) = (self.head(group), self.last_of(group));
            let fault = format!("stored out of order or twice: {message:?} after {head}, {last:?}");
            self.fault.get_or_insert(fault);
        }
        self.frames.put_message(message, message.seq);
        self.groups.entry(group).or_default().push(Place::Message(self.messages.len()));
        self.places.insert(message.id, self.messages.len());
        self.messages.push(message.clone());
        self.check_sender(group, message.user.id, message.seq);
    }

    /// Notes under which name something was sent, if it has one. Says whether that is new.
    fn note_sent(
        &mut self,
        group: GroupId,
        user: UserId,
        client_id: &Option<Box<str>>,
        sent: impl FnOnce() -> Sent,
    ) -> bool {
        let key = client_id.clone().map(|client_id| SentKey { group, user, client_id });
        key.is_none_or(|key| self.sent.insert(key, sent()).is_none())
    }
}
