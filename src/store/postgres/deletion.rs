//! Deleting a group.

use deadpool_postgres::{ClientWrapper as Client, Transaction};

use super::error::column;
use super::instant::Instant;
use super::pool::LONG_WORK;
use crate::model::{GroupId, Timestamp};
use crate::store::StoreResult;

/// See [`Moderation::delete_group`](crate::store::Moderation::delete_group). The numbers of its messages are never used
/// again: clients may still know them. The group's own is safe, for it comes from a sequence.
pub(super) async fn delete(client: &mut Client, group: GroupId) -> StoreResult<bool> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(LONG_WORK).await?;
    // The bulk goes before the group is locked, so that what is stored in the meantime waits for little.
    let bulk = delete_messages(&transaction, group).await?;
    let lock = transaction.prepare_cached("SELECT 1 FROM groups WHERE id = $1 FOR UPDATE").await?;
    if transaction.query_opt(&lock, &[&group.0]).await?.is_none() {
        return Ok(false);
    }
    let rest = delete_messages(&transaction, group).await?;
    for table in ["group_memberships", "group_bans", "group_mutes", "private_pairs"] {
        let sql = format!("DELETE FROM {table} WHERE group_id = $1");
        let delete = transaction.prepare_cached(&sql).await?;
        transaction.execute(&delete, &[&group.0]).await?;
    }
    let delete = transaction.prepare_cached("DELETE FROM groups WHERE id = $1").await?;
    transaction.execute(&delete, &[&group.0]).await?;
    if let Some((id, at)) = bulk.max(rest) {
        let note = transaction
            .prepare_cached(
                "UPDATE server SET last_message_id = greatest(last_message_id, $1),
                     last_message_at = greatest(last_message_at, $2)",
            )
            .await?;
        transaction.execute(&note, &[&id, &Instant(at)]).await?;
    }
    transaction.commit().await?;
    Ok(true)
}

/// Answers the highest number that went, and the latest time.
async fn delete_messages(
    transaction: &Transaction<'_>,
    group: GroupId,
) -> StoreResult<Option<(i64, Timestamp)>> {
    let delete = transaction
        .prepare_cached(
            "WITH gone AS (DELETE FROM messages WHERE group_id = $1 RETURNING id, created_at)
             SELECT max(id), max(created_at) FROM gone",
        )
        .await?;
    let row = transaction.query_one(&delete, &[&group.0]).await?;
    let id: Option<i64> = column(&row, 0, "messages", "id")?;
    let at: Option<Instant> = column(&row, 1, "messages", "created_at")?;
    Ok(id.zip(at).map(|(id, at)| (id, at.0)))
}
