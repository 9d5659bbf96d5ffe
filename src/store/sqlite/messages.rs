//! Messages.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use super::{groups, mentions, places, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{Message, MessageDetails, MessageId, Timestamp};
use crate::store::page::Page;
use crate::store::{MessageFilter, MessagePage, StoreError, StoreResult, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "id, seq, group_id, user_id, content, client_id, created_at, reply_to, thread_id, mentions, \
    edited_at, deleted_at IS NOT NULL";

/// How the messages that a filter lets through are found: where, by what condition, and in what order. `?1` is the
/// group, `?2` the user, `?3` the reader, `?4` and `?5` the places between which a message lies, `?6` the message after
/// which it comes, `?7` the thread.
///
/// Each kind of filter has its index, and a `+` keeps the planner from another. A group's messages are read in
/// the order of their places, which is that of their numbers too; where to go on is the place of `?6`. A thread is its
/// first message and those that name it.
fn filtered(filter: &MessageFilter) -> (&'static str, String, &'static str) {
    let all = "messages";
    let (source, condition, order) = match (filter.group, filter.thread, filter.user) {
        (Some(_), None, None) => (
            all,
            "group_id = ?1 AND id > ?6 AND seq < ?5 AND seq > max(?4,
             coalesce((SELECT seq FROM messages WHERE id = ?6 AND group_id = ?1), 0))",
            "seq",
        ),
        (Some(_), Some(_), _) => (
            "(SELECT * FROM messages WHERE id = ?7 UNION ALL SELECT * FROM messages WHERE thread_id = ?7)",
            "id > ?6 AND +group_id = ?1 AND +seq > ?4 AND +seq < ?5 AND (?2 IS NULL OR +user_id = ?2)",
            "id",
        ),
        (Some(_), None, Some(_)) => {
            (all, "user_id = ?2 AND id > ?6 AND +group_id = ?1 AND +seq > ?4 AND +seq < ?5", "id")
        }
        (None, _, Some(_)) => (all, "user_id = ?2 AND id > ?6", "id"),
        (None, _, None) => (all, "id > ?6", "id"),
    };
    let read = match (filter.reader, filter.group) {
        (None, _) => "",
        (Some(_), Some(_)) => {
            "AND (SELECT 1 FROM group_memberships r WHERE r.group_id = ?1 AND r.user_id = ?3)"
        }
        (Some(_), None) => {
            "AND +group_id IN (SELECT r.group_id FROM group_memberships r WHERE r.user_id = ?3)"
        }
    };
    (source, format!("{condition} {read}"), order)
}

fn page_sql(filter: &MessageFilter) -> String {
    let (source, condition, order) = filtered(filter);
    format!("SELECT {COLUMNS} FROM {source} WHERE {condition} ORDER BY {order} LIMIT ?8 OFFSET ?9")
}

fn newest_sql(filter: &MessageFilter) -> String {
    let (source, condition, order) = filtered(filter);
    format!("SELECT id FROM {source} WHERE {condition} ORDER BY {order} DESC LIMIT 1 OFFSET ?8")
}

/// See [`MessageLog::messages`](crate::store::MessageLog::messages).
pub(super) fn page(connection: &Connection, page: &MessagePage) -> StoreResult<Vec<Message>> {
    let (after_seq, before_seq) = places(&page.filter);
    let mut statement = connection.prepare_cached(&page_sql(&page.filter))?;
    let mut rows = statement.query(params![
        page.filter.group.map(|id| id.0),
        page.filter.user.map(|id| id.0),
        page.filter.reader.map(|id| id.0),
        after_seq,
        before_seq,
        page.after.0,
        page.filter.thread.map(|id| id.0),
        row::page_rows(page.limit),
        row::count(page.skip),
    ])?;
    let (mut messages, mut shared, mut bytes) = (Vec::new(), Page::default(), 0);
    while bytes < PAGE_BYTES_MAX
        && let Some(row) = rows.next()?
    {
        let message = from_row(connection, row, &mut shared)?;
        bytes += message.content.len();
        messages.push(message);
    }
    Ok(messages)
}

/// See [`MessageLog::newest`](crate::store::MessageLog::newest).
pub(super) fn newest(connection: &Connection, filter: &MessageFilter, count: u64) -> StoreResult<MessageId> {
    let (after_seq, before_seq) = places(filter);
    let id = connection
        .prepare_cached(&newest_sql(filter))?
        .query_row(
            params![
                filter.group.map(|id| id.0),
                filter.user.map(|id| id.0),
                filter.reader.map(|id| id.0),
                after_seq,
                before_seq,
                0,
                filter.thread.map(|id| id.0),
                row::count(count)
            ],
            |row| Ok(column(row, 0, "messages", "id")),
        )
        .optional()?;
    id.map_or(Ok(MessageId(0)), |id| row::message_id(id?))
}

/// The message of this number.
pub(super) fn by_id(
    connection: &Connection,
    id: MessageId,
    shared: &mut Page,
) -> StoreResult<Option<Message>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE id = ?1"))?
        .query_row([id.0], |row| Ok(from_row(connection, row, shared)))
        .optional()?
        .transpose()
}

/// Inserts the rows of a batch.
pub(super) fn insert(connection: &Connection, batch: &[Message]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO messages
             (id, seq, group_id, user_id, content, client_id, created_at, reply_to, thread_id, mentions)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    for message in batch {
        insert.raw_bind_parameter(1, message.id.0)?;
        insert.raw_bind_parameter(2, message.seq.0)?;
        insert.raw_bind_parameter(3, message.group.id.0)?;
        insert.raw_bind_parameter(4, message.user.id.0)?;
        insert.raw_bind_parameter(5, &*message.content)?;
        insert.raw_bind_parameter(6, message.client_id.as_deref())?;
        insert.raw_bind_parameter(7, message.created_at.0)?;
        let details = message.details.as_deref();
        insert.raw_bind_parameter(8, details.and_then(|details| details.reply_to).map(|id| id.0))?;
        insert.raw_bind_parameter(9, details.and_then(|details| details.thread_id).map(|id| id.0))?;
        insert.raw_bind_parameter(10, details.and_then(|details| mentions::text(&details.mentions)))?;
        insert.raw_execute()?;
    }
    Ok(())
}

/// Whether each row of the batch is stored just as it stands there.
pub(super) fn are_stored(connection: &Connection, batch: &[Message]) -> StoreResult<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM messages WHERE id = ?1 AND seq = ?2 AND group_id = ?3 AND user_id = ?4
         AND content = ?5 AND client_id IS ?6 AND created_at = ?7 AND reply_to IS ?8 AND thread_id IS ?9
         AND mentions IS ?10",
    )?;
    for message in batch {
        let details = message.details.as_deref();
        let is_stored = statement.exists(params![
            message.id.0,
            message.seq.0,
            message.group.id.0,
            message.user.id.0,
            message.content,
            message.client_id,
            message.created_at.0,
            details.and_then(|details| details.reply_to).map(|id| id.0),
            details.and_then(|details| details.thread_id).map(|id| id.0),
            details.and_then(|details| mentions::text(&details.mentions)),
        ])?;
        if !is_stored {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A message from [`COLUMNS`].
pub(super) fn from_row(connection: &Connection, row: &Row<'_>, shared: &mut Page) -> StoreResult<Message> {
    let id = row::message_id(column(row, 0, "messages", "id")?)?;
    let seq = row::seq(column(row, 1, "messages", "seq")?)?;
    let group = row::group_id(column(row, 2, "messages", "group_id")?, "messages", "group_id")?;
    let user = row::user_id(column(row, 3, "messages", "user_id")?, "messages", "user_id")?;
    let dangling = |column, absent: i64| StoreError::Corrupt {
        table: "messages",
        column,
        reason: format!("message {} names {absent}, which is not there", id.0),
    };
    Ok(Message {
        id,
        seq,
        group: shared.group(group, || {
            groups::by_id(connection, group)?.ok_or_else(|| dangling("group_id", group.0))
        })?,
        user: shared
            .user(user, || users::by_id(connection, user)?.ok_or_else(|| dangling("user_id", user.0)))?,
        content: column(row, 4, "messages", "content")?,
        client_id: column(row, 5, "messages", "client_id")?,
        created_at: Timestamp(column(row, 6, "messages", "created_at")?),
        details: row::details(MessageDetails {
            reply_to: column::<Option<i64>>(row, 7, "messages", "reply_to")?
                .map(row::message_id)
                .transpose()?,
            thread_id: column::<Option<i64>>(row, 8, "messages", "thread_id")?
                .map(row::message_id)
                .transpose()?,
            mentions: mentions::read(row, 9)?,
            edited_at: column::<Option<i64>>(row, 10, "messages", "edited_at")?.map(Timestamp),
            is_deleted: column(row, 11, "messages", "deleted_at")?,
        }),
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{newest_sql, page_sql};
    use crate::model::{GroupId, MessageId, UserId};
    use crate::store::MessageFilter;
    use crate::store::sqlite::migrations;

    #[test]
    fn every_filter_reads_along_its_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        let (thread, by_thread) = (Some(MessageId(1)), "ix_messages_thread (thread_id=? AND id>?)");
        for (group, thread, user, index) in [
            (None, None, None, "INTEGER PRIMARY KEY (rowid>?)"),
            (None, None, Some(UserId(1)), "ix_messages_user (user_id=? AND id>?)"),
            (Some(GroupId(1)), None, Some(UserId(1)), "ix_messages_user (user_id=? AND id>?)"),
            (Some(GroupId(1)), None, None, "ix_messages_place (group_id=? AND seq>? AND seq<?)"),
            (Some(GroupId(1)), thread, None, by_thread),
            (Some(GroupId(1)), thread, Some(UserId(1)), by_thread),
        ] {
            let filters = [None, Some(UserId(1))].map(|reader| MessageFilter {
                group,
                thread,
                user,
                reader,
                ..MessageFilter::default()
            });
            for sql in filters.iter().flat_map(|filter| [page_sql(filter), newest_sql(filter)]) {
                let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
                let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
                let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
                assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
            }
        }
    }
}
