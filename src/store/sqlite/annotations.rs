//! What stands beside messages.

use rusqlite::Connection;

use super::error::column;
use crate::model::{Annotations, ReactionCount};
use crate::model::{MessageId, Timestamp};
use crate::store::row::REACTION_USERS_MAX;
use crate::store::{StoreResult, row};

/// See [`MessageLog::annotations`](crate::store::MessageLog::annotations).
pub(super) fn of(connection: &Connection, messages: &[MessageId]) -> StoreResult<Vec<Annotations>> {
    // All of it is read as of one moment.
    let _view = connection.unchecked_transaction()?;
    messages.iter().map(|&message| of_message(connection, message)).collect()
}

fn of_message(connection: &Connection, message: MessageId) -> StoreResult<Annotations> {
    let (replies, last_reply_at) = connection
        .prepare_cached(
            "SELECT count(*), max(created_at) FROM messages WHERE thread_id = ?1 AND deleted_at IS NULL",
        )?
        .query_row([message.0], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?)))?;
    Ok(Annotations {
        reactions: reactions(connection, message)?,
        replies: replies.unsigned_abs(),
        last_reply_at: last_reply_at.map(Timestamp),
    })
}

fn reactions(connection: &Connection, message: MessageId) -> StoreResult<Vec<ReactionCount>> {
    let mut select = connection.prepare_cached(
        "SELECT emoji, count(*) FROM reactions WHERE message_id = ?1 AND is_on GROUP BY emoji ORDER BY min(seq)",
    )?;
    let mut select_users = connection.prepare_cached(
        "SELECT user_id FROM reactions WHERE message_id = ?1 AND emoji = ?2 AND is_on ORDER BY seq LIMIT ?3",
    )?;
    let mut rows = select.query([message.0])?;
    let mut reactions = Vec::new();
    while let Some(row) = rows.next()? {
        let emoji: Box<str> = column(row, 0, "reactions", "emoji")?;
        let count: i64 = column(row, 1, "reactions", "emoji")?;
        let users = select_users
            .query_and_then((message.0, &*emoji, REACTION_USERS_MAX), |row| {
                row::user_id(column(row, 0, "reactions", "user_id")?, "reactions", "user_id")
            })?
            .collect::<StoreResult<_>>()?;
        reactions.push(ReactionCount { emoji, count: count.unsigned_abs(), users });
    }
    Ok(reactions)
}
