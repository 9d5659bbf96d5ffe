//! Members who may be mentioned.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::column;
use crate::model::limits::MENTIONED_MAX;
use crate::store::{MentionQuestion, Mentioned, StoreResult, row};

/// See [`MessageLog::mentioned`](crate::store::MessageLog::mentioned).
pub(super) fn of(connection: &Connection, questions: &[MentionQuestion]) -> StoreResult<Vec<Mentioned>> {
    questions.iter().map(|question| of_question(connection, question)).collect()
}

fn of_question(connection: &Connection, question: &MentionQuestion) -> StoreResult<Mentioned> {
    let mut select = connection.prepare_cached(
        "SELECT u.id FROM users u JOIN group_memberships m ON m.group_id = ?1 AND m.user_id = u.id
         WHERE u.username = ?2",
    )?;
    let mut answer = Mentioned::default();
    for name in &question.names {
        let id = select
            .query_row(params![question.group.0, name], |row| Ok(column(row, 0, "users", "id")))
            .optional()?
            .transpose()?;
        if let Some(id) = id {
            answer.by_name.push((name.clone(), row::user_id(id, "users", "id")?));
        }
    }
    answer.by_name.sort_unstable_by_key(|(_, user)| *user);
    answer.by_name.dedup();
    if question.everybody {
        answer.everybody = connection
            .prepare_cached(
                "SELECT user_id FROM group_memberships WHERE group_id = ?1 ORDER BY user_id LIMIT ?2",
            )?
            .query_and_then([question.group.0, MENTIONED_MAX as i64], |row| {
                row::user_id(column(row, 0, "group_memberships", "user_id")?, "group_memberships", "user_id")
            })?
            .collect::<StoreResult<_>>()?;
    }
    Ok(answer)
}
