//! A group's log as a naive model keeps it, beside the store that is held against it.

use std::sync::Arc;

use groupcast::model::{Annotations, ReactionCount};
use groupcast::model::{
    Change, ChangeKind, Entry, Group, Message, MessageDetails, MessageId, MessageKey, Seq, Timestamp, User,
    UserId,
};
use groupcast::store::{LogBatch, Store, Target, TargetQuestion};

use super::{NOW, group, user};

/// Two users in one group, all that has happened there, and what has happened since the last batch.
pub(super) struct Chronicle {
    pub(super) group: Arc<Group>,
    pub(super) alice: Arc<User>,
    pub(super) bob: Arc<User>,
    entries: Vec<Entry>,
    pub(super) batch: LogBatch,
    last_id: i64,
    /// Where the log begins.
    pub(super) first: Seq,
}

impl Chronicle {
    pub(super) async fn begin(store: &Store) -> Self {
        let (alice, bob) = (user(store, "alice").await, user(store, "bob").await);
        let group = group(store, "general").await;
        Self { group, alice, bob, entries: Vec::new(), batch: LogBatch::default(), last_id: 0, first: Seq(1) }
    }

    fn next(&self) -> (Seq, Timestamp) {
        let seq = self.entries.len() as i64 + 1;
        (Seq(seq), Timestamp(NOW.0 + seq))
    }

    pub(super) fn say(
        &mut self,
        user: &Arc<User>,
        content: &str,
        details: Option<MessageDetails>,
    ) -> MessageKey {
        let (seq, created_at) = self.next();
        self.last_id += 1;
        let message = Message {
            id: MessageId(self.last_id),
            seq,
            group: self.group.clone(),
            user: user.clone(),
            content: content.into(),
            client_id: None,
            created_at,
            details: details.map(Box::new),
        };
        let key = message.key();
        self.batch.messages.push(message.clone());
        self.entries.push(Entry::Message(message));
        key
    }

    pub(super) fn change(&mut self, user: &Arc<User>, kind: ChangeKind) -> Change {
        self.change_as(user, kind, None)
    }

    pub(super) fn change_as(
        &mut self,
        user: &Arc<User>,
        kind: ChangeKind,
        client_id: Option<&str>,
    ) -> Change {
        let (seq, created_at) = self.next();
        let client_id = client_id.map(Into::into);
        let change =
            Change { seq, group: self.group.clone(), user: user.clone(), kind, client_id, created_at };
        self.batch.changes.push(change.clone());
        self.entries.push(Entry::Change(change.clone()));
        change
    }

    pub(super) fn edit(
        &mut self,
        user: &Arc<User>,
        message: MessageKey,
        content: &str,
        mentions: &[UserId],
    ) -> Change {
        self.change(user, ChangeKind::Edited { message, content: content.into(), mentions: mentions.into() })
    }

    pub(super) fn delete(&mut self, user: &Arc<User>, message: MessageKey) -> Change {
        self.change(user, ChangeKind::Deleted { message })
    }

    pub(super) fn react(&mut self, user: &Arc<User>, message: MessageKey, emoji: &str, on: bool) -> Change {
        self.change(user, ChangeKind::Reaction { message, emoji: emoji.into(), on })
    }

    /// Stores what has happened since the last time.
    pub(super) async fn commit(&mut self, store: &Store) -> Arc<LogBatch> {
        let batch = Arc::new(std::mem::take(&mut self.batch));
        store.log.append(batch.clone()).await.unwrap();
        batch
    }

    /// The highest number of a message so far.
    pub(super) fn last_id(&self) -> i64 {
        self.last_id
    }

    /// The highest `seq` so far.
    pub(super) fn head(&self) -> i64 {
        self.entries.len() as i64
    }

    /// Whether this message was sent and is not cut off.
    pub(super) fn is_there(&self, id: MessageId) -> bool {
        (1..=self.last_id).contains(&id.0) && self.today(id).seq >= self.first
    }

    fn changes(&self) -> impl DoubleEndedIterator<Item = &Change> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Change(change) => Some(change),
            Entry::Message(_) => None,
        })
    }

    fn deletion(&self, id: MessageId) -> Option<&Change> {
        self.changes()
            .find(|change| matches!(change.kind, ChangeKind::Deleted { message } if message.id == id))
    }

    fn last_edit(&self, id: MessageId) -> Option<&Change> {
        self.changes()
            .rfind(|change| matches!(change.kind, ChangeKind::Edited { message, .. } if message.id == id))
    }

    /// A message as it is today.
    pub(super) fn today(&self, id: MessageId) -> Message {
        let as_sent = self.entries.iter().find_map(|entry| match entry {
            Entry::Message(message) if message.id == id => Some(message),
            _ => None,
        });
        let mut message = as_sent.unwrap().clone();
        let mut details = message.details.take().map(|details| *details).unwrap_or_default();
        if self.deletion(id).is_some() {
            message.content = "".into();
            details = MessageDetails { is_deleted: true, mentions: [].into(), edited_at: None, ..details };
        } else if let Some(change) = self.last_edit(id)
            && let ChangeKind::Edited { content, mentions, .. } = &change.kind
        {
            message.content = content.clone();
            details =
                MessageDetails { mentions: mentions.clone(), edited_at: Some(change.created_at), ..details };
        }
        message.details = (details != MessageDetails::default()).then(|| Box::new(details));
        message
    }

    /// The log as it is read today.
    pub(super) fn entries(&self) -> Vec<Entry> {
        self.entries
            .iter()
            .filter(|entry| entry.seq() >= self.first)
            .map(|entry| match entry {
                Entry::Message(message) => Entry::Message(self.today(message.id)),
                Entry::Change(change) => Entry::Change(match change.kind {
                    ChangeKind::Edited { message, .. } if message.seq < self.first => {
                        let kind = ChangeKind::Edited { message, content: "".into(), mentions: [].into() };
                        Change { kind, ..change.clone() }
                    }
                    ChangeKind::Edited { message, .. } => {
                        let Message { content, details, .. } = self.today(message.id);
                        let mentions = details.map(|details| details.mentions).unwrap_or_default();
                        Change { kind: ChangeKind::Edited { message, content, mentions }, ..change.clone() }
                    }
                    _ => change.clone(),
                }),
            })
            .collect()
    }

    pub(super) fn messages(&self) -> Vec<Message> {
        let ids = (1..=self.last_id).map(MessageId).filter(|id| self.is_there(*id));
        ids.map(|id| self.today(id)).collect()
    }

    /// The last word on each reaction to a message, in the order of the log.
    fn reactions(&self, id: MessageId) -> Vec<(&str, UserId, bool, &Change)> {
        if self.deletion(id).is_some() || !self.is_there(id) {
            return Vec::new();
        }
        let mut reactions: Vec<(&str, UserId, bool, &Change)> = Vec::new();
        for change in self.changes() {
            if let ChangeKind::Reaction { message, emoji, on } = &change.kind
                && message.id == id
            {
                reactions.retain(|(other, user, ..)| (*other, *user) != (&**emoji, change.user.id));
                reactions.push((emoji, change.user.id, *on, change));
            }
        }
        reactions
    }

    pub(super) fn annotations(&self, id: MessageId) -> Annotations {
        let mut reactions: Vec<ReactionCount> = Vec::new();
        for (emoji, user, ..) in self.reactions(id).into_iter().filter(|(_, _, on, _)| *on) {
            match reactions.iter_mut().find(|count| *count.emoji == *emoji) {
                Some(count) => {
                    count.count += 1;
                    count.users.push(user);
                }
                None => reactions.push(ReactionCount { emoji: emoji.into(), count: 1, users: vec![user] }),
            }
        }
        reactions.iter_mut().for_each(|count| count.users.truncate(10));
        let replies = self.messages().into_iter().filter(|message| {
            message
                .details
                .as_ref()
                .is_some_and(|details| details.thread_id == Some(id) && !details.is_deleted)
        });
        let times: Vec<Timestamp> = replies.map(|message| message.created_at).collect();
        Annotations { reactions, replies: times.len() as u64, last_reply_at: times.last().copied() }
    }

    pub(super) fn target(&self, question: &TargetQuestion) -> Option<Target> {
        if question.group != self.group.id || !self.is_there(question.message) {
            return None;
        }
        let today = self.today(question.message);
        let made_by = self.deletion(today.id).or_else(|| self.last_edit(today.id));
        let reactions = self.reactions(today.id);
        let asked = question.reaction.as_ref();
        let is_asked = |emoji: &str, user| asked.is_some_and(|(by, of)| (**of == *emoji) && *by == user);
        let mut emojis: Vec<&str> =
            reactions.iter().filter(|(_, _, on, _)| *on).map(|(emoji, ..)| *emoji).collect();
        emojis.sort_unstable();
        emojis.dedup();
        Some(Target {
            seq: today.seq,
            thread_id: today.details.as_ref().and_then(|details| details.thread_id),
            sent_at: today.created_at,
            sender: today.user.id,
            content: today.content.clone(),
            made_by: made_by.map_or((today.seq, today.created_at), |change| (change.seq, change.created_at)),
            is_deleted: today.details.is_some_and(|details| details.is_deleted),
            reaction: reactions
                .iter()
                .find(|(emoji, user, ..)| is_asked(emoji, *user))
                .map(|(_, _, on, change)| (*on, change.seq, change.created_at)),
            emojis: (emojis.len(), asked.is_some_and(|(_, of)| emojis.contains(&&**of))),
        })
    }

    /// Asserts that the store has all of it just so.
    pub(super) async fn check(&self, store: &Store) {
        let entries = store.log.entries(self.group.id, Seq(0), Seq(i64::MAX), u64::MAX).await.unwrap();
        let expected = self.entries();
        assert_eq!(entries, expected[..entries.len()]);
        assert_eq!(entries.len(), expected.len().min(groupcast::model::limits::PAGE_ROWS_MAX));
        let ids: Vec<MessageId> = (0..=self.last_id + 1).map(MessageId).collect();
        let annotations = store.log.annotations(ids.clone()).await.unwrap();
        for (&id, annotations) in ids.iter().zip(annotations) {
            let message = self.is_there(id).then(|| self.today(id));
            assert_eq!(store.log.message(id).await.unwrap(), message);
            assert_eq!(annotations, self.annotations(id), "{id}");
        }
        let heads = store.log.heads(vec![self.group.id]).await.unwrap();
        assert_eq!(heads, [Seq(self.entries.len() as i64)]);
        let at = Timestamp(if self.entries.is_empty() { 0 } else { NOW.0 + heads[0].0 });
        assert_eq!(store.log.last_message().await.unwrap(), (MessageId(self.last_id), at));
        let reactions = [None, Some((self.alice.id, "+1".into())), Some((self.bob.id, "🎉".into()))];
        let questions: Vec<TargetQuestion> = ids
            .into_iter()
            .flat_map(|message| {
                let group = self.group.id;
                reactions.clone().map(|reaction| TargetQuestion { group, message, reaction })
            })
            .collect();
        let targets = store.log.targets(questions.clone()).await.unwrap();
        let expected: Vec<_> = questions.iter().map(|question| self.target(question)).collect();
        assert_eq!(targets, expected);
    }
}
