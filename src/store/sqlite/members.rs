//! Who belongs to which group, and as what.

use rusqlite::{Connection, OptionalExtension, params};

use super::error::column;
use super::{groups, standing, users};
use crate::model::limits::PRIVATE_MEMBERS_MAX;
use crate::model::{GroupId, Role, Standing, Timestamp, User, UserId};
use crate::store::{Join, Removed, StoreError, StoreResult, row};

/// See [`Moderation::add_member`](crate::store::Moderation::add_member) and
/// [`Directory::join`](crate::store::Directory::join).
pub(super) fn admit(
    connection: &Connection,
    group: GroupId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> StoreResult<Join> {
    if role == Role::Owner {
        return Err(StoreError::Refused("nobody comes into a group as its owner".into()));
    }
    let group = groups::by_id(connection, group)?.ok_or(StoreError::Missing("group"))?;
    users::check(connection, user)?;
    let standing = standing::of(connection, group.id, user)?;
    if standing.role.is_some() {
        return Ok(Join::AlreadyMember(standing));
    }
    if standing.banned_until.is_some_and(|until| until > now) {
        return Ok(Join::Banned);
    }
    if group.is_private && count(connection, group.id)? >= PRIVATE_MEMBERS_MAX as i64 {
        return Ok(Join::Full);
    }
    standing::enter(connection, group.id, user, role, now)?;
    Ok(Join::Joined(Standing { role: Some(role), ..standing }))
}

fn count(connection: &Connection, group: GroupId) -> StoreResult<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM group_memberships WHERE group_id = ?1")?
        .query_row([group.0], |row| row.get(0))?)
}

/// See [`Directory::members`](crate::store::Directory::members).
pub(super) fn list(
    connection: &Connection,
    group: GroupId,
    after: UserId,
    limit: u64,
) -> StoreResult<Vec<(User, Role)>> {
    connection
        .prepare_cached(&format!(
            "SELECT {}, m.role FROM group_memberships m JOIN users u ON u.id = m.user_id
             WHERE m.group_id = ?1 AND m.user_id > ?2 ORDER BY m.user_id LIMIT ?3",
            users::COLUMNS
        ))?
        .query_and_then([group.0, after.0, row::page_rows(limit)], |row| {
            Ok((users::from_row(row)?, row::role(column(row, 4, "group_memberships", "role")?)?))
        })?
        .collect()
}

/// See [`Moderation::set_role`](crate::store::Moderation::set_role).
pub(super) fn set_role(
    connection: &Connection,
    group: GroupId,
    user: UserId,
    role: Role,
) -> StoreResult<bool> {
    if standing::of(connection, group, user)?.role.is_none() {
        return Ok(false);
    }
    if role == Role::Owner {
        connection
            .prepare_cached(
                "UPDATE group_memberships SET role = 1 WHERE group_id = ?1 AND role = 2 AND user_id <> ?2",
            )?
            .execute([group.0, user.0])?;
    }
    connection
        .prepare_cached("UPDATE group_memberships SET role = ?3 WHERE group_id = ?1 AND user_id = ?2")?
        .execute(params![group.0, user.0, row::role_number(role)])?;
    Ok(true)
}

/// See [`Moderation::remove_member`](crate::store::Moderation::remove_member).
pub(super) fn remove(connection: &Connection, group: GroupId, user: UserId) -> StoreResult<Option<Removed>> {
    let role: Option<i64> = connection
        .prepare_cached("DELETE FROM group_memberships WHERE group_id = ?1 AND user_id = ?2 RETURNING role")?
        .query_row([group.0, user.0], |row| row.get(0))
        .optional()?;
    match role.map(row::role).transpose()? {
        None => Ok(None),
        Some(Role::Owner) => Ok(Some(Removed { heir: inherit(connection, group)? })),
        Some(Role::Member | Role::Admin) => Ok(Some(Removed::default())),
    }
}

/// Makes the oldest admin, else the oldest member, the owner of a group that has none any more.
fn inherit(connection: &Connection, group: GroupId) -> StoreResult<Option<UserId>> {
    let heir: Option<i64> = connection
        .prepare_cached(
            "UPDATE group_memberships SET role = 2 WHERE group_id = ?1 AND user_id = (
                 SELECT user_id FROM group_memberships WHERE group_id = ?1
                 ORDER BY role DESC, joined_at, user_id LIMIT 1)
             RETURNING user_id",
        )?
        .query_row([group.0], |row| row.get(0))
        .optional()?;
    heir.map(|heir| row::user_id(heir, "group_memberships", "user_id")).transpose()
}
