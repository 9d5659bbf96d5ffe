//! Whom a content mentions, as a JSON array; and as rows, by whom messages are found that mention somebody.

use rusqlite::{Connection, Row};

use super::error::column;
use crate::model::{Mentions, MessageId, UserId};
use crate::store::{StoreError, StoreResult, row};

/// As `messages.mentions` has it.
pub(super) fn text(mentions: &[UserId]) -> Option<String> {
    row::mentions_text(mentions, ['[', ']'])
}

/// As read from this column.
pub(super) fn read(row: &Row<'_>, index: usize) -> StoreResult<Mentions> {
    let Some(text) = column::<Option<String>>(row, index, "messages", "mentions")? else {
        return Ok(Mentions::default());
    };
    let number = |number: &str| {
        let reason = || format!("{text} is no list of numbers");
        let corrupt = || StoreError::Corrupt { table: "messages", column: "mentions", reason: reason() };
        row::user_id(number.trim().parse().map_err(|_| corrupt())?, "messages", "mentions")
    };
    text.trim_start_matches('[').trim_end_matches(']').split(',').map(number).collect()
}

/// Makes the rows of a message that is stored.
pub(super) fn note(connection: &Connection, message: MessageId) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO mentions (user_id, group_id, seq)
             SELECT named.value, m.group_id, m.seq FROM messages m, json_each(m.mentions) named WHERE m.id = ?1",
        )?
        .execute([message.0])
        .map(drop)
}

/// Takes the rows of a message, while it still says whom it mentions.
pub(super) fn forget(connection: &Connection, message: MessageId) -> rusqlite::Result<()> {
    forget_all(connection, "id", message.0)
}

/// The same of all messages in which this column has this value.
pub(super) fn forget_all(connection: &Connection, column: &str, value: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(&format!(
            "DELETE FROM mentions WHERE (user_id, group_id, seq) IN (
                 SELECT named.value, m.group_id, m.seq FROM messages m, json_each(m.mentions) named
                 WHERE m.{column} = ?1 AND m.mentions IS NOT NULL)"
        ))?
        .execute([value])
        .map(drop)
}
