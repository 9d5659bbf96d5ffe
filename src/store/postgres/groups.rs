//! Groups and who belongs to them.

use std::collections::HashSet;

use deadpool_postgres::{ClientWrapper as Client, Transaction};
use tokio_postgres::Row;

use super::error::column;
use super::users;
use crate::model::limits::PRIVATE_MEMBERS_MAX;
use crate::model::{Group, GroupId, User, UserId};
use crate::store::{Join, StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "g.id, g.name, g.is_private";

/// Looking first keeps a taken name from using up a number; the conflict clause settles races.
const INSERT: &str = "INSERT INTO groups (name, is_private) SELECT $1::text, $2
    WHERE NOT EXISTS (SELECT 1 FROM groups WHERE name = $1::text) ON CONFLICT DO NOTHING RETURNING id";

/// See [`Directory::create_group`](crate::store::Directory::create_group).
pub(super) async fn create(client: &Client, name: String, is_private: bool) -> StoreResult<Group> {
    let insert = client.prepare_cached(INSERT).await?;
    inserted(client.query_opt(&insert, &[&name, &is_private]).await?, &name, is_private)
}

fn inserted(row: Option<Row>, name: &str, is_private: bool) -> StoreResult<Group> {
    let row = row.ok_or(StoreError::Taken(Unique::GroupName))?;
    let id = row::group_id(column(&row, 0, "groups", "id")?, "groups", "id")?;
    Ok(Group { id, name: name.into(), is_private })
}

/// See [`Directory::group`](crate::store::Directory::group).
pub(super) async fn by_id(client: &Client, id: GroupId) -> StoreResult<Option<Group>> {
    let select = client.prepare_cached(&format!("SELECT {COLUMNS} FROM groups g WHERE g.id = $1")).await?;
    client.query_opt(&select, &[&id.0]).await?.as_ref().map(from_row).transpose()
}

/// See [`Directory::group_by_name`](crate::store::Directory::group_by_name).
pub(super) async fn by_name(client: &Client, name: String) -> StoreResult<Option<Group>> {
    let select = client.prepare_cached(&format!("SELECT {COLUMNS} FROM groups g WHERE g.name = $1")).await?;
    client.query_opt(&select, &[&name]).await?.as_ref().map(from_row).transpose()
}

/// See [`Directory::groups`](crate::store::Directory::groups).
pub(super) async fn list(client: &Client, after: GroupId, skip: u64, limit: u64) -> StoreResult<Vec<Group>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM groups g WHERE g.id > $1 ORDER BY g.id LIMIT $2 OFFSET $3"
        ))
        .await?;
    let rows = client.query(&select, &[&after.0, &row::page_rows(limit), &row::count(skip)]).await?;
    rows.iter().map(from_row).collect()
}

/// The group known as that of a pair.
const OF_PAIR: &str = "SELECT g.id, g.name, g.is_private FROM private_pairs p
    JOIN groups g ON g.id = p.group_id WHERE p.low_user_id = $1 AND p.high_user_id = $2";

/// See [`Directory::private_group`](crate::store::Directory::private_group).
pub(super) async fn private(
    client: &mut Client,
    one: UserId,
    other: UserId,
    name: String,
) -> StoreResult<Group> {
    let (low, high) = row::pair(one, other);
    let of_pair = client.prepare_cached(OF_PAIR).await?;
    if let Some(row) = client.query_opt(&of_pair, &[&low.0, &high.0]).await? {
        return from_row(&row);
    }
    let transaction = client.transaction().await?;
    lock_users(&transaction, low, high).await?;
    // Whoever held the lock before may have made it.
    if let Some(row) = transaction.query_opt(&of_pair, &[&low.0, &high.0]).await? {
        return from_row(&row);
    }
    let group = match shared_by(&transaction, low, high).await? {
        Some(group) => group,
        None => {
            let insert = transaction.prepare_cached(INSERT).await?;
            inserted(transaction.query_opt(&insert, &[&name, &true]).await?, &name, true)?
        }
    };
    let record = transaction
        .prepare_cached(
            "WITH pair AS (
                 INSERT INTO private_pairs (low_user_id, high_user_id, group_id) VALUES ($1, $2, $3)
             )
             INSERT INTO group_memberships (group_id, user_id)
             SELECT DISTINCT $3::bigint, unnest(ARRAY[$1, $2]::bigint[]) ON CONFLICT DO NOTHING",
        )
        .await?;
    transaction.execute(&record, &[&low.0, &high.0, &group.id.0]).await?;
    transaction.commit().await?;
    Ok(group)
}

/// Holds up others who ask for a pair of these users, and nobody else: rows that refer to them can come.
async fn lock_users(transaction: &Transaction<'_>, low: UserId, high: UserId) -> StoreResult<()> {
    let lock = transaction
        .prepare_cached("SELECT 1 FROM users WHERE id IN ($1, $2) ORDER BY id FOR NO KEY UPDATE")
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
    transaction.query_opt(&select, &[&low.0, &high.0]).await?.as_ref().map(from_row).transpose()
}

/// See [`Directory::join`](crate::store::Directory::join). Public groups take all who ask for them in one statement.
pub(super) async fn join_all(
    client: &mut Client,
    asked: Vec<(GroupId, UserId)>,
) -> StoreResult<Vec<StoreResult<Join>>> {
    let join = client
        .prepare_cached(
            "WITH asked AS (
                 SELECT asked.group_id, asked.user_id, position, g.is_private, u.id IS NOT NULL AS is_user,
                        m.user_id IS NOT NULL AS is_member
                 FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY AS asked (group_id, user_id, position)
                 LEFT JOIN groups g ON g.id = asked.group_id
                 LEFT JOIN users u ON u.id = asked.user_id
                 LEFT JOIN group_memberships m ON m.group_id = asked.group_id AND m.user_id = asked.user_id
             ), joined AS (
                 INSERT INTO group_memberships (group_id, user_id)
                 SELECT DISTINCT group_id, user_id FROM asked WHERE NOT is_private AND is_user AND NOT is_member
                 ON CONFLICT DO NOTHING RETURNING group_id, user_id
             )
             SELECT is_private, is_user, is_member, EXISTS (
                 SELECT 1 FROM joined WHERE joined.group_id = asked.group_id AND joined.user_id = asked.user_id)
             FROM asked ORDER BY position",
        )
        .await?;
    let groups: Vec<i64> = asked.iter().map(|(group, _)| group.0).collect();
    let users: Vec<i64> = asked.iter().map(|(_, user)| user.0).collect();
    let rows = client.query(&join, &[&groups, &users]).await?;
    let (mut answers, mut joined) = (Vec::with_capacity(rows.len()), HashSet::new());
    for (row, (group, user)) in rows.iter().zip(asked) {
        let is_private: Option<bool> = column(row, 0, "groups", "is_private")?;
        answers.push(match is_private {
            None => Err(StoreError::Missing("group")),
            Some(_) if !column(row, 1, "users", "id")? => Err(StoreError::Missing("user")),
            Some(_) if column(row, 2, "group_memberships", "user_id")? => Ok(Join::AlreadyMember),
            Some(true) => join_private(client, group, user).await,
            // Of several who ask for the same, one has joined.
            Some(false)
                if column(row, 3, "group_memberships", "user_id")? && joined.insert((group, user)) =>
            {
                Ok(Join::Joined)
            }
            Some(false) => Ok(Join::AlreadyMember),
        });
    }
    Ok(answers)
}

/// Those who ask for a place in a private group go one by one. The count is a statement of its own: it must
/// see what those before have stored.
async fn join_private(client: &mut Client, group: GroupId, user: UserId) -> StoreResult<Join> {
    let transaction = client.transaction().await?;
    let lock = transaction.prepare_cached("SELECT 1 FROM groups WHERE id = $1 FOR NO KEY UPDATE").await?;
    transaction.query_opt(&lock, &[&group.0]).await?.ok_or(StoreError::Missing("group"))?;
    let count = transaction
        .prepare_cached(
            "SELECT count(*), coalesce(bool_or(user_id = $2), false)
             FROM group_memberships WHERE group_id = $1",
        )
        .await?;
    let row = transaction.query_one(&count, &[&group.0, &user.0]).await?;
    if column(&row, 1, "group_memberships", "user_id")? {
        return Ok(Join::AlreadyMember);
    }
    if column::<i64>(&row, 0, "group_memberships", "group_id")? >= PRIVATE_MEMBERS_MAX as i64 {
        return Ok(Join::Full);
    }
    let insert = transaction
        .prepare_cached("INSERT INTO group_memberships (group_id, user_id) VALUES ($1, $2)")
        .await?;
    transaction.execute(&insert, &[&group.0, &user.0]).await?;
    transaction.commit().await?;
    Ok(Join::Joined)
}

/// See [`Directory::is_member`](crate::store::Directory::is_member).
pub(super) async fn is_member(client: &Client, group: GroupId, user: UserId) -> StoreResult<bool> {
    let select =
        client.prepare_cached("SELECT 1 FROM group_memberships WHERE group_id = $1 AND user_id = $2").await?;
    Ok(client.query_opt(&select, &[&group.0, &user.0]).await?.is_some())
}

/// See [`Directory::members`](crate::store::Directory::members).
pub(super) async fn members(
    client: &Client,
    group: GroupId,
    after: UserId,
    limit: u64,
) -> StoreResult<Vec<User>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {} FROM group_memberships m JOIN users u ON u.id = m.user_id
             WHERE m.group_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3",
            users::COLUMNS
        ))
        .await?;
    let rows = client.query(&select, &[&group.0, &after.0, &row::page_rows(limit)]).await?;
    rows.iter().map(users::from_row).collect()
}

/// A group from [`COLUMNS`].
pub(super) fn from_row(row: &Row) -> StoreResult<Group> {
    from_row_at(row, 0)
}

/// A group from [`COLUMNS`] that begin at `first`.
pub(super) fn from_row_at(row: &Row, first: usize) -> StoreResult<Group> {
    Ok(Group {
        id: row::group_id(column(row, first, "groups", "id")?, "groups", "id")?,
        name: column::<&str>(row, first + 1, "groups", "name")?.into(),
        is_private: column(row, first + 2, "groups", "is_private")?,
    })
}
