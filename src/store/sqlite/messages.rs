//! Messages.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::{column, is_duplicate};
use super::{groups, places, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{GroupId, Message, MessageId, Seq, Timestamp};
use crate::store::page::Page;
use crate::store::{MessageFilter, MessagePage, Sent, SentKey, StoreError, StoreResult, row};

/// The columns that [`from_row`] reads.
const COLUMNS: &str = "id, seq, group_id, user_id, content, client_id, created_at";

/// How the messages that a filter lets through are found, and in what order. `?1` is the group, `?2` the
/// user, `?3` the reader, `?4` and `?5` the places between which a message lies, `?6` the message after which it comes.
///
/// Each kind of filter has its index, and a `+` keeps the planner from another. A group's messages are read in
/// the order of their places, which is that of their numbers too; where to go on is the place of `?6`.
fn filtered(filter: &MessageFilter) -> (String, &'static str) {
    let (condition, order) = match (filter.group, filter.user) {
        (Some(_), None) => (
            "group_id = ?1 AND id > ?6 AND seq < ?5 AND seq > max(?4,
             coalesce((SELECT seq FROM messages WHERE id = ?6 AND group_id = ?1), 0))",
            "seq",
        ),
        (Some(_), Some(_)) => {
            ("user_id = ?2 AND id > ?6 AND +group_id = ?1 AND +seq > ?4 AND +seq < ?5", "id")
        }
        (None, Some(_)) => ("user_id = ?2 AND id > ?6", "id"),
        (None, None) => ("id > ?6", "id"),
    };
    let read = match (filter.reader, filter.group) {
        (None, _) => "",
        (Some(_), Some(_)) => {
            "AND EXISTS (SELECT 1 FROM group_memberships r WHERE r.group_id = ?1 AND r.user_id = ?3)"
        }
        (Some(_), None) => {
            "AND +group_id IN (SELECT r.group_id FROM group_memberships r WHERE r.user_id = ?3)"
        }
    };
    (format!("{condition} {read}"), order)
}

fn page_sql(filter: &MessageFilter) -> String {
    let (condition, order) = filtered(filter);
    format!("SELECT {COLUMNS} FROM messages WHERE {condition} ORDER BY {order} LIMIT ?7 OFFSET ?8")
}

fn newest_sql(filter: &MessageFilter) -> String {
    let (condition, order) = filtered(filter);
    format!("SELECT id FROM messages WHERE {condition} ORDER BY {order} DESC LIMIT 1 OFFSET ?7")
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
                row::count(count)
            ],
            |row| Ok(column(row, 0, "messages", "id")),
        )
        .optional()?;
    id.map_or(Ok(MessageId(0)), |id| row::message_id(id?))
}

/// See [`MessageLog::last_message`](crate::store::MessageLog::last_message). Counts those that went with their group.
pub(super) fn last(connection: &Connection) -> StoreResult<(MessageId, Timestamp)> {
    let mut select = connection.prepare_cached(
        "SELECT max(last_message_id, coalesce(id, 0)), max(last_message_at, coalesce(created_at, 0))
         FROM server LEFT JOIN (SELECT id, created_at FROM messages ORDER BY id DESC LIMIT 1)",
    )?;
    select.query_row([], |row| {
        Ok(column(row, 0, "messages", "id").and_then(|id| {
            let id = if id == 0 { MessageId(0) } else { row::message_id(id)? };
            Ok((id, Timestamp(column(row, 1, "messages", "created_at")?)))
        }))
    })?
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

/// See [`MessageLog::heads`](crate::store::MessageLog::heads).
pub(super) fn heads(connection: &Connection, groups: &[GroupId]) -> StoreResult<Vec<Seq>> {
    let mut statement =
        connection.prepare_cached("SELECT coalesce(max(seq), 0) FROM messages WHERE group_id = ?1")?;
    groups.iter().map(|group| Ok(Seq(statement.query_row([group.0], |row| row.get(0))?))).collect()
}

/// See [`MessageLog::find_sent`](crate::store::MessageLog::find_sent).
pub(super) fn find_sent(connection: &Connection, keys: &[SentKey]) -> StoreResult<Vec<Option<Sent>>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, seq, created_at FROM messages WHERE group_id = ?1 AND user_id = ?2 AND client_id = ?3",
    )?;
    keys.iter()
        .map(|key| {
            statement
                .query_row(params![key.group.0, key.user.0, key.client_id], |row| {
                    Ok(column(row, 0, "messages", "id").and_then(|id| {
                        Ok(Sent {
                            id: row::message_id(id)?,
                            seq: row::seq(column(row, 1, "messages", "seq")?)?,
                            created_at: Timestamp(column(row, 2, "messages", "created_at")?),
                        })
                    }))
                })
                .optional()?
                .transpose()
        })
        .collect()
}

/// Inserts the rows of a batch.
pub(super) fn insert(connection: &Connection, batch: &[Message]) -> rusqlite::Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO messages (id, seq, group_id, user_id, content, client_id, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for message in batch {
        insert.raw_bind_parameter(1, message.id.0)?;
        insert.raw_bind_parameter(2, message.seq.0)?;
        insert.raw_bind_parameter(3, message.group.id.0)?;
        insert.raw_bind_parameter(4, message.user.id.0)?;
        insert.raw_bind_parameter(5, &*message.content)?;
        insert.raw_bind_parameter(6, message.client_id.as_deref())?;
        insert.raw_bind_parameter(7, message.created_at.0)?;
        insert.raw_execute()?;
    }
    Ok(())
}

/// What a batch that failed with this error, and was taken back, has come to: it may have been stored before.
pub(super) fn resolve(connection: &Connection, batch: &[Message], error: rusqlite::Error) -> StoreResult<()> {
    if is_duplicate(&error) {
        return if is_stored(connection, batch)? { Ok(()) } else { Err(StoreError::Refused(error.into())) };
    }
    Err(error.into())
}

/// Whether each row of the batch is stored just as it stands there.
fn is_stored(connection: &Connection, batch: &[Message]) -> StoreResult<bool> {
    let mut statement = connection.prepare_cached(
        "SELECT 1 FROM messages WHERE id = ?1 AND seq = ?2 AND group_id = ?3 AND user_id = ?4
         AND content = ?5 AND client_id IS ?6 AND created_at = ?7",
    )?;
    for message in batch {
        let is_stored = statement.exists(params![
            message.id.0,
            message.seq.0,
            message.group.id.0,
            message.user.id.0,
            message.content,
            message.client_id,
            message.created_at.0,
        ])?;
        if !is_stored {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A message from [`COLUMNS`].
fn from_row(connection: &Connection, row: &Row<'_>, shared: &mut Page) -> StoreResult<Message> {
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
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{newest_sql, page_sql};
    use crate::model::{GroupId, UserId};
    use crate::store::MessageFilter;
    use crate::store::sqlite::migrations;

    #[test]
    fn every_filter_reads_along_its_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for (group, user, index) in [
            (None, None, "INTEGER PRIMARY KEY (rowid>?)"),
            (None, Some(UserId(1)), "ix_messages_user (user_id=? AND id>?)"),
            (Some(GroupId(1)), Some(UserId(1)), "ix_messages_user (user_id=? AND id>?)"),
            (Some(GroupId(1)), None, "ix_messages_place (group_id=? AND seq>? AND seq<?)"),
        ] {
            let filters = [None, Some(UserId(1))].map(|reader| MessageFilter {
                group,
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
