//! Deleting a group.

use deadpool_postgres::{ClientWrapper as Client, Transaction};

use super::error::column;
use super::instant::Instant;
use super::pool::LONG_WORK;
use super::{notices, search_index};
use crate::model::{GroupId, NodeId, Timestamp};
use crate::store::{Notice, StoreResult};

/// See [`Moderation::delete_group`](crate::store::Moderation::delete_group). The numbers of its messages are never used
/// again: clients may still know them. The group's own is safe, for it comes from a sequence.
pub(super) async fn delete(client: &mut Client, node: Option<NodeId>, group: GroupId) -> StoreResult<bool> {
    if !close(client, group).await? {
        return Ok(false);
    }
    let deleted = delete_closed(client, node, group).await;
    if !matches!(deleted, Ok(true)) {
        client.execute(OPEN, &[&group.0]).await?;
        client.execute(FORGET, &[&group.0]).await?;
    }
    deleted
}

const CLOSE: &str =
    "UPDATE group_heads SET closed_until = clock_timestamp() + interval '11 min' WHERE group_id = $1";
const OPEN: &str = "UPDATE group_heads SET closed_until = NULL WHERE group_id = $1";
const FORGET: &str = "DELETE FROM group_heads
    WHERE group_id = $1 AND NOT EXISTS (SELECT 1 FROM groups WHERE id = $1)";

/// Has nodes refuse what is sent to the group, rather than wait for its end while they hold what others wait for; `false`
/// if there is no such group.
async fn close(client: &mut Client, group: GroupId) -> StoreResult<bool> {
    if client.query_opt("SELECT 1 FROM groups WHERE id = $1", &[&group.0]).await?.is_none() {
        return Ok(false);
    }
    if client.execute(CLOSE, &[&group.0]).await? == 0 {
        let transaction = client.transaction().await?;
        transaction.execute("SELECT lock_heads(ARRAY[$1::bigint])", &[&group.0]).await?;
        transaction.execute(CLOSE, &[&group.0]).await?;
        transaction.commit().await?;
    }
    Ok(true)
}

async fn delete_closed(client: &mut Client, node: Option<NodeId>, group: GroupId) -> StoreResult<bool> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LONG_WORK).await?;
    // The bulk goes before the group is locked, so that what is stored in the meantime waits for little.
    let bulk = delete_log(&transaction, group).await?;
    let lock = transaction.prepare_cached("SELECT 1 FROM groups WHERE id = $1 FOR UPDATE").await?;
    if transaction.query_opt(&lock, &[&group.0]).await?.is_none() {
        return Ok(false);
    }
    let rest = delete_log(&transaction, group).await?;
    for table in ["sent_ids", "group_memberships", "group_bans", "group_mutes", "private_pairs"] {
        let sql = format!("DELETE FROM {table} WHERE group_id = $1");
        let delete = transaction.prepare_cached(&sql).await?;
        transaction.execute(&delete, &[&group.0]).await?;
    }
    let delete = transaction.prepare_cached("DELETE FROM groups WHERE id = $1").await?;
    transaction.execute(&delete, &[&group.0]).await?;
    search_index::take_out_group(&transaction, group).await?;
    if let Some(at) = bulk.1.max(rest.1) {
        let id = bulk.0.max(rest.0);
        let note = transaction
            .prepare_cached(
                "UPDATE server SET last_message_id = greatest(last_message_id, $1),
                     last_message_at = greatest(last_message_at, $2)",
            )
            .await?;
        transaction.execute(&note, &[&id, &Instant(at)]).await?;
    }
    notices::write(&transaction, node, &[Notice::GroupDeleted(group)]).await?;
    // Last, for nodes wait for it that are about to refuse something.
    transaction.execute("DELETE FROM group_heads WHERE group_id = $1", &[&group.0]).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Takes messages and changes; answers the highest number of a message that went, and the latest time.
async fn delete_log(transaction: &Transaction<'_>, group: GroupId) -> StoreResult<(i64, Option<Timestamp>)> {
    let delete = transaction
        .prepare_cached(
            "WITH gone AS (DELETE FROM messages WHERE group_id = $1 RETURNING id, created_at, seq, mentions),
                  forgotten AS (
                      DELETE FROM mentions m USING gone CROSS JOIN LATERAL unnest(gone.mentions) AS named
                      WHERE m.user_id = named AND m.group_id = $1 AND m.seq = gone.seq),
                  also AS (DELETE FROM log_entries WHERE group_id = $1 RETURNING created_at)
             SELECT coalesce((SELECT max(id) FROM gone), 0),
                    greatest((SELECT max(created_at) FROM gone), (SELECT max(created_at) FROM also))",
        )
        .await?;
    let row = transaction.query_one(&delete, &[&group.0]).await?;
    let at: Option<Instant> = column(&row, 1, "messages", "created_at")?;
    Ok((column(&row, 0, "messages", "id")?, at.map(|at| at.0)))
}
