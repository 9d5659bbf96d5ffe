//! Messages.

use std::sync::Arc;

use super::Asked;
use crate::model::{Annotations, Change, Entry, GroupId, Message, MessageId, Seq, Timestamp, UserId};

/// The messages of all groups, in the order of their numbers.
///
/// Whoever lists or searches asks by [`messages`](Self::messages) and [`newest`](Self::newest), from any thread. The
/// writer alone asks [`find_sent`](Self::find_sent) and [`append`](Self::append), one question at a time and best on
/// the runtime that [`open`](super::open) gives for it.
///
/// A new kind of list is a field of [`MessageFilter`], not a method.
pub trait MessageLog: Send + Sync + 'static {
    /// Messages in ascending order of `id`, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less, and
    /// none after the one that brings the contents to [`PAGE_BYTES_MAX`](crate::model::limits::PAGE_BYTES_MAX). So a page may be shorter than was
    /// asked for; an empty page tells that there are no more.
    fn messages(&self, page: MessagePage) -> Asked<'_, Vec<Message>>;

    /// The `id` of the message just before the newest `count` among those `filter` lets through: paging
    /// forward from there reads just these. 0 if there are no more than `count`.
    fn newest(&self, filter: MessageFilter, count: u64) -> Asked<'_, MessageId>;

    /// Entries of a group's log in ascending order of `seq`, those above `after` and below `before`, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them, whichever is less, and none after the
    /// one that brings the contents to [`PAGE_BYTES_MAX`](crate::model::limits::PAGE_BYTES_MAX). Messages and edits have
    /// the content and mentions of today, users and the group the names of today.
    fn entries(&self, group: GroupId, after: Seq, before: Seq, limit: u64) -> Asked<'_, Vec<Entry>>;

    /// The message of this number.
    fn message(&self, id: MessageId) -> Asked<'_, Option<Message>>;

    /// What stands beside these messages of one page, in the same order.
    fn annotations(&self, messages: Vec<MessageId>) -> Asked<'_, Vec<Annotations>>;

    /// What changes are about: for each question the message as it is now, in the same order; `None` if there is no such
    /// message in that group.
    fn targets(&self, questions: Vec<TargetQuestion>) -> Asked<'_, Vec<Option<Target>>>;

    /// Which members of groups have these names, in the same order.
    fn mentioned(&self, questions: Vec<MentionQuestion>) -> Asked<'_, Vec<Mentioned>>;

    /// The highest `seq` in use in each of `groups`, in the same order, over messages and changes; 0 for a group without
    /// any.
    fn heads(&self, groups: Vec<GroupId>) -> Asked<'_, Vec<Seq>>;

    /// The highest message number in use, and the latest `created_at` of a message or change, both 0 in an empty store.
    fn last_message(&self) -> Asked<'_, (MessageId, Timestamp)>;

    /// Which of these retries are known: for each key the message or edit stored under it, if any, in the same
    /// order.
    fn find_sent(&self, keys: Vec<SentKey>) -> Asked<'_, Vec<Option<Sent>>>;

    /// Keeps the names of what was answered without an entry of its own, an edit that changed nothing, so that
    /// [`find_sent`](Self::find_sent) knows them. A name that is kept already stays with what it has.
    ///
    /// # Errors
    /// `StoreError::Refused` if a group or user is gone: nothing was kept.
    fn keep_sent(&self, sent: Vec<(SentKey, Sent)>) -> Asked<'_, ()>;

    /// Stores a batch, all of it or nothing; when this answers `Ok` it survives a loss of power.
    ///
    /// The rows carry their numbers, messages ascending in `id`. A batch that is already stored under the same
    /// numbers is a success too, so a caller who did not learn the outcome asks again with the same batch. Changes take
    /// effect with it: an edited message has its new content, mentions and `edited_at`, nowhere is the old one kept; a
    /// deleted one has none of them and no reactions; reactions come and go. A change may be about a message of an
    /// earlier batch alone; several may be about the same one, and take effect in their order.
    ///
    /// # Errors
    /// - `StoreError::Refused`: a row of this batch can never be stored (its group or user is gone, its
    ///   `client_id` or a number is in use by another message). Nothing was stored.
    /// - `StoreError::Unavailable`: the outcome is not known or nothing was stored; ask again.
    fn append(&self, batch: Arc<LogBatch>) -> Asked<'_, ()>;
}

/// Which messages are meant. Conditions hold together; the default lets all through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Those of this group.
    pub group: Option<GroupId>,
    /// Those of this sender.
    pub user: Option<UserId>,
    /// Those of this thread, its first message among them; nothing without `group`.
    pub thread: Option<MessageId>,
    /// Those of groups that this user belongs to.
    pub reader: Option<UserId>,
    /// Those with a higher place; nothing without `group`.
    pub after_seq: Option<Seq>,
    /// Those with a lower place; nothing without `group`.
    pub before_seq: Option<Seq>,
}

/// One page of messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessagePage {
    /// Which messages are meant.
    pub filter: MessageFilter,
    /// Those above this number. With a group but no user in the filter this is cheap for the number of a
    /// message of that group, as the last of the page before or [`MessageLog::newest`] give it; any other number
    /// makes the store look through the group.
    pub after: MessageId,
    /// How many of them to leave out.
    pub skip: u64,
    /// How many to bring at most.
    pub limit: u64,
}

/// What is stored in one transaction. The numbers of a group's entries run through both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogBatch {
    /// In ascending order of `id`.
    pub messages: Vec<Message>,
    /// In the order in which they take effect.
    pub changes: Vec<Change>,
}

impl LogBatch {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.messages.len() + self.changes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A question about the message that a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TargetQuestion {
    /// The group of the change.
    pub group: GroupId,
    /// The message.
    pub message: MessageId,
    /// Whose reaction it is about, and which.
    pub reaction: Option<(UserId, Box<str>)>,
}

/// A message that a change is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its `seq`.
    pub seq: Seq,
    /// The thread in which it stands, unless it begins one or stands alone.
    pub thread_id: Option<MessageId>,
    /// When it was sent.
    pub sent_at: Timestamp,
    /// Who sent it.
    pub sender: UserId,
    /// Its content of today.
    pub content: Box<str>,
    /// The entry that made the content what it is: the message, its newest edit, or its deletion.
    pub made_by: (Seq, Timestamp),
    /// Whether it was deleted.
    pub is_deleted: bool,
    /// Of the reaction that was asked for: whether it is there, and the entry that made it so; `None` if it never was.
    pub reaction: Option<(bool, Seq, Timestamp)>,
    /// How many different reactions it has, and whether the one that was asked for is among them.
    pub emojis: (usize, bool),
}

/// A question about those who may be mentioned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MentionQuestion {
    /// The group.
    pub group: GroupId,
    /// Names, compared byte by byte.
    pub names: Vec<Box<str>>,
    /// Whether all members are asked for too.
    pub everybody: bool,
}

/// Members of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mentioned {
    /// Those that have one of the names, each with it.
    pub by_name: Vec<(Box<str>, UserId)>,
    /// All of them, at most [`MENTIONED_MAX`](crate::model::limits::MENTIONED_MAX), in ascending order.
    pub everybody: Vec<UserId>,
}

/// What a retry is known by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SentKey {
    /// The group it was sent to.
    pub group: GroupId,
    /// The sender.
    pub user: UserId,
    /// The sender's name for the message.
    pub client_id: Box<str>,
}

/// The numbers of what was stored before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The number of the message; of a change that of the message it is about.
    pub id: MessageId,
    /// Its place in the group.
    pub seq: Seq,
    /// When the server took it.
    pub created_at: Timestamp,
}
