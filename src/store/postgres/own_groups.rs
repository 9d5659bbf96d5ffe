//! The groups of one user.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::{groups, messages, numbers, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{Seq, UserId};
use crate::store::page::Page;
use crate::store::{OwnGroup, StoreResult, row};

/// See [`Moderation::own_groups`](crate::store::Moderation::own_groups).
pub(super) async fn list(client: &Client, user: UserId) -> StoreResult<Vec<OwnGroup>> {
    // As in a page of messages: first the rows and how many bytes come before each, then the contents of those that
    // are sent.
    let select = client
        .prepare_cached(&format!(
            "SELECT m.id, m.seq, CASE WHEN m.bytes_before < {PAGE_BYTES_MAX} THEN m.content END,
                    m.client_id, m.created_at, m.reply_to, m.thread_id, m.mentions, m.edited_at,
                    m.deleted_at IS NOT NULL, {}, {}, m.role, {}
             FROM (SELECT member.group_id, member.role, last.*,
                          coalesce(sum(octet_length(last.content)) OVER (ORDER BY last.id DESC NULLS LAST
                              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
                   FROM group_memberships member LEFT JOIN LATERAL (
                       SELECT id, seq, content, client_id, created_at, reply_to, thread_id, mentions, edited_at,
                              deleted_at, user_id FROM messages
                       WHERE messages.group_id = member.group_id ORDER BY seq DESC LIMIT 1) last ON true
                   WHERE member.user_id = $1) m
             JOIN groups g ON g.id = m.group_id LEFT JOIN users u ON u.id = m.user_id
             ORDER BY m.id DESC NULLS LAST, g.id DESC LIMIT $2",
            users::COLUMNS,
            groups::COLUMNS,
            numbers::head_sql("m.group_id")
        ))
        .await?;
    let rows = client.query(&select, &[&user.0, &row::LIST_ROWS_MAX]).await?;
    let mut shared = Page::default();
    rows.iter().map(|row| from_row(row, &mut shared)).collect()
}

fn from_row(row: &Row, shared: &mut Page) -> StoreResult<OwnGroup> {
    let content: Option<&str> = column(row, 2, "messages", "content")?;
    let role: i16 = column(row, messages::COLUMN_COUNT, "group_memberships", "role")?;
    Ok(OwnGroup {
        group: groups::from_row_at(row, messages::GROUP)?,
        role: row::role(role.into())?,
        head: Seq(column(row, messages::COLUMN_COUNT + 1, "messages", "seq")?),
        last_message: content.map(|_| messages::from_row(row, shared)).transpose()?,
    })
}
