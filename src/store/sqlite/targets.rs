//! What changes are about.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use crate::model::{Seq, Timestamp};
use crate::store::{StoreResult, Target, TargetQuestion, row};

/// The message, and what made it what it is.
const MESSAGE: &str = "SELECT seq, user_id, content, coalesce(deleted_seq, edited_seq, seq),
        coalesce(deleted_at, edited_at, created_at), deleted_seq IS NOT NULL, thread_id,
        created_at
    FROM messages WHERE id = ?1 AND group_id = ?2";

const REACTION: &str =
    "SELECT is_on, seq, created_at FROM reactions WHERE message_id = ?1 AND emoji = ?2 AND user_id = ?3";

/// How many different reactions there are, each found from the one before, and whether one is among them.
const EMOJIS: &str = "WITH RECURSIVE found (emoji) AS (
        SELECT min(emoji) FROM reactions INDEXED BY ix_reactions_on WHERE message_id = ?1 AND is_on
        UNION ALL
        SELECT (SELECT min(emoji) FROM reactions INDEXED BY ix_reactions_on WHERE message_id = ?1 AND is_on AND emoji > found.emoji)
        FROM found WHERE found.emoji IS NOT NULL
    )
    SELECT count(emoji), coalesce(max(emoji = ?2), 0) FROM found";

/// See [`MessageLog::targets`](crate::store::MessageLog::targets).
pub(super) fn of(connection: &Connection, questions: &[TargetQuestion]) -> StoreResult<Vec<Option<Target>>> {
    questions.iter().map(|question| of_question(connection, question)).collect()
}

fn of_question(connection: &Connection, question: &TargetQuestion) -> StoreResult<Option<Target>> {
    let message = question.message.0;
    let target = connection
        .prepare_cached(MESSAGE)?
        .query_row([message, question.group.0], |row| Ok(from_row(row)))
        .optional()?
        .transpose()?;
    let Some(target) = target else { return Ok(None) };
    let emoji = question.reaction.as_ref().map(|(_, emoji)| &**emoji);
    let (count, is_among): (i64, bool) = connection
        .prepare_cached(EMOJIS)?
        .query_row(params![message, emoji], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let reaction = match &question.reaction {
        Some((user, emoji)) => connection
            .prepare_cached(REACTION)?
            .query_row(params![message, emoji, user.0], |row| {
                Ok((row.get(0)?, Seq(row.get(1)?), Timestamp(row.get(2)?)))
            })
            .optional()?,
        None => None,
    };
    Ok(Some(Target { reaction, emojis: (count.unsigned_abs() as usize, is_among), ..target }))
}

fn from_row(row: &Row<'_>) -> StoreResult<Target> {
    let thread: Option<i64> = column(row, 6, "messages", "thread_id")?;
    Ok(Target {
        seq: row::seq(column(row, 0, "messages", "seq")?)?,
        thread_id: thread.map(row::message_id).transpose()?,
        sent_at: Timestamp(column(row, 7, "messages", "created_at")?),
        sender: row::user_id(column(row, 1, "messages", "user_id")?, "messages", "user_id")?,
        content: column(row, 2, "messages", "content")?,
        made_by: (
            row::seq(column(row, 3, "messages", "seq")?)?,
            Timestamp(column(row, 4, "messages", "created_at")?),
        ),
        is_deleted: column(row, 5, "messages", "deleted_seq")?,
        reaction: None,
        emojis: (0, false),
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{EMOJIS, MESSAGE, REACTION};
    use crate::store::sqlite::migrations;

    #[test]
    fn nothing_is_looked_through() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for (sql, index) in [
            (MESSAGE, "INTEGER PRIMARY KEY (rowid=?)"),
            (REACTION, "PRIMARY KEY (message_id=? AND emoji=? AND user_id=?)"),
            (EMOJIS, "ix_reactions_on (message_id=? AND emoji>?)"),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            assert!(plan.contains(index) && !plan.contains("SCAN reactions"), "{plan}");
        }
    }
}
