//! What somebody is to a group.

use rusqlite::{Connection, params};

use super::error::column;
use super::numbers;
use crate::model::{GroupId, Role, Standing, Timestamp, UserId};
use crate::store::{StoreResult, row};

/// See [`Moderation::standing`](crate::store::Moderation::standing).
pub(super) fn of(connection: &Connection, group: GroupId, user: UserId) -> StoreResult<Standing> {
    let mut select = connection.prepare_cached(
        "SELECT (SELECT role FROM group_memberships WHERE group_id = ?1 AND user_id = ?2),
                (SELECT coalesce(until, 9223372036854775807) FROM group_mutes WHERE group_id = ?1 AND user_id = ?2),
                (SELECT coalesce(until, 9223372036854775807) FROM group_bans WHERE group_id = ?1 AND user_id = ?2)",
    )?;
    select.query_row([group.0, user.0], |row| {
        Ok(column(row, 0, "group_memberships", "role").and_then(|role: Option<i64>| {
            Ok(Standing {
                role: role.map(row::role).transpose()?,
                muted_until: column::<Option<i64>>(row, 1, "group_mutes", "until")?.map(Timestamp),
                banned_until: column::<Option<i64>>(row, 2, "group_bans", "until")?.map(Timestamp),
            })
        }))
    })?
}

/// Makes the user a member who has read all that is there, unless they are one.
pub(super) fn enter(
    connection: &Connection,
    group: GroupId,
    user: UserId,
    role: Role,
    at: Timestamp,
) -> StoreResult<()> {
    connection
        .prepare_cached(&format!(
            "INSERT INTO group_memberships (group_id, user_id, role, joined_at, read_seq)
             VALUES (?1, ?2, ?3, ?4, {}) ON CONFLICT DO NOTHING",
            numbers::head_sql("?1")
        ))?
        .execute(params![group.0, user.0, row::role_number(role), at.0])?;
    Ok(())
}
