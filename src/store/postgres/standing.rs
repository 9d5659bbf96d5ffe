//! What somebody is to a group.

use deadpool_postgres::{ClientWrapper as Client, Transaction};
use tokio_postgres::Row;

use super::error::column;
use super::instant::Instant;
use super::numbers;
use crate::model::{GroupId, Role, Standing, Timestamp, UserId};
use crate::store::{StoreError, StoreResult, row};

/// What [`from_row`] reads, of the group and user of `asked`. Each is looked up along its index, however many are asked.
pub(super) const COLUMNS: &str =
    "(SELECT role FROM group_memberships m WHERE m.group_id = asked.group_id AND m.user_id = asked.user_id) AS role,
     (SELECT coalesce(until, 'infinity') FROM group_mutes m
      WHERE m.group_id = asked.group_id AND m.user_id = asked.user_id) AS muted_until,
     (SELECT coalesce(until, 'infinity') FROM group_bans b
      WHERE b.group_id = asked.group_id AND b.user_id = asked.user_id) AS banned_until";

/// See [`Moderation::standing`](crate::store::Moderation::standing).
pub(super) async fn of_all(
    client: &Client,
    asked: Vec<(GroupId, UserId)>,
) -> StoreResult<Vec<StoreResult<Standing>>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY
                 AS asked (group_id, user_id, position) ORDER BY position"
        ))
        .await?;
    let (groups, users): (Vec<i64>, Vec<i64>) = asked.iter().map(|(group, user)| (group.0, user.0)).unzip();
    Ok(client.query(&select, &[&groups, &users]).await?.iter().map(|row| from_row(row, 0)).collect())
}

/// The same of one, as the transaction sees it now.
pub(super) async fn of(transaction: &Transaction<'_>, group: GroupId, user: UserId) -> StoreResult<Standing> {
    let select = transaction
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM (SELECT $1::bigint AS group_id, $2::bigint AS user_id) asked"
        ))
        .await?;
    from_row(&transaction.query_one(&select, &[&group.0, &user.0]).await?, 0)
}

/// Makes the user a member who has read all that is there, unless they are one.
pub(super) async fn enter(
    transaction: &Transaction<'_>,
    group: GroupId,
    user: UserId,
    role: Role,
    at: Timestamp,
) -> StoreResult<()> {
    let insert = transaction
        .prepare_cached(&format!(
            "INSERT INTO group_memberships (group_id, user_id, role, joined_at, read_seq)
             VALUES ($1, $2, $3, $4, {}) ON CONFLICT DO NOTHING",
            numbers::head_sql("$1")
        ))
        .await?;
    transaction.execute(&insert, &[&group.0, &user.0, &row::role_number(role), &Instant(at)]).await?;
    Ok(())
}

/// Holds up others who change who belongs to the group, and as what, until the transaction ends; messages can be stored
/// meanwhile. Answers whether the group is private.
pub(super) async fn lock_group(transaction: &Transaction<'_>, group: GroupId) -> StoreResult<bool> {
    let lock = "SELECT is_private FROM groups WHERE id = $1 FOR NO KEY UPDATE";
    let lock = transaction.prepare_cached(lock).await?;
    let row = transaction.query_opt(&lock, &[&group.0]).await?.ok_or(StoreError::Missing("group"))?;
    column(&row, 0, "groups", "is_private")
}

/// A standing from [`COLUMNS`] that begin at `first`.
pub(super) fn from_row(row: &Row, first: usize) -> StoreResult<Standing> {
    let role: Option<i16> = column(row, first, "group_memberships", "role")?;
    let until = |index, table| -> StoreResult<_> {
        Ok(column::<Option<Instant>>(row, index, table, "until")?.map(|instant| instant.0))
    };
    Ok(Standing {
        role: role.map(|role| row::role(role.into())).transpose()?,
        muted_until: until(first + 1, "group_mutes")?,
        banned_until: until(first + 2, "group_bans")?,
    })
}
