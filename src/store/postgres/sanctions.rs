//! Bans and mutes.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::instant::Instant;
use super::notices::{self, Kind, noted};
use super::{members, standing, users};
use crate::model::{GroupId, NodeId, Removal, Timestamp, UserId};
use crate::store::{NewSanction, Removed, Sanction, StoreResult, row};

/// See [`Moderation::ban`](crate::store::Moderation::ban).
pub(super) async fn ban(
    client: &mut Client,
    node: Option<NodeId>,
    ban: NewSanction,
) -> StoreResult<Option<Removed>> {
    let transaction = client.transaction().await?;
    standing::lock_group(&transaction, ban.group).await?;
    users::check(&transaction, ban.user).await?;
    let insert = transaction
        .prepare_cached(
            "INSERT INTO group_bans (group_id, user_id, by_user_id, until, created_at, reason)
             VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (group_id, user_id) DO UPDATE SET by_user_id = excluded.by_user_id,
                 until = excluded.until, created_at = excluded.created_at, reason = excluded.reason",
        )
        .await?;
    let (by, until) = (ban.by.map(|by| by.0), row::until(ban.until).map(Instant));
    transaction
        .execute(&insert, &[&ban.group.0, &ban.user.0, &by, &until, &Instant(ban.created_at), &ban.reason])
        .await?;
    let removed = members::take_out(&transaction, ban.group, ban.user).await?;
    if let Some(removed) = removed {
        let removed = notices::removed(ban.group, ban.user, Removal::Banned, removed.heir);
        notices::write(&transaction, node, &removed).await?;
    }
    transaction.commit().await?;
    Ok(removed)
}

/// See [`Moderation::unban`](crate::store::Moderation::unban).
pub(super) async fn unban(client: &Client, group: GroupId, user: UserId) -> StoreResult<bool> {
    let delete = client.prepare_cached("DELETE FROM group_bans WHERE group_id = $1 AND user_id = $2").await?;
    Ok(client.execute(&delete, &[&group.0, &user.0]).await? > 0)
}

/// See [`Moderation::bans`](crate::store::Moderation::bans).
pub(super) async fn bans(
    client: &Client,
    group: GroupId,
    after: UserId,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Vec<Sanction>> {
    list(client, "s.reason", "group_bans", [group.0, after.0, row::page_rows(limit)], now).await
}

/// See [`Moderation::mute`](crate::store::Moderation::mute).
pub(super) async fn mute(client: &Client, node: Option<NodeId>, mute: NewSanction) -> StoreResult<bool> {
    let insert = client
        .prepare_cached(&format!(
            "WITH changed AS (
                 INSERT INTO group_mutes (group_id, user_id, by_user_id, until, created_at)
                 SELECT group_id, user_id, $3, $4, $5 FROM group_memberships WHERE group_id = $1 AND user_id = $2
                 ON CONFLICT (group_id, user_id) DO UPDATE SET by_user_id = excluded.by_user_id,
                     until = excluded.until, created_at = excluded.created_at
                 RETURNING group_id, user_id
             ), {} SELECT 1 FROM changed",
            noted("changed", Kind::Member, "group_id, user_id", "group_id, user_id", "$6")
        ))
        .await?;
    let (by, until) = (mute.by.map(|by| by.0), row::until(mute.until).map(Instant));
    let node = node.map(|node| node.0);
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 6] =
        [&mute.group.0, &mute.user.0, &by, &until, &Instant(mute.created_at), &node];
    Ok(client.query_opt(&insert, &parameters).await?.is_some())
}

/// See [`Moderation::unmute`](crate::store::Moderation::unmute).
pub(super) async fn unmute(
    client: &Client,
    node: Option<NodeId>,
    group: GroupId,
    user: UserId,
) -> StoreResult<bool> {
    let delete = client
        .prepare_cached(&format!(
            "WITH changed AS (
                 DELETE FROM group_mutes WHERE group_id = $1 AND user_id = $2 RETURNING group_id, user_id
             ), {} SELECT 1 FROM changed",
            noted("changed", Kind::Member, "group_id, user_id", "group_id, user_id", "$3")
        ))
        .await?;
    Ok(client.query_opt(&delete, &[&group.0, &user.0, &node.map(|node| node.0)]).await?.is_some())
}

/// See [`Moderation::mutes`](crate::store::Moderation::mutes).
pub(super) async fn mutes(
    client: &Client,
    group: GroupId,
    after: UserId,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Vec<Sanction>> {
    list(client, "NULL::text", "group_mutes", [group.0, after.0, row::page_rows(limit)], now).await
}

async fn list(
    client: &Client,
    reason: &str,
    table: &str,
    [group, after, limit]: [i64; 3],
    now: Timestamp,
) -> StoreResult<Vec<Sanction>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT s.by_user_id, {reason}, coalesce(s.until, 'infinity'), s.created_at, {}
             FROM {table} s JOIN users u ON u.id = s.user_id
             WHERE s.group_id = $1 AND s.user_id > $2 AND (s.until IS NULL OR s.until > $4)
             ORDER BY s.user_id LIMIT $3",
            users::COLUMNS
        ))
        .await?;
    client.query(&select, &[&group, &after, &limit, &Instant(now)]).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> StoreResult<Sanction> {
    let by: Option<i64> = column(row, 0, "group_bans", "by_user_id")?;
    Ok(Sanction {
        user: users::from_row_at(row, 4)?,
        by: by.map(|by| row::user_id(by, "group_bans", "by_user_id")).transpose()?,
        reason: column::<Option<&str>>(row, 1, "group_bans", "reason")?.map(Into::into),
        until: column::<Instant>(row, 2, "group_bans", "until")?.0,
        created_at: column::<Instant>(row, 3, "group_bans", "created_at")?.0,
    })
}
