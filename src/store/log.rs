//! Messages.

use std::sync::Arc;

use super::Asked;
use crate::model::{GroupId, Message, MessageId, Seq, Timestamp, UserId};

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

    /// The highest `seq` in use in each of `groups`, in the same order; 0 for a group without messages.
    fn heads(&self, groups: Vec<GroupId>) -> Asked<'_, Vec<Seq>>;

    /// The highest message number in use and the `created_at` of that message, both 0 in an empty store.
    fn last_message(&self) -> Asked<'_, (MessageId, Timestamp)>;

    /// Which of these retries are known: for each key the message stored under it, if any, in the same
    /// order.
    fn find_sent(&self, keys: Vec<SentKey>) -> Asked<'_, Vec<Option<Sent>>>;

    /// Stores a batch, all of it or nothing; when this answers `Ok` it survives a loss of power.
    ///
    /// The rows carry their numbers, ascending in `id`. A batch that is already stored under the same
    /// numbers is a success too, so a caller who did not learn the outcome asks again with the same batch.
    ///
    /// # Errors
    /// - `StoreError::Refused`: a row of this batch can never be stored (its group or user is gone, its
    ///   `client_id` or a number is in use by another message). Nothing was stored.
    /// - `StoreError::Unavailable`: the outcome is not known or nothing was stored; ask again.
    fn append(&self, batch: Arc<[Message]>) -> Asked<'_, ()>;
}

/// Which messages are meant. Conditions hold together; the default lets all through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessageFilter {
    /// Those of this group.
    pub group: Option<GroupId>,
    /// Those of this sender.
    pub user: Option<UserId>,
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

/// The numbers of a message that was stored before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its number.
    pub id: MessageId,
    /// Its place in the group.
    pub seq: Seq,
    /// When the server took it.
    pub created_at: Timestamp,
}
