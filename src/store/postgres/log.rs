//! What is asked about messages and changes.

use std::sync::Arc;

use super::{PostgresStore, annotations, entries, messages, numbers};
use crate::model::Annotations;
use crate::model::{Entry, GroupId, Message, MessageId, Seq, Timestamp};
use crate::store::{
    Asked, LogBatch, MentionQuestion, Mentioned, MessageFilter, MessageLog, MessagePage, Sent, SentKey,
    StoreError, Target, TargetQuestion,
};

impl MessageLog for PostgresStore {
    fn messages(&self, page: MessagePage) -> Asked<'_, Vec<Message>> {
        self.ask(move |client| Box::pin(messages::page(client, page)))
    }

    fn newest(&self, filter: MessageFilter, count: u64) -> Asked<'_, MessageId> {
        self.ask(move |client| Box::pin(messages::newest(client, filter, count)))
    }

    fn entries(&self, group: GroupId, after: Seq, before: Seq, limit: u64) -> Asked<'_, Vec<Entry>> {
        self.ask(move |client| Box::pin(entries::page(client, group, after, before, limit)))
    }

    fn message(&self, id: MessageId) -> Asked<'_, Option<Message>> {
        self.ask(move |client| Box::pin(messages::by_id(client, id)))
    }

    fn annotations(&self, messages: Vec<MessageId>) -> Asked<'_, Vec<Annotations>> {
        self.ask(move |client| Box::pin(annotations::of(client, messages)))
    }

    fn targets(&self, questions: Vec<TargetQuestion>) -> Asked<'_, Vec<Option<Target>>> {
        Box::pin(async move { self.writer()?.targets(questions).await })
    }

    fn mentioned(&self, questions: Vec<MentionQuestion>) -> Asked<'_, Vec<Mentioned>> {
        Box::pin(async move { self.writer()?.mentioned(questions).await })
    }

    fn heads(&self, groups: Vec<GroupId>) -> Asked<'_, Vec<Seq>> {
        self.ask(move |client| Box::pin(numbers::heads(client, groups)))
    }

    fn last_message(&self) -> Asked<'_, (MessageId, Timestamp)> {
        self.ask(|client| Box::pin(numbers::last(client)))
    }

    fn find_sent(&self, keys: Vec<SentKey>) -> Asked<'_, Vec<Option<Sent>>> {
        Box::pin(async move { self.writer()?.find_sent(keys).await })
    }

    fn keep_sent(&self, sent: Vec<(SentKey, Sent)>) -> Asked<'_, ()> {
        self.ask(move |client| Box::pin(numbers::keep_sent(client, sent)))
    }

    fn append(&self, batch: Arc<LogBatch>) -> Asked<'_, ()> {
        self.load.during(Box::pin(async move {
            if self.node.is_some() {
                return Err(StoreError::Refused("several nodes store together".into()));
            }
            self.writer()?.append(batch).await
        }))
    }
}
