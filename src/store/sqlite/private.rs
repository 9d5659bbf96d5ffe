//! The private groups of pairs.

use rusqlite::{Connection, OptionalExtension, params};

use super::groups::{self, COLUMNS};
use super::{numbers, users};
use crate::model::{Group, GroupId, Timestamp, UserId};
use crate::store::{StoreResult, row};

/// See [`Directory::private_group`](crate::store::Directory::private_group).
pub(super) fn of(
    connection: &Connection,
    one: UserId,
    other: UserId,
    name: &str,
    now: Timestamp,
) -> StoreResult<Group> {
    let (low, high) = row::pair(one, other);
    for user in [low, high] {
        users::check(connection, user)?;
    }
    let known = known(connection, low, high)?;
    let is_known = known.is_some();
    let group = match known.map_or_else(|| shared_by(connection, low, high), |group| Ok(Some(group)))? {
        Some(group) => group,
        None => groups::insert(connection, name, true)?,
    };
    admit(connection, group.id, low, high, now)?;
    if !is_known {
        connection
            .prepare_cached(
                "INSERT INTO private_pairs (low_user_id, high_user_id, group_id) VALUES (?1, ?2, ?3)",
            )?
            .execute(params![low.0, high.0, group.id.0])?;
    }
    Ok(group)
}

/// The group known as that of this pair.
fn known(connection: &Connection, low: UserId, high: UserId) -> StoreResult<Option<Group>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM private_pairs p JOIN groups g ON g.id = p.group_id
             WHERE p.low_user_id = ?1 AND p.high_user_id = ?2"
        ))?
        .query_row([low.0, high.0], |row| Ok(groups::from_row(row)))
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
        .query_row([low.0, high.0], |row| Ok(groups::from_row(row)))
        .optional()?
        .transpose()
}

/// Makes both members, those excepted who are banned, and nobody if the place of one who left is somebody else's now.
fn admit(
    connection: &Connection,
    group: GroupId,
    low: UserId,
    high: UserId,
    now: Timestamp,
) -> StoreResult<()> {
    connection
        .prepare_cached(&format!(
            "INSERT INTO group_memberships (group_id, user_id, read_seq)
             SELECT ?1, u.id, {} FROM users u WHERE u.id IN (?2, ?3)
               AND NOT EXISTS (SELECT 1 FROM group_bans b WHERE b.group_id = ?1 AND b.user_id = u.id
                               AND (b.until IS NULL OR b.until > ?4))
               AND NOT EXISTS (
                   SELECT 1 FROM group_memberships m WHERE m.group_id = ?1 AND m.user_id NOT IN (?2, ?3))
             ON CONFLICT DO NOTHING",
            numbers::head_sql("?1")
        ))?
        .execute([group.0, low.0, high.0, now.0])?;
    Ok(())
}
