//! What a member has not read, counted along indexes.

use tokio_postgres::Row;

use super::error::column;
use crate::model::Unread;
use crate::model::limits::UNREAD_MAX;
use crate::store::StoreResult;

/// The two columns that [`from_row`] reads; each argument is a column of the query around. Of the entries after the mark
/// those that are no changes, and no deleted messages. What was cut off counts as read.
/// Between two changes lie as many as their places say, the first of which need not be 1.
pub(super) fn columns(group: &str, user: &str, mark: &str, head: &str) -> String {
    format!(
        "CASE WHEN {mark} < {head} THEN {head} - greatest({mark}, (SELECT first_seq - 1 FROM groups WHERE id = {group}))
             - coalesce((SELECT place + 1 FROM log_entries WHERE group_id = {group} ORDER BY seq DESC LIMIT 1)
                 - (SELECT place FROM log_entries WHERE group_id = {group} AND seq > {mark} ORDER BY seq LIMIT 1), 0)
             - (SELECT count(*) FROM messages
                WHERE group_id = {group} AND seq > {mark} AND deleted_seq IS NOT NULL)
             ELSE 0 END,
         CASE WHEN {mark} < {head} THEN (SELECT count(*) FROM (
                 SELECT 1 FROM mentions
                 WHERE user_id = {user} AND group_id = {group} AND seq > {mark} LIMIT {UNREAD_MAX}) named)
             ELSE 0 END"
    )
}

/// Which messages came after the last sweep. The end that says nothing is for the planner: it knows not where the sweep
/// is, and takes what lies behind a beginning for a third of the table, but what lies between two ends for little, so
/// that it reads them along an index.
pub(super) const UNSWEPT: &str = "id > (SELECT marked_id FROM server) AND id <= 9223372036854775807";

/// The newest `seq` that a user has sent to a group since the last sweep; each argument is a column of the query around.
/// The sums keep the planner from the places of the group, of which it might look at all.
pub(super) fn sent_sql(group: &str, user: &str) -> String {
    format!(
        "(SELECT max(seq + 0) FROM messages
          WHERE user_id = {user} AND {UNSWEPT} AND group_id + 0 = {group})"
    )
}

/// What two columns of [`columns`] say.
pub(super) fn from_row(row: &Row, first: usize) -> StoreResult<Unread> {
    let messages: i64 = column(row, first, "messages", "seq")?;
    let mentions: i64 = column(row, first + 1, "mentions", "seq")?;
    Ok(Unread::new(messages.max(0).unsigned_abs(), mentions.unsigned_abs()))
}
