//! Filling the index of words, and taking out what must not be found.
//!
//! All of it happens on the connection that writes, so nothing changes between two looks at a message.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Result, Row, params};
use tokio::time::Instant;

use crate::model::{GroupId, MessageId, UserId};
use crate::search::{lexemes, rules};
use crate::store::indexing::Slice;
use crate::store::search::place_lexemes;

/// How long a slice may keep others from writing, but for its last message.
const SLICE_TIME: Duration = Duration::from_millis(5);

/// Messages in a slice.
const SLICE_ROWS: i64 = 500;

/// What the index needs of a message; content that is empty has no words.
const COLUMNS: &str = "m.id, m.group_id, m.user_id, m.content";

/// Empties the index if it was made under other rules. Before anything else is done with it: what is taken out has to be
/// taken apart just as when it was put in.
pub(super) fn prepare(connection: &Connection) -> Result<()> {
    let is_current = "SELECT 1 FROM search_progress WHERE rules = ?1";
    if connection.prepare_cached(is_current)?.exists([rules()])? {
        return Ok(());
    }
    empty(connection)?;
    connection.prepare_cached("UPDATE search_progress SET rules = ?1")?.execute([rules()])?;
    Ok(())
}

/// Empties the index: it begins anew.
pub(super) fn empty(connection: &Connection) -> Result<()> {
    connection.execute_batch(
        "INSERT INTO search_words (search_words) VALUES ('delete-all');
         DELETE FROM search_queue;
         UPDATE search_progress SET last_message_id = 0;",
    )
}

/// Indexes the next messages.
pub(super) fn slice(connection: &Connection) -> Result<Slice> {
    let begun = Instant::now();
    let mut more = queued(connection, begun)?;
    if !more {
        more = new(connection, begun)?;
    }
    // Has what is in memory written now, so that it counts as this slice's time.
    connection.execute_batch("SAVEPOINT indexed; RELEASE indexed")?;
    Ok(Slice { spent: begun.elapsed(), more })
}

/// Indexes edited messages; answers whether there may be more of them.
fn queued(connection: &Connection, begun: Instant) -> Result<bool> {
    let mut select = connection.prepare_cached("SELECT message_id FROM search_queue LIMIT ?1")?;
    let ids = select.query_map([SLICE_ROWS], |row| row.get(0))?.collect::<Result<Vec<i64>>>()?;
    for &id in &ids {
        if begun.elapsed() > SLICE_TIME {
            return Ok(true);
        }
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM messages m WHERE m.id = ?1 AND m.content <> ''"))?
            .query_row([id], |row| put_in(connection, row))
            .optional()?;
        connection.prepare_cached("DELETE FROM search_queue WHERE message_id = ?1")?.execute([id])?;
    }
    Ok(ids.len() as i64 == SLICE_ROWS)
}

/// Indexes new messages; answers whether there may be more of them.
fn new(connection: &Connection, begun: Instant) -> Result<bool> {
    let after = last(connection)?;
    let (mut last, mut more) = (after, false);
    let mut select = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM messages m WHERE m.id > ?1 ORDER BY m.id LIMIT ?2"
    ))?;
    let mut rows = select.query([after, SLICE_ROWS])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        put_in(connection, row)?;
        last = row.get(0)?;
        count += 1;
        if begun.elapsed() > SLICE_TIME || count == SLICE_ROWS {
            more = true;
            break;
        }
    }
    if last > after {
        connection.prepare_cached("UPDATE search_progress SET last_message_id = ?1")?.execute([last])?;
    }
    Ok(more)
}

fn last(connection: &Connection) -> Result<i64> {
    let mut select = connection.prepare_cached("SELECT last_message_id FROM search_progress")?;
    select.query_row([], |row| row.get(0))
}

fn put_in(connection: &Connection, row: &Row<'_>) -> Result<()> {
    let (id, words) = words(row)?;
    if let Some(words) = words {
        let mut insert =
            connection.prepare_cached("INSERT INTO search_words (rowid, words) VALUES (?1, ?2)")?;
        insert.execute(params![id, words])?;
    }
    Ok(())
}

/// The number of a message from [`COLUMNS`], and its lexemes if there is a word in it.
fn words(row: &Row<'_>) -> Result<(i64, Option<String>)> {
    let content = row.get_ref(3)?.as_str()?;
    let of_content = lexemes(content);
    let (group, sender) = (row.get(1)?, row.get(2)?);
    let words = (!of_content.is_empty()).then(|| format!("{of_content} {}", place_lexemes(group, sender)));
    Ok((row.get(0)?, words))
}

/// Takes a message out whose content is about to be changed or taken away.
pub(super) fn take_out(connection: &Connection, id: MessageId) -> Result<()> {
    let indexed = format!(
        "SELECT {COLUMNS} FROM messages m, search_progress p WHERE m.id = ?1 AND m.id <= p.last_message_id
         AND NOT EXISTS (SELECT 1 FROM search_queue q WHERE q.message_id = m.id)"
    );
    let mut select = connection.prepare_cached(&indexed)?;
    let found = select.query_row([id.0], words).optional()?;
    if let Some((id, Some(words))) = found {
        connection
            .prepare_cached(
                "INSERT INTO search_words (search_words, rowid, words) VALUES ('delete', ?1, ?2)",
            )?
            .execute(params![id, words])?;
    }
    Ok(())
}

/// The same of one that has another content afterwards.
pub(super) fn take_out_for_now(connection: &Connection, id: MessageId) -> Result<()> {
    take_out(connection, id)?;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO search_queue SELECT ?1 FROM search_progress WHERE last_message_id >= ?1",
        )?
        .execute([id.0])?;
    Ok(())
}

/// Takes out all messages of a group, which is about to be deleted.
pub(super) fn take_out_group(connection: &Connection, group: GroupId) -> Result<()> {
    take_out_all(connection, "group_id", group.0)
}

/// Takes out all messages of a sender, whose contents are about to be taken away.
pub(super) fn take_out_sender(connection: &Connection, sender: UserId) -> Result<()> {
    take_out_all(connection, "user_id", sender.0)
}

fn take_out_all(connection: &Connection, column_name: &str, value: i64) -> Result<()> {
    let sql = format!("SELECT id FROM messages WHERE {column_name} = ?1 AND content <> ''");
    let mut select = connection.prepare_cached(&sql)?;
    let mut rows = select.query([value])?;
    while let Some(row) = rows.next()? {
        take_out(connection, MessageId(row.get(0)?))?;
    }
    Ok(())
}
