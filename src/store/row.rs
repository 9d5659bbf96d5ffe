//! What both databases check in the values they read and turn into parameters of what they ask.

use super::{MessageFilter, StoreError, StoreResult};
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{GroupId, MessageId, Seq, UserId};

/// Message numbers are below this, so that a JavaScript client can hold them exactly.
const MESSAGE_ID_END: i64 = 1 << 53;

/// A user's number as read from `table`.`column`.
pub(super) fn user_id(value: i64, table: &'static str, column: &'static str) -> StoreResult<UserId> {
    positive(value, i64::MAX, table, column).map(UserId)
}

/// A group's number as read from `table`.`column`.
pub(super) fn group_id(value: i64, table: &'static str, column: &'static str) -> StoreResult<GroupId> {
    positive(value, i64::MAX, table, column).map(GroupId)
}

/// A message's number as read from `messages.id`.
pub(super) fn message_id(value: i64) -> StoreResult<MessageId> {
    positive(value, MESSAGE_ID_END, "messages", "id").map(MessageId)
}

/// A message's place as read from `messages.seq`.
pub(super) fn seq(value: i64) -> StoreResult<Seq> {
    positive(value, i64::MAX, "messages", "seq").map(Seq)
}

fn positive(value: i64, end: i64, table: &'static str, column: &'static str) -> StoreResult<i64> {
    if (1..end).contains(&value) {
        Ok(value)
    } else {
        Err(StoreError::Corrupt { table, column, reason: format!("{value} is out of range") })
    }
}

/// How many rows to bring for a `limit`.
pub(super) fn page_rows(limit: u64) -> i64 {
    limit.min(PAGE_ROWS_MAX as u64) as i64
}

/// A count as the databases take it; what is beyond their range is beyond any table too.
pub(super) fn count(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The places that a filter lets through, both exclusive; all of them without a group.
pub(super) fn places(filter: &MessageFilter) -> (i64, i64) {
    if filter.group.is_none() {
        return (0, i64::MAX);
    }
    (filter.after_seq.map_or(0, |seq| seq.0), filter.before_seq.map_or(i64::MAX, |seq| seq.0))
}

/// The two users of a pair in ascending order, so that either may ask.
pub(super) fn pair(one: UserId, other: UserId) -> (UserId, UserId) {
    (one.min(other), one.max(other))
}
