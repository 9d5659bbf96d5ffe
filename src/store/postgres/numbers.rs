//! Which numbers and names are in use.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::{Row, Statement};

use super::error::column;
use super::instant::Instant;
use crate::model::{GroupId, MessageId, Seq, Timestamp};
use crate::store::{Sent, SentKey, StoreResult, row};

/// See [`MessageLog::last_message`](crate::store::MessageLog::last_message). Counts those that went with their group, or were
/// cut off.
pub(super) async fn last(client: &Client) -> StoreResult<(MessageId, Timestamp)> {
    let select = client
        .prepare_cached(
            "SELECT greatest(last_message_id, id),
                    greatest(last_message_at, created_at, (SELECT max(created_at) FROM log_entries))
             FROM server LEFT JOIN (SELECT id, created_at FROM messages ORDER BY id DESC LIMIT 1) last ON true",
        )
        .await?;
    let row = client.query_one(&select, &[]).await?;
    let id = column(&row, 0, "messages", "id")?;
    Ok((if id == 0 { MessageId(0) } else { row::message_id(id)? }, created_at(&row, 1)?))
}

/// The number of a group's newest entry, of which `group` is a column of the query around; 0 without any. Counts those
/// that were cut off.
pub(super) fn head_sql(group: &str) -> String {
    format!(
        "greatest((SELECT max(seq) FROM messages WHERE group_id = {group}),
                  (SELECT max(seq) FROM log_entries WHERE group_id = {group}),
                  (SELECT first_seq - 1 FROM groups WHERE id = {group}), 0)"
    )
}

/// See [`MessageLog::heads`](crate::store::MessageLog::heads).
pub(super) async fn heads(client: &Client, groups: Vec<GroupId>) -> StoreResult<Vec<Seq>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {} FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (group_id, position) ORDER BY position",
            head_sql("asked.group_id")
        ))
        .await?;
    let groups: Vec<i64> = groups.iter().map(|id| id.0).collect();
    let rows = client.query(&select, &[&groups]).await?;
    rows.iter().map(|row| column(row, 0, "messages", "seq").map(Seq)).collect()
}

/// What [`find_sent`] asks.
pub(super) const FIND_SENT: &str = "SELECT coalesce(m.id, e.message_id, s.message_id), coalesce(m.seq, e.seq, s.seq),
        coalesce(m.created_at, e.created_at, s.created_at)
    FROM unnest($1::bigint[], $2::bigint[], $3::text[]) WITH ORDINALITY AS asked (group_id, user_id, client_id, position)
    LEFT JOIN messages m ON m.group_id = asked.group_id AND m.user_id = asked.user_id
         AND m.client_id = asked.client_id
    LEFT JOIN log_entries e ON e.group_id = asked.group_id AND e.user_id = asked.user_id
         AND e.client_id = asked.client_id
    LEFT JOIN sent_ids s ON s.group_id = asked.group_id AND s.user_id = asked.user_id
         AND s.client_id = asked.client_id
    ORDER BY position";

/// See [`MessageLog::find_sent`](crate::store::MessageLog::find_sent).
pub(super) async fn find_sent(
    client: &tokio_postgres::Client,
    select: &Statement,
    keys: &[SentKey],
) -> StoreResult<Vec<Option<Sent>>> {
    let groups: Vec<i64> = keys.iter().map(|key| key.group.0).collect();
    let users: Vec<i64> = keys.iter().map(|key| key.user.0).collect();
    let client_ids: Vec<&str> = keys.iter().map(|key| &*key.client_id).collect();
    let rows = client.query(select, &[&groups, &users, &client_ids]).await?;
    rows.iter()
        .map(|row| {
            let Some(id) = column(row, 0, "messages", "id")? else { return Ok(None) };
            Ok(Some(Sent {
                id: row::message_id(id)?,
                seq: row::seq(column(row, 1, "messages", "seq")?)?,
                created_at: created_at(row, 2)?,
            }))
        })
        .collect()
}

/// See [`MessageLog::keep_sent`](crate::store::MessageLog::keep_sent).
pub(super) async fn keep_sent(client: &Client, sent: Vec<(SentKey, Sent)>) -> StoreResult<()> {
    let insert = client
        .prepare_cached(
            "INSERT INTO sent_ids (group_id, user_id, client_id, message_id, seq, created_at)
             SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::timestamptz[])
             ON CONFLICT DO NOTHING",
        )
        .await?;
    let of_keys = |number: fn(&SentKey) -> i64| sent.iter().map(|(key, _)| number(key)).collect::<Vec<_>>();
    let (groups, users) = (of_keys(|key| key.group.0), of_keys(|key| key.user.0));
    let client_ids: Vec<&str> = sent.iter().map(|(key, _)| &*key.client_id).collect();
    let messages: Vec<i64> = sent.iter().map(|(_, sent)| sent.id.0).collect();
    let seqs: Vec<i64> = sent.iter().map(|(_, sent)| sent.seq.0).collect();
    let times: Vec<Instant> = sent.iter().map(|(_, sent)| Instant(sent.created_at)).collect();
    client.execute(&insert, &[&groups, &users, &client_ids, &messages, &seqs, &times]).await?;
    Ok(())
}

fn created_at(row: &Row, index: usize) -> StoreResult<Timestamp> {
    column::<Instant>(row, index, "messages", "created_at").map(|instant| instant.0)
}
