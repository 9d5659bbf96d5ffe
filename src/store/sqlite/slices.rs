//! Cutting off a part of a log.

use rusqlite::{Connection, params};

use super::error::column;
use super::search_index;
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{GroupId, Seq, Timestamp};
use crate::store::slice::{Old, Slice};
use crate::store::{Cut, CutEnd, StoreResult, row};

const OLD_MESSAGES: &str = "SELECT seq, created_at, id, octet_length(content) FROM messages
     WHERE group_id = ?1 ORDER BY seq LIMIT ?2";
const OLD_CHANGES: &str = "SELECT seq, created_at FROM log_entries WHERE group_id = ?1 ORDER BY seq LIMIT ?2";

/// What [`Retention::cut`](crate::store::Retention::cut) is to cut off.
pub(super) fn find(connection: &Connection, group: GroupId, end: CutEnd) -> StoreResult<Option<Slice>> {
    // Both tables are read as of one moment.
    let _view = connection.unchecked_transaction()?;
    let rows = params![group.0, PAGE_ROWS_MAX as i64];
    let mut select = connection.prepare_cached(OLD_MESSAGES)?;
    let messages = select.query_and_then(rows, |row| -> StoreResult<Old> {
        let bytes: i64 = column(row, 3, "messages", "content")?;
        Ok(Old {
            seq: row::seq(column(row, 0, "messages", "seq")?)?,
            created_at: Timestamp(column(row, 1, "messages", "created_at")?),
            message: Some((
                row::message_id(column(row, 2, "messages", "id")?)?,
                bytes.unsigned_abs() as usize,
            )),
        })
    })?;
    let messages = messages.collect::<StoreResult<Vec<_>>>()?;
    let mut select = connection.prepare_cached(OLD_CHANGES)?;
    let changes = select.query_and_then(rows, |row| -> StoreResult<Old> {
        Ok(Old {
            seq: row::seq(column(row, 0, "log_entries", "seq")?)?,
            created_at: Timestamp(column(row, 1, "log_entries", "created_at")?),
            message: None,
        })
    })?;
    Ok(Slice::of(group, messages, changes.collect::<StoreResult<Vec<_>>>()?, end))
}

/// Those who send once more get their first answer. `?1` is the group, `?2` the place before which all goes, here and
/// below.
const KEEP_SENT: [&str; 2] = [
    "INSERT INTO sent_ids (group_id, user_id, client_id, message_id, seq, created_at)
     SELECT group_id, user_id, client_id, id, seq, created_at FROM messages
     WHERE group_id = ?1 AND seq < ?2 AND +client_id IS NOT NULL ON CONFLICT DO NOTHING",
    "INSERT INTO sent_ids (group_id, user_id, client_id, message_id, seq, created_at)
     SELECT group_id, user_id, client_id, message_id, seq, created_at FROM log_entries
     WHERE group_id = ?1 AND seq < ?2 AND +client_id IS NOT NULL ON CONFLICT DO NOTHING",
];

/// Who has sent something has read up to it, also when it is gone before a sweep has come to it.
const KEEP_MARKS: &str = "UPDATE group_memberships AS member SET read_seq = sent.seq
     FROM (SELECT user_id, max(seq) AS seq FROM messages WHERE group_id = ?1 AND seq < ?2 GROUP BY +user_id) sent
     WHERE member.group_id = ?1 AND member.user_id = sent.user_id AND member.read_seq < sent.seq";

const FORGET_MENTIONS: &str = "DELETE FROM mentions WHERE (user_id, group_id, seq) IN (
     SELECT named.value, m.group_id, m.seq FROM messages m, json_each(m.mentions) named
     WHERE m.group_id = ?1 AND m.seq < ?2 AND m.mentions IS NOT NULL)";

/// Reactions go with their messages.
const DELETE: [&str; 2] = [
    "DELETE FROM messages WHERE group_id = ?1 AND seq < ?2",
    "DELETE FROM log_entries WHERE group_id = ?1 AND seq < ?2",
];

/// Cuts off what was [found](find). A group that was deleted meanwhile has nothing to cut off.
pub(super) fn cut(connection: &Connection, slice: &Slice) -> StoreResult<Option<Cut>> {
    let begins = connection
        .prepare_cached("UPDATE groups SET first_seq = max(first_seq, ?2) WHERE id = ?1")?
        .execute(params![slice.group.0, slice.first.0])?;
    if begins == 0 {
        return Ok(None);
    }
    // Whatever else knows of these messages, or is true only while they are there, is put right here, before they go.
    for &message in &slice.messages {
        search_index::take_out(connection, message)?;
    }
    for sql in KEEP_SENT.into_iter().chain([KEEP_MARKS, FORGET_MENTIONS]).chain(DELETE) {
        connection.prepare_cached(sql)?.execute(params![slice.group.0, slice.first.0])?;
    }
    // Their numbers are never used again, also when nothing is left.
    connection
        .prepare_cached(
            "UPDATE server SET last_message_id = max(last_message_id, ?1), last_message_at = max(last_message_at, ?2)",
        )?
        .execute(params![slice.last_message(), slice.last_at.0])?;
    let first = connection
        .prepare_cached("SELECT first_seq FROM groups WHERE id = ?1")?
        .query_row([slice.group.0], |row| row.get(0))?;
    Ok(Some(slice.cut(Seq(first))))
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{DELETE, FORGET_MENTIONS, KEEP_MARKS, KEEP_SENT, OLD_CHANGES, OLD_MESSAGES};
    use crate::store::sqlite::migrations;

    #[test]
    fn only_what_goes_is_looked_at() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        let (messages, changes) =
            ("messages USING INDEX ix_messages_place (group_id=?", "log_entries USING ");
        for (sql, index) in [
            (OLD_MESSAGES, messages),
            (OLD_CHANGES, changes),
            (KEEP_SENT[0], messages),
            (KEEP_SENT[1], changes),
            (KEEP_MARKS, "ix_messages_place (group_id=? AND seq<?)"),
            (FORGET_MENTIONS, "ix_messages_place (group_id=? AND seq<?)"),
            (DELETE[0], "ix_messages_place (group_id=? AND seq<?)"),
            (DELETE[1], "log_entries USING PRIMARY KEY (group_id=? AND seq<?)"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            // At most a slice's own senders are sorted.
            assert!(plan.contains(index) && (sql == KEEP_MARKS || !plan.contains("TEMP B-TREE")), "{plan}");
            let plan = plan.replace("SCAN sent", "").replace("SCAN named", "");
            assert!(!plan.contains("SCAN ") && !plan.contains("ix_log_entries_client_id"), "{plan}");
        }
    }
}
