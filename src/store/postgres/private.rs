//! The private groups of pairs.

use deadpool_postgres::{ClientWrapper as Client, Transaction};

use super::groups::{self, COLUMNS};
use super::instant::Instant;
use super::{numbers, standing};
use crate::model::{Group, GroupId, Timestamp, UserId};
use crate::store::{StoreError, StoreResult, row};

/// See [`Directory::private_group`](crate::store::Directory::private_group).
pub(super) async fn of(
    client: &mut Client,
    one: UserId,
    other: UserId,
    name: String,
    now: Timestamp,
) -> StoreResult<Group> {
    let (low, high) = row::pair(one, other);
    let members = if low == high { 1_i64 } else { 2 };
    let complete = client
        .prepare_cached(&format!(
            "{} AND (SELECT count(*) FROM group_memberships m
                     WHERE m.group_id = p.group_id AND m.user_id IN ($1, $2)) = $3",
            known_sql()
        ))
        .await?;
    if let Some(row) = client.query_opt(&complete, &[&low.0, &high.0, &members]).await? {
        return groups::from_row(&row);
    }
    let transaction = client.transaction().await?;
    lock_users(&transaction, low, high).await?;
    // Whoever held the lock before may have made it.
    let known = transaction.prepare_cached(&known_sql()).await?;
    let known = transaction.query_opt(&known, &[&low.0, &high.0]).await?;
    let group = match known.as_ref().map(groups::from_row).transpose()? {
        Some(group) => group,
        None => {
            let group = match shared_by(&transaction, low, high).await? {
                Some(group) => group,
                None => groups::insert(&transaction, &name, true).await?,
            };
            let record = transaction
                .prepare_cached(
                    "INSERT INTO private_pairs (low_user_id, high_user_id, group_id) VALUES ($1, $2, $3)",
                )
                .await?;
            transaction.execute(&record, &[&low.0, &high.0, &group.id.0]).await?;
            group
        }
    };
    admit(&transaction, group.id, low, high, now).await?;
    transaction.commit().await?;
    Ok(group)
}

/// The group known as that of a pair.
fn known_sql() -> String {
    format!(
        "SELECT {COLUMNS} FROM private_pairs p JOIN groups g ON g.id = p.group_id
         WHERE p.low_user_id = $1 AND p.high_user_id = $2"
    )
}

/// Holds up others who ask for a pair of these users, and nobody else: rows that refer to them can come.
async fn lock_users(transaction: &Transaction<'_>, low: UserId, high: UserId) -> StoreResult<()> {
    let lock = transaction
        .prepare_cached(
            "SELECT 1 FROM users WHERE id IN ($1, $2) AND NOT erased ORDER BY id FOR NO KEY UPDATE",
        )
        .await?;
    let found = transaction.query(&lock, &[&low.0, &high.0]).await?.len();
    if found < if low == high { 1 } else { 2 } {
        return Err(StoreError::Missing("user"));
    }
    Ok(())
}

/// The oldest private group with just these two members; none for a user and themself.
async fn shared_by(transaction: &Transaction<'_>, low: UserId, high: UserId) -> StoreResult<Option<Group>> {
    let select = transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM groups g WHERE g.id = (
                 SELECT min(one.group_id) FROM group_memberships one
                 JOIN group_memberships other ON other.group_id = one.group_id
                 JOIN groups shared ON shared.id = one.group_id
                 WHERE one.user_id = $1 AND other.user_id = $2 AND one.user_id <> other.user_id
                   AND shared.is_private
                   AND (SELECT count(*) FROM group_memberships m WHERE m.group_id = shared.id) = 2)"
        ))
        .await?;
    transaction.query_opt(&select, &[&low.0, &high.0]).await?.as_ref().map(groups::from_row).transpose()
}

/// Makes both members, those excepted who are banned, and nobody if the place of one who left is somebody else's now.
async fn admit(
    transaction: &Transaction<'_>,
    group: GroupId,
    low: UserId,
    high: UserId,
    now: Timestamp,
) -> StoreResult<()> {
    standing::lock_group(transaction, group).await?;
    let insert = transaction
        .prepare_cached(&format!(
            "INSERT INTO group_memberships (group_id, user_id, read_seq)
             SELECT $1, u.id, {} FROM users u WHERE u.id IN ($2, $3)
               AND NOT EXISTS (SELECT 1 FROM group_bans b WHERE b.group_id = $1 AND b.user_id = u.id
                               AND (b.until IS NULL OR b.until > $4))
               AND NOT EXISTS (
                   SELECT 1 FROM group_memberships m WHERE m.group_id = $1 AND m.user_id NOT IN ($2, $3))
             ON CONFLICT DO NOTHING",
            numbers::head_sql("$1")
        ))
        .await?;
    transaction.execute(&insert, &[&group.0, &low.0, &high.0, &Instant(now)]).await?;
    Ok(())
}
