//! What changes are about.

use tokio_postgres::{Client, Row, Statement};

use super::error::column;
use super::instant::Instant;
use super::messages::created_at;
use crate::model::{Seq, Timestamp};
use crate::store::{StoreResult, Target, TargetQuestion, row};

/// What [`of`] asks. The different reactions of a message are found each from the one before, however often each is
/// there.
pub(super) const QUESTION: &str = "
    SELECT m.seq, m.user_id, m.content, coalesce(m.deleted_seq, m.edited_seq, m.seq),
           coalesce(m.deleted_at, m.edited_at, m.created_at), m.deleted_seq IS NOT NULL,
           r.is_on, r.seq, r.created_at, emojis.count, coalesce(emojis.is_among, false), m.thread_id, m.created_at
    FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) WITH ORDINALITY
        AS asked (group_id, message_id, user_id, emoji, position)
    LEFT JOIN LATERAL (
        SELECT * FROM messages WHERE id = asked.message_id AND group_id = asked.group_id LIMIT 1) m ON true
    LEFT JOIN LATERAL (
        SELECT is_on, seq, created_at FROM reactions
        WHERE message_id = asked.message_id AND emoji = asked.emoji AND user_id = asked.user_id LIMIT 1) r ON true
    LEFT JOIN LATERAL (
        WITH RECURSIVE found (emoji) AS (
            SELECT (SELECT min(emoji) FROM reactions WHERE message_id = m.id AND is_on)
            UNION ALL
            SELECT (SELECT min(emoji) FROM reactions WHERE message_id = m.id AND is_on AND emoji > found.emoji)
            FROM found WHERE found.emoji IS NOT NULL
        )
        SELECT count(emoji) AS count, bool_or(emoji = asked.emoji) AS is_among FROM found) emojis ON true
    ORDER BY position";

/// See [`MessageLog::targets`](crate::store::MessageLog::targets).
pub(super) async fn of(
    client: &Client,
    select: &Statement,
    questions: &[TargetQuestion],
) -> StoreResult<Vec<Option<Target>>> {
    let groups: Vec<i64> = questions.iter().map(|question| question.group.0).collect();
    let messages: Vec<i64> = questions.iter().map(|question| question.message.0).collect();
    let reactions = || questions.iter().map(|question| question.reaction.as_ref());
    let users: Vec<Option<i64>> = reactions().map(|asked| asked.map(|(user, _)| user.0)).collect();
    let emojis: Vec<Option<&str>> = reactions().map(|asked| asked.map(|(_, emoji)| &**emoji)).collect();
    let rows = client.query(select, &[&groups, &messages, &users, &emojis]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> StoreResult<Option<Target>> {
    let Some(seq) = column(row, 0, "messages", "seq")? else { return Ok(None) };
    let thread: Option<i64> = column(row, 11, "messages", "thread_id")?;
    Ok(Some(Target {
        seq: row::seq(seq)?,
        thread_id: thread.map(row::message_id).transpose()?,
        sent_at: created_at(row, 12)?,
        sender: row::user_id(column(row, 1, "messages", "user_id")?, "messages", "user_id")?,
        content: column::<&str>(row, 2, "messages", "content")?.into(),
        made_by: (row::seq(column(row, 3, "messages", "seq")?)?, created_at(row, 4)?),
        is_deleted: column(row, 5, "messages", "deleted_seq")?,
        reaction: reaction(row)?,
        emojis: (
            column::<i64>(row, 9, "reactions", "emoji")?.unsigned_abs() as usize,
            column(row, 10, "reactions", "emoji")?,
        ),
    }))
}

fn reaction(row: &Row) -> StoreResult<Option<(bool, Seq, Timestamp)>> {
    let Some(is_on) = column(row, 6, "reactions", "is_on")? else { return Ok(None) };
    let at: Instant = column(row, 8, "reactions", "created_at")?;
    Ok(Some((is_on, row::seq(column(row, 7, "reactions", "seq")?)?, at.0)))
}
