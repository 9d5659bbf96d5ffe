//! Bans and mutes.

use rusqlite::{Connection, Row, params};

use super::error::column;
use super::{groups, members, standing, users};
use crate::model::{GroupId, Timestamp, UserId};
use crate::store::{NewSanction, Removed, Sanction, StoreError, StoreResult, row};

/// See [`Moderation::ban`](crate::store::Moderation::ban).
pub(super) fn ban(connection: &Connection, ban: &NewSanction) -> StoreResult<Option<Removed>> {
    groups::by_id(connection, ban.group)?.ok_or(StoreError::Missing("group"))?;
    users::check(connection, ban.user)?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO group_bans (group_id, user_id, by_user_id, until, created_at, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            ban.group.0,
            ban.user.0,
            ban.by.map(|by| by.0),
            row::until(ban.until).map(|until| until.0),
            ban.created_at.0,
            ban.reason
        ])?;
    members::remove(connection, ban.group, ban.user)
}

/// See [`Moderation::unban`](crate::store::Moderation::unban).
pub(super) fn unban(connection: &Connection, group: GroupId, user: UserId) -> StoreResult<bool> {
    lift(connection, "DELETE FROM group_bans WHERE group_id = ?1 AND user_id = ?2", group, user)
}

/// See [`Moderation::bans`](crate::store::Moderation::bans).
pub(super) fn bans(
    connection: &Connection,
    group: GroupId,
    after: UserId,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Vec<Sanction>> {
    list(connection, "s.reason", "group_bans", [group.0, after.0, row::page_rows(limit), now.0])
}

/// See [`Moderation::mute`](crate::store::Moderation::mute).
pub(super) fn mute(connection: &Connection, mute: &NewSanction) -> StoreResult<bool> {
    if standing::of(connection, mute.group, mute.user)?.role.is_none() {
        return Ok(false);
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO group_mutes (group_id, user_id, by_user_id, until, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            mute.group.0,
            mute.user.0,
            mute.by.map(|by| by.0),
            row::until(mute.until).map(|until| until.0),
            mute.created_at.0
        ])?;
    Ok(true)
}

/// See [`Moderation::unmute`](crate::store::Moderation::unmute).
pub(super) fn unmute(connection: &Connection, group: GroupId, user: UserId) -> StoreResult<bool> {
    lift(connection, "DELETE FROM group_mutes WHERE group_id = ?1 AND user_id = ?2", group, user)
}

/// See [`Moderation::mutes`](crate::store::Moderation::mutes).
pub(super) fn mutes(
    connection: &Connection,
    group: GroupId,
    after: UserId,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Vec<Sanction>> {
    list(connection, "NULL", "group_mutes", [group.0, after.0, row::page_rows(limit), now.0])
}

fn lift(connection: &Connection, sql: &str, group: GroupId, user: UserId) -> StoreResult<bool> {
    Ok(connection.prepare_cached(sql)?.execute([group.0, user.0])? > 0)
}

/// `parameters` are the group, the user after whom they come, how many, and the time at which they are not over.
fn list(
    connection: &Connection,
    reason: &str,
    table: &str,
    parameters: [i64; 4],
) -> StoreResult<Vec<Sanction>> {
    connection
        .prepare_cached(&format!(
            "SELECT {}, s.by_user_id, {reason}, coalesce(s.until, 9223372036854775807), s.created_at
             FROM {table} s JOIN users u ON u.id = s.user_id
             WHERE s.group_id = ?1 AND s.user_id > ?2 AND (s.until IS NULL OR s.until > ?4)
             ORDER BY s.user_id LIMIT ?3",
            users::COLUMNS
        ))?
        .query_and_then(parameters, from_row)?
        .collect()
}

fn from_row(row: &Row<'_>) -> StoreResult<Sanction> {
    let by: Option<i64> = column(row, 4, "group_bans", "by_user_id")?;
    Ok(Sanction {
        user: users::from_row(row)?,
        by: by.map(|by| row::user_id(by, "group_bans", "by_user_id")).transpose()?,
        reason: column(row, 5, "group_bans", "reason")?,
        until: Timestamp(column(row, 6, "group_bans", "until")?),
        created_at: Timestamp(column(row, 7, "group_bans", "created_at")?),
    })
}
