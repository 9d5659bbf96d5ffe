//! The groups of one user.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::{groups, messages, numbers, unread, users};
use crate::model::limits::PAGE_BYTES_MAX;
use crate::model::{Seq, UserId};
use crate::store::page::Page;
use crate::store::{OwnGroup, StoreResult, row};

/// As in a page of messages: first the rows and how many bytes come before each, then the contents of those that are sent.
/// What the user has sent since the last sweep is looked up once for all groups. Each group is found by its number, where
/// a planner that knows nothing of the tables would look through all groups. `$1` is the user, `$2` how many to bring.
fn sql() -> String {
    format!(
        "WITH sent AS MATERIALIZED (
             SELECT group_id, max(seq) AS seq FROM messages
             WHERE user_id = $1 AND {} GROUP BY group_id
         ), sent_to AS MATERIALIZED (SELECT array_agg(group_id) AS groups, array_agg(seq) AS seqs FROM sent)
         SELECT m.id, m.seq, CASE WHEN m.bytes_before < {PAGE_BYTES_MAX} THEN m.content END,
                m.client_id, m.created_at, m.reply_to, m.thread_id, m.mentions, m.edited_at,
                m.deleted_at IS NOT NULL, {}, {}, m.role, m.head, m.mark, {}
         FROM (SELECT mine.*, last.*,
                      coalesce(sum(octet_length(last.content)) OVER (ORDER BY mine.newest DESC NULLS LAST, mine.group_id DESC
                          ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS bytes_before
               FROM (SELECT member.group_id, member.role, {} AS head,
                            (SELECT id FROM messages WHERE group_id = member.group_id ORDER BY seq DESC LIMIT 1) AS newest,
                            greatest(member.read_seq, (
                                SELECT seqs[array_position(groups, member.group_id)] FROM sent_to)) AS mark
                     FROM group_memberships member WHERE member.user_id = $1
                     ORDER BY newest DESC NULLS LAST, member.group_id DESC LIMIT $2) mine
               LEFT JOIN LATERAL (
                   SELECT id, seq, content, client_id, created_at, reply_to, thread_id, mentions, edited_at, deleted_at,
                          user_id FROM messages
                   WHERE messages.group_id = mine.group_id AND deleted_seq IS NULL ORDER BY seq DESC LIMIT 1) last ON true
               ) m
         CROSS JOIN LATERAL (SELECT * FROM groups WHERE id = m.group_id LIMIT 1) g
         LEFT JOIN LATERAL (SELECT * FROM users WHERE id = m.user_id LIMIT 1) u ON true
         ORDER BY m.newest DESC NULLS LAST, g.id DESC",
        unread::UNSWEPT,
        users::COLUMNS,
        groups::COLUMNS,
        unread::columns("m.group_id", "$1", "m.mark", "m.head"),
        numbers::head_sql("member.group_id"),
    )
}

/// See [`Moderation::own_groups`](crate::store::Moderation::own_groups).
pub(super) async fn list(client: &Client, user: UserId) -> StoreResult<Vec<OwnGroup>> {
    let select = client.prepare_cached(&sql()).await?;
    let rows = client.query(&select, &[&user.0, &row::LIST_ROWS_MAX]).await?;
    let mut shared = Page::default();
    rows.iter().map(|row| from_row(row, &mut shared)).collect()
}

fn from_row(row: &Row, shared: &mut Page) -> StoreResult<OwnGroup> {
    let behind = messages::COLUMN_COUNT;
    let content: Option<&str> = column(row, 2, "messages", "content")?;
    let role: i16 = column(row, behind, "group_memberships", "role")?;
    Ok(OwnGroup {
        group: groups::from_row_at(row, messages::GROUP)?,
        role: row::role(role.into())?,
        head: Seq(column(row, behind + 1, "messages", "seq")?),
        read: Seq(column(row, behind + 2, "group_memberships", "read_seq")?),
        unread: unread::from_row(row, behind + 3)?,
        last_message: content.map(|_| messages::from_row(row, shared)).transpose()?,
    })
}
