//! Groups.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::{column, is_duplicate};
use super::{standing, users};
use crate::model::{Group, GroupId, JoinPolicy, Role, Timestamp, UserId};
use crate::store::{GroupChange, StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "g.id, g.name, g.is_private, g.topic, g.invite_only";

/// See [`Directory::create_group`](crate::store::Directory::create_group).
pub(super) fn create(
    connection: &Connection,
    name: &str,
    is_private: bool,
    owner: Option<UserId>,
    now: Timestamp,
) -> StoreResult<Group> {
    if let Some(owner) = owner {
        users::check(connection, owner)?;
    }
    let group = insert(connection, name, is_private)?;
    if let Some(owner) = owner {
        standing::enter(connection, group.id, owner, Role::Owner, now)?;
    }
    Ok(group)
}

/// Creates a group without members, under a number that none had before.
pub(super) fn insert(connection: &Connection, name: &str, is_private: bool) -> StoreResult<Group> {
    if by_name(connection, name)?.is_some() {
        return Err(StoreError::Taken(Unique::GroupName));
    }
    connection
        .prepare_cached(
            "INSERT INTO groups (id, name, is_private)
             SELECT 1 + max(last_group_id, coalesce((SELECT max(id) FROM groups), 0)), ?1, ?2 FROM server",
        )?
        .execute(params![name, is_private])?;
    let id = row::group_id(connection.last_insert_rowid(), "groups", "id")?;
    Ok(Group { id, name: name.into(), is_private, topic: "".into(), join: JoinPolicy::Open })
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
    reader: Option<UserId>,
    after: GroupId,
    skip: u64,
    limit: u64,
) -> StoreResult<Vec<Group>> {
    let visible = "?4 IS NULL OR NOT (g.is_private OR g.invite_only) OR EXISTS (
        SELECT 1 FROM group_memberships m WHERE m.group_id = g.id AND m.user_id = ?4)";
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM groups g WHERE g.id > ?1 AND ({visible}) ORDER BY g.id LIMIT ?2 OFFSET ?3"
        ))?
        .query_and_then(
            params![after.0, row::page_rows(limit), row::count(skip), reader.map(|id| id.0)],
            from_row,
        )?
        .collect()
}

/// See [`Moderation::change_group`](crate::store::Moderation::change_group).
pub(super) fn change(
    connection: &Connection,
    group: GroupId,
    change: &GroupChange,
) -> StoreResult<Option<Group>> {
    let (age_s, messages) = row::retention_numbers(change.retention.unwrap_or_default());
    let changed = connection
        .prepare_cached(
            "UPDATE groups SET name = coalesce(?2, name), topic = coalesce(?3, topic),
                 invite_only = coalesce(?4, invite_only),
                 retain_age_s = iif(?5, ?6, retain_age_s), retain_messages = iif(?5, ?7, retain_messages)
             WHERE id = ?1",
        )?
        .execute(params![
            group.0,
            change.name,
            change.topic,
            change.join.map(|join| join == JoinPolicy::Invite),
            change.retention.is_some(),
            age_s,
            messages,
        ]);
    match changed {
        Err(error) if is_duplicate(&error) => Err(StoreError::Taken(Unique::GroupName)),
        changed => {
            changed?;
            by_id(connection, group)
        }
    }
}

/// A group from [`COLUMNS`].
pub(super) fn from_row(row: &Row<'_>) -> StoreResult<Group> {
    Ok(Group {
        id: row::group_id(column(row, 0, "groups", "id")?, "groups", "id")?,
        name: column(row, 1, "groups", "name")?,
        is_private: column(row, 2, "groups", "is_private")?,
        topic: column(row, 3, "groups", "topic")?,
        join: row::join_policy(column(row, 4, "groups", "invite_only")?),
    })
}
