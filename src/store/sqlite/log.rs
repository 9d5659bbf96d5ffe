//! What is asked about messages and changes.

use std::sync::Arc;

use super::{SqliteStore, annotations, entries, mentioned, messages, numbers, targets};
use crate::model::Annotations;
use crate::model::{Entry, GroupId, Message, MessageId, Seq, Timestamp};
use crate::store::page::Page;
use crate::store::{
    Asked, LogBatch, MentionQuestion, Mentioned, MessageFilter, MessageLog, MessagePage, Sent, SentKey,
    Target, TargetQuestion,
};

impl MessageLog for SqliteStore {
    fn messages(&self, page: MessagePage) -> Asked<'_, Vec<Message>> {
        self.read(move |connection| messages::page(connection, &page))
    }

    fn newest(&self, filter: MessageFilter, count: u64) -> Asked<'_, MessageId> {
        self.read(move |connection| messages::newest(connection, &filter, count))
    }

    fn entries(&self, group: GroupId, after: Seq, before: Seq, limit: u64) -> Asked<'_, Vec<Entry>> {
        self.read(move |connection| entries::page(connection, group, after, before, limit))
    }

    fn message(&self, id: MessageId) -> Asked<'_, Option<Message>> {
        self.read(move |connection| messages::by_id(connection, id, &mut Page::default()))
    }

    fn annotations(&self, messages: Vec<MessageId>) -> Asked<'_, Vec<Annotations>> {
        self.read(move |connection| annotations::of(connection, &messages))
    }

    fn targets(&self, questions: Vec<TargetQuestion>) -> Asked<'_, Vec<Option<Target>>> {
        self.writer.read(move |connection| targets::of(connection, &questions))
    }

    fn mentioned(&self, questions: Vec<MentionQuestion>) -> Asked<'_, Vec<Mentioned>> {
        self.writer.read(move |connection| mentioned::of(connection, &questions))
    }

    fn heads(&self, groups: Vec<GroupId>) -> Asked<'_, Vec<Seq>> {
        self.read(move |connection| numbers::heads(connection, &groups))
    }

    fn last_message(&self) -> Asked<'_, (MessageId, Timestamp)> {
        self.read(|connection| numbers::last(connection))
    }

    fn find_sent(&self, keys: Vec<SentKey>) -> Asked<'_, Vec<Option<Sent>>> {
        self.writer.read(move |connection| numbers::find_sent(connection, &keys))
    }

    fn keep_sent(&self, sent: Vec<(SentKey, Sent)>) -> Asked<'_, ()> {
        self.writer.write(move |connection| numbers::keep_sent(connection, &sent))
    }

    fn append(&self, batch: Arc<LogBatch>) -> Asked<'_, ()> {
        self.load.during(self.writer.append(batch))
    }
}
