//! Groups and who belongs to them.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use super::users;
use crate::model::limits::PRIVATE_MEMBERS_MAX;
use crate::model::{Group, GroupId, User, UserId};
use crate::store::{Join, StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "g.id, g.name, g.is_private";

/// See [`Directory::create_group`](crate::store::Directory::create_group).
pub(super) fn create(connection: &Connection, name: &str, is_private: bool) -> StoreResult<Group> {
    if by_name(connection, name)?.is_some() {
        return Err(StoreError::Taken(Unique::GroupName));
    }
    connection
        .prepare_cached("INSERT INTO groups (name, is_private) VALUES (?1, ?2)")?
        .execute(params![name, is_private])?;
    let id = row::group_id(connection.last_insert_rowid(), "groups", "id")?;
    Ok(Group { id, name: name.into(), is_private })
}

/// See [`Directory::group`](crate::store::Directory::group).
pub(super) fn by_id(connection: &Connection, id: GroupId) -> StoreResult<Option<Group>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM groups g WHERE g.id = ?1"))?
        .query_row([id.0], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Directory::group_by_name`](crate::store::Directory::group_by_name).
pub(super) fn by_name(connection: &Connection, name: &str) -> StoreResult<Option<Group>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM groups g WHERE g.name = ?1"))?
        .query_row([name], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Directory::groups`](crate::store::Directory::groups).
pub(super) fn list(
    connection: &Connection,
    after: GroupId,
    skip: u64,
    limit: u64,
) -> StoreResult<Vec<Group>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM groups g WHERE g.id > ?1 ORDER BY g.id LIMIT ?2 OFFSET ?3"
        ))?
        .query_and_then(params![after.0, row::page_rows(limit), row::count(skip)], from_row)?
        .collect()
}

/// See [`Directory::private_group`](crate::store::Directory::private_group).
pub(super) fn private(connection: &Connection, one: UserId, other: UserId, name: &str) -> StoreResult<Group> {
    let (low, high) = row::pair(one, other);
    if let Some(group) = of_pair(connection, low, high)? {
        return Ok(group);
    }
    for user in [low, high] {
        if users::by_id(connection, user)?.is_none() {
            return Err(StoreError::Missing("user"));
        }
    }
    let group = match shared_by(connection, low, high)? {
        Some(group) => group,
        None => create(connection, name, true)?,
    };
    for user in [low, high] {
        add_member(connection, group.id, user)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO private_pairs (low_user_id, high_user_id, group_id) VALUES (?1, ?2, ?3)",
        )?
        .execute(params![low.0, high.0, group.id.0])?;
    Ok(group)
}

/// The group known as that of this pair.
fn of_pair(connection: &Connection, low: UserId, high: UserId) -> StoreResult<Option<Group>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM private_pairs p JOIN groups g ON g.id = p.group_id
             WHERE p.low_user_id = ?1 AND p.high_user_id = ?2"
        ))?
        .query_row([low.0, high.0], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// The oldest private group with just these two members; none for a user and themself.
fn shared_by(connection: &Connection, low: UserId, high: UserId) -> StoreResult<Option<Group>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM groups g WHERE g.id = (
                 SELECT min(one.group_id) FROM group_memberships one
                 JOIN group_memberships other ON other.group_id = one.group_id
                 JOIN groups shared ON shared.id = one.group_id
                 WHERE one.user_id = ?1 AND other.user_id = ?2 AND one.user_id <> other.user_id
                   AND shared.is_private
                   AND (SELECT count(*) FROM group_memberships m WHERE m.group_id = shared.id) = 2)"
        ))?
        .query_row([low.0, high.0], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Directory::join`](crate::store::Directory::join).
pub(super) fn join(connection: &Connection, group: GroupId, user: UserId) -> StoreResult<Join> {
    let group = by_id(connection, group)?.ok_or(StoreError::Missing("group"))?;
    if users::by_id(connection, user)?.is_none() {
        return Err(StoreError::Missing("user"));
    }
    if is_member(connection, group.id, user)? {
        return Ok(Join::AlreadyMember);
    }
    if group.is_private && member_count(connection, group.id)? >= PRIVATE_MEMBERS_MAX as i64 {
        return Ok(Join::Full);
    }
    add_member(connection, group.id, user)?;
    Ok(Join::Joined)
}

fn member_count(connection: &Connection, group: GroupId) -> StoreResult<i64> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM group_memberships WHERE group_id = ?1")?
        .query_row([group.0], |row| row.get(0))?)
}

fn add_member(connection: &Connection, group: GroupId, user: UserId) -> StoreResult<()> {
    connection
        .prepare_cached(
            "INSERT INTO group_memberships (group_id, user_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute([group.0, user.0])?;
    Ok(())
}

/// See [`Directory::is_member`](crate::store::Directory::is_member).
pub(super) fn is_member(connection: &Connection, group: GroupId, user: UserId) -> StoreResult<bool> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM group_memberships WHERE group_id = ?1 AND user_id = ?2")?
        .exists([group.0, user.0])?)
}

/// See [`Directory::members`](crate::store::Directory::members).
pub(super) fn members(
    connection: &Connection,
    group: GroupId,
    after: UserId,
    limit: u64,
) -> StoreResult<Vec<User>> {
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM group_memberships m JOIN users u ON u.id = m.user_id
             WHERE m.group_id = ?1 AND m.user_id > ?2 ORDER BY m.user_id LIMIT ?3",
            users::COLUMNS
        ))?
        .query_and_then([group.0, after.0, row::page_rows(limit)], users::from_row)?
        .collect()
}

/// A group from [`COLUMNS`].
fn from_row(row: &Row<'_>) -> StoreResult<Group> {
    Ok(Group {
        id: row::group_id(column(row, 0, "groups", "id")?, "groups", "id")?,
        name: column(row, 1, "groups", "name")?,
        is_private: column(row, 2, "groups", "is_private")?,
    })
}
