//! Who belongs to which group, and as what.

use std::collections::HashSet;

use deadpool_postgres::{ClientWrapper as Client, Transaction};
use tokio_postgres::Row;

use super::error::column;
use super::instant::Instant;
use super::standing::{self, lock_group};
use super::{notices, numbers, users};
use crate::model::limits::PRIVATE_MEMBERS_MAX;
use crate::model::{GroupId, NodeId, Removal, Role, Standing, Timestamp, User, UserId};
use crate::store::{Join, Notice, Removed, StoreError, StoreResult, row};

/// See [`Moderation::add_member`](crate::store::Moderation::add_member).
pub(super) async fn admit(
    client: &mut Client,
    group: GroupId,
    user: UserId,
    role: Role,
    now: Timestamp,
) -> StoreResult<Join> {
    if role == Role::Owner {
        return Err(StoreError::Refused("nobody comes into a group as its owner".into()));
    }
    let transaction = client.transaction().await?;
    let is_private = lock_group(&transaction, group).await?;
    users::check(&transaction, user).await?;
    let standing = standing::of(&transaction, group, user).await?;
    if standing.role.is_some() {
        return Ok(Join::AlreadyMember(standing));
    }
    if standing.banned_until.is_some_and(|until| until > now) {
        return Ok(Join::Banned);
    }
    if is_private && count(&transaction, group).await? >= PRIVATE_MEMBERS_MAX as i64 {
        return Ok(Join::Full);
    }
    standing::enter(&transaction, group, user, role, now).await?;
    transaction.commit().await?;
    Ok(Join::Joined(Standing { role: Some(role), ..standing }))
}

async fn count(transaction: &Transaction<'_>, group: GroupId) -> StoreResult<i64> {
    let count =
        transaction.prepare_cached("SELECT count(*) FROM group_memberships WHERE group_id = $1").await?;
    column(&transaction.query_one(&count, &[&group.0]).await?, 0, "group_memberships", "group_id")
}

/// See [`Directory::join`](crate::store::Directory::join). Public groups take all who ask for them in one statement.
/// Those who come into a private one wait for each other: it counts them.
pub(super) async fn join_all(
    client: &mut Client,
    asked: Vec<(GroupId, UserId, Timestamp)>,
) -> StoreResult<Vec<StoreResult<Join>>> {
    let join = client
        .prepare_cached(&format!(
            "WITH asked AS MATERIALIZED (
                 SELECT asked.*, (SELECT g.is_private FROM groups g WHERE g.id = asked.group_id),
                        (SELECT NOT u.erased FROM users u WHERE u.id = asked.user_id) IS TRUE AS is_user, {}
                 FROM unnest($1::bigint[], $2::bigint[], $3::timestamptz[]) WITH ORDINALITY
                     AS asked (group_id, user_id, at, position)
             ), new AS MATERIALIZED (
                 SELECT group_id, user_id, min(at) AS at FROM asked
                 WHERE NOT is_private AND is_user AND role IS NULL GROUP BY group_id, user_id
             ), lists AS MATERIALIZED (
                 SELECT array_agg(group_id) AS groups, array_agg(user_id) AS users, array_agg(at) AS times FROM new
             ), checked AS MATERIALIZED (
                 SELECT checked.* FROM lists, unnest(groups, users, times, admissions(groups, users, times))
                     AS checked (group_id, user_id, at, admission)
             ), joined AS (
                 INSERT INTO group_memberships (group_id, user_id, joined_at, read_seq)
                 SELECT group_id, user_id, at, {} FROM checked WHERE admission = 'yes'
                 ON CONFLICT DO NOTHING RETURNING group_id, user_id
             )
             SELECT is_private, is_user, role, muted_until, banned_until,
                    coalesce((SELECT admission FROM checked WHERE checked.group_id = asked.group_id
                              AND checked.user_id = asked.user_id), ''),
                    EXISTS (SELECT 1 FROM joined WHERE joined.group_id = asked.group_id
                            AND joined.user_id = asked.user_id)
             FROM asked ORDER BY position",
            standing::COLUMNS,
            numbers::head_sql("checked.group_id")
        ))
        .await?;
    let groups: Vec<i64> = asked.iter().map(|(group, ..)| group.0).collect();
    let users: Vec<i64> = asked.iter().map(|(_, user, _)| user.0).collect();
    let times: Vec<Instant> = asked.iter().map(|(.., at)| Instant(*at)).collect();
    let rows = client.query(&join, &[&groups, &users, &times]).await?;
    let (mut answers, mut joined) = (Vec::with_capacity(rows.len()), HashSet::new());
    for (row, (group, user, at)) in rows.iter().zip(asked) {
        let is_private: Option<bool> = column(row, 0, "groups", "is_private")?;
        let standing = standing::from_row(row, 2)?;
        let admission: &str = column(row, 5, "group_bans", "until")?;
        answers.push(match (is_private, admission) {
            (None, _) | (_, "no group") => Err(StoreError::Missing("group")),
            (Some(_), "no user") => Err(StoreError::Missing("user")),
            (Some(_), _) if !column(row, 1, "users", "id")? => Err(StoreError::Missing("user")),
            (Some(_), "banned") => Ok(Join::Banned),
            (Some(_), _) if standing.role.is_some() => Ok(Join::AlreadyMember(standing)),
            (Some(false), _) if column(row, 6, "group_memberships", "user_id")? => {
                let standing = Standing { role: Some(Role::Member), ..standing };
                // Of several who ask for the same, one has joined.
                let is_first = joined.insert((group, user));
                Ok(if is_first { Join::Joined(standing) } else { Join::AlreadyMember(standing) })
            }
            // A private group, or somebody else has made the user a member at this very moment, who knows as what.
            (Some(_), _) => admit(client, group, user, Role::Member, at).await,
        });
    }
    Ok(answers)
}

/// See [`Directory::members`](crate::store::Directory::members).
pub(super) async fn list(
    client: &Client,
    group: GroupId,
    after: UserId,
    limit: u64,
) -> StoreResult<Vec<(User, Role)>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT m.role, {} FROM group_memberships m JOIN users u ON u.id = m.user_id
             WHERE m.group_id = $1 AND m.user_id > $2 ORDER BY m.user_id LIMIT $3",
            users::COLUMNS
        ))
        .await?;
    let rows = client.query(&select, &[&group.0, &after.0, &row::page_rows(limit)]).await?;
    rows.iter()
        .map(|row| {
            let role: i16 = column(row, 0, "group_memberships", "role")?;
            Ok((users::from_row_at(row, 1)?, row::role(role.into())?))
        })
        .collect()
}

/// See [`Moderation::set_role`](crate::store::Moderation::set_role).
pub(super) async fn set_role(
    client: &mut Client,
    node: Option<NodeId>,
    group: GroupId,
    user: UserId,
    role: Role,
) -> StoreResult<bool> {
    let transaction = client.transaction().await?;
    match lock_group(&transaction, group).await {
        Err(StoreError::Missing(_)) => return Ok(false),
        locked => locked?,
    };
    if standing::of(&transaction, group, user).await?.role.is_none() {
        return Ok(false);
    }
    let mut changed = vec![user];
    if role == Role::Owner {
        let step_down =
            "UPDATE group_memberships SET role = 1 WHERE group_id = $1 AND role = 2 AND user_id <> $2
             RETURNING user_id";
        let step_down = transaction.prepare_cached(step_down).await?;
        for row in transaction.query(&step_down, &[&group.0, &user.0]).await? {
            changed.push(member(&row)?);
        }
    }
    let update = transaction
        .prepare_cached("UPDATE group_memberships SET role = $3 WHERE group_id = $1 AND user_id = $2")
        .await?;
    transaction.execute(&update, &[&group.0, &user.0, &row::role_number(role)]).await?;
    let changed: Vec<Notice> = changed.into_iter().map(|user| Notice::Member { group, user }).collect();
    notices::write(&transaction, node, &changed).await?;
    transaction.commit().await?;
    Ok(true)
}

/// See [`Moderation::remove_member`](crate::store::Moderation::remove_member).
pub(super) async fn remove(
    client: &mut Client,
    node: Option<NodeId>,
    group: GroupId,
    user: UserId,
    removal: Removal,
) -> StoreResult<Option<Removed>> {
    let transaction = client.transaction().await?;
    match lock_group(&transaction, group).await {
        Err(StoreError::Missing(_)) => return Ok(None),
        locked => locked?,
    };
    let removed = take_out(&transaction, group, user).await?;
    if let Some(removed) = removed {
        notices::write(&transaction, node, &notices::removed(group, user, removal, removed.heir)).await?;
    }
    transaction.commit().await?;
    Ok(removed)
}

/// Takes a member out of a group that is [locked](lock_group).
pub(super) async fn take_out(
    transaction: &Transaction<'_>,
    group: GroupId,
    user: UserId,
) -> StoreResult<Option<Removed>> {
    let delete = transaction
        .prepare_cached("DELETE FROM group_memberships WHERE group_id = $1 AND user_id = $2 RETURNING role")
        .await?;
    let Some(row) = transaction.query_opt(&delete, &[&group.0, &user.0]).await? else { return Ok(None) };
    match row::role(column::<i16>(&row, 0, "group_memberships", "role")?.into())? {
        Role::Owner => Ok(Some(Removed { heir: inherit(transaction, group).await? })),
        Role::Member | Role::Admin => Ok(Some(Removed::default())),
    }
}

/// Makes the oldest admin, else the oldest member, the owner of a group that has none any more.
async fn inherit(transaction: &Transaction<'_>, group: GroupId) -> StoreResult<Option<UserId>> {
    let update = transaction
        .prepare_cached(
            "UPDATE group_memberships SET role = 2 WHERE group_id = $1 AND user_id = (
                 SELECT user_id FROM group_memberships WHERE group_id = $1
                 ORDER BY role DESC, joined_at, user_id LIMIT 1)
             RETURNING user_id",
        )
        .await?;
    transaction.query_opt(&update, &[&group.0]).await?.as_ref().map(member).transpose()
}

fn member(row: &Row) -> StoreResult<UserId> {
    row::user_id(column(row, 0, "group_memberships", "user_id")?, "group_memberships", "user_id")
}
