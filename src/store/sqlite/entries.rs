//! A group's log: messages and changes in one row.

use rusqlite::{Connection, Row, params};

use super::error::column;
use super::{changes, groups, mentions, messages, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{Change, ChangeKind, Entry, GroupId, Seq, UserId};
use crate::store::change_row::{COLUMNS, ChangeRow, EDITED};
use crate::store::page::Page;
use crate::store::{StoreError, StoreResult, row};

/// The place of the message's present content behind [`COLUMNS`], and of its mentions.
const CONTENT: usize = 17;
const MENTIONS: usize = 18;

/// `?1` is the group, `?2` and `?3` the places between which the entries lie, `?4` how many to bring.
const PLACES: &str = "group_id = ?1 AND seq > ?2 AND seq < ?3 ORDER BY seq LIMIT ?4";

fn messages_sql() -> String {
    format!("SELECT {} FROM messages WHERE {PLACES}", messages::COLUMNS)
}

fn changes_sql() -> String {
    let of_message = |column| {
        format!("CASE kind WHEN {EDITED} THEN (SELECT {column} FROM messages WHERE id = message_id) END")
    };
    format!(
        "SELECT {COLUMNS}, {}, {} FROM log_entries WHERE {PLACES}",
        of_message("content"),
        of_message("mentions")
    )
}

/// See [`MessageLog::entries`](crate::store::MessageLog::entries).
pub(super) fn page(
    connection: &Connection,
    group: GroupId,
    after: Seq,
    before: Seq,
    limit: u64,
) -> StoreResult<Vec<Entry>> {
    // Both tables are read as of one moment.
    let _view = connection.unchecked_transaction()?;
    let limit = row::page_rows(limit);
    let places = params![group.0, after.0, before.0, limit];
    let mut select_messages = connection.prepare_cached(&messages_sql())?;
    let mut select_changes = connection.prepare_cached(&changes_sql())?;
    let (mut messages, mut changes) = (select_messages.query(places)?, select_changes.query(places)?);
    let (mut entries, mut shared, mut bytes) = (Vec::new(), Page::default(), 0);
    let mut message = next_message(connection, messages.next()?, &mut shared)?;
    let mut change = next_change(connection, changes.next()?, &mut shared)?;
    while bytes < PAGE_BYTES_MAX && (entries.len() as i64) < limit {
        let is_message = match (&message, &change) {
            (Some(message), Some(change)) => message.seq() < change.seq(),
            (message, _) => message.is_some(),
        };
        let next = if is_message {
            let next = next_message(connection, messages.next()?, &mut shared)?;
            std::mem::replace(&mut message, next)
        } else {
            let next = next_change(connection, changes.next()?, &mut shared)?;
            std::mem::replace(&mut change, next)
        };
        let Some(entry) = next else { break };
        bytes += content_bytes(&entry);
        entries.push(entry);
    }
    Ok(entries)
}

fn content_bytes(entry: &Entry) -> usize {
    match entry {
        Entry::Message(message) => message.content.len(),
        Entry::Change(Change { kind: ChangeKind::Edited { content, .. }, .. }) => content.len(),
        Entry::Change(_) => 0,
    }
}

fn next_message(
    connection: &Connection,
    row: Option<&Row<'_>>,
    shared: &mut Page,
) -> StoreResult<Option<Entry>> {
    row.map(|row| messages::from_row(connection, row, shared).map(Entry::Message)).transpose()
}

fn next_change(
    connection: &Connection,
    row: Option<&Row<'_>>,
    shared: &mut Page,
) -> StoreResult<Option<Entry>> {
    row.map(|row| from_row(connection, row, shared).map(Entry::Change)).transpose()
}

/// A change from [`COLUMNS`] and what its message says today.
fn from_row(connection: &Connection, row: &Row<'_>, shared: &mut Page) -> StoreResult<Change> {
    let ChangeRow { group, seq, user, created_at, client_id, detail } = changes::read(row)?;
    let group = row::group_id(group, "log_entries", "group_id")?;
    let group = shared.group(group, || {
        groups::by_id(connection, group)?.ok_or_else(|| dangling("group_id", seq, group.0))
    })?;
    let mut user_of = |column, id: UserId| {
        shared.user(id, || users::by_id(connection, id)?.ok_or_else(|| dangling(column, seq, id.0)))
    };
    let user = user_of("user_id", row::user_id(user, "log_entries", "user_id")?)?;
    let today = || {
        let content: Option<Box<str>> = column(row, CONTENT, "messages", "content")?;
        Ok((content.unwrap_or_default(), mentions::read(row, MENTIONS)?))
    };
    Ok(Change {
        seq: row::seq(seq)?,
        group,
        user,
        kind: detail.read(today, |id| user_of("member_id", id))?,
        client_id: client_id.map(Into::into),
        created_at,
    })
}

fn dangling(column: &'static str, seq: i64, absent: i64) -> StoreError {
    let reason = format!("entry {seq} names {absent}, which is not there");
    StoreError::Corrupt { table: "log_entries", column, reason }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{changes_sql, messages_sql};
    use crate::store::sqlite::migrations;

    #[test]
    fn both_tables_are_read_along_their_places() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for sql in [messages_sql(), changes_sql()] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            assert!(plan.contains("(group_id=? AND seq>? AND seq<?)"), "{plan}");
            assert!(!plan.contains("SCAN m") && !plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
