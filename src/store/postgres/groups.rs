//! Groups.

use deadpool_postgres::{ClientWrapper as Client, Transaction};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::{column, is_duplicate};
use super::notices::{Kind, noted};
use super::{standing, users};
use crate::model::{Group, GroupId, JoinPolicy, NodeId, Role, Timestamp, UserId};
use crate::store::{GroupChange, StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "g.id, g.name, g.is_private, g.topic, g.invite_only";

/// How many these are.
pub(super) const COLUMN_COUNT: usize = 5;

/// See [`Directory::create_group`](crate::store::Directory::create_group).
pub(super) async fn create(
    client: &mut Client,
    name: String,
    is_private: bool,
    owner: Option<UserId>,
    now: Timestamp,
) -> StoreResult<Group> {
    let transaction = client.transaction().await?;
    if let Some(owner) = owner {
        users::check(&transaction, owner).await?;
    }
    let group = insert(&transaction, &name, is_private).await?;
    if let Some(owner) = owner {
        standing::enter(&transaction, group.id, owner, Role::Owner, now).await?;
    }
    transaction.commit().await?;
    Ok(group)
}

/// Creates a group without members.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    name: &str,
    is_private: bool,
) -> StoreResult<Group> {
    // Looking first keeps a taken name from using up a number; the conflict clause settles races.
    let insert = transaction
        .prepare_cached(
            "INSERT INTO groups (name, is_private) SELECT $1::text, $2
             WHERE NOT EXISTS (SELECT 1 FROM groups WHERE name = $1::text)
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .await?;
    let row = transaction.query_opt(&insert, &[&name, &is_private]).await?;
    let row = row.ok_or(StoreError::Taken(Unique::GroupName))?;
    let id = row::group_id(column(&row, 0, "groups", "id")?, "groups", "id")?;
    Ok(Group { id, name: name.into(), is_private, topic: "".into(), join: JoinPolicy::Open })
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
pub(super) async fn list(
    client: &Client,
    reader: Option<UserId>,
    after: GroupId,
    skip: u64,
    limit: u64,
) -> StoreResult<Vec<Group>> {
    let sql = |visible| {
        format!("SELECT {COLUMNS} FROM groups g WHERE g.id > $1 {visible} ORDER BY g.id LIMIT $2 OFFSET $3")
    };
    let (limit, skip) = (row::page_rows(limit), row::count(skip));
    let rows = match reader {
        Some(reader) => {
            let visible = "AND (NOT (g.is_private OR g.invite_only) OR EXISTS (
                SELECT 1 FROM group_memberships m WHERE m.group_id = g.id AND m.user_id = $4))";
            let select = client.prepare_cached(&sql(visible)).await?;
            client.query(&select, &[&after.0, &limit, &skip, &reader.0]).await?
        }
        None => {
            let select = client.prepare_cached(&sql("")).await?;
            client.query(&select, &[&after.0, &limit, &skip]).await?
        }
    };
    rows.iter().map(from_row).collect()
}

/// See [`Moderation::change_group`](crate::store::Moderation::change_group).
pub(super) async fn change(
    client: &Client,
    node: Option<NodeId>,
    group: GroupId,
    change: GroupChange,
) -> StoreResult<Option<Group>> {
    let update = client
        .prepare_cached(&format!(
            "WITH changed AS (
                 UPDATE groups g SET name = coalesce($2, g.name), topic = coalesce($3, g.topic),
                     invite_only = coalesce($4, g.invite_only),
                     retain_age_s = CASE WHEN $5 THEN $6 ELSE g.retain_age_s END,
                     retain_messages = CASE WHEN $5 THEN $7 ELSE g.retain_messages END
                 WHERE g.id = $1 RETURNING g.*
             ), {} SELECT {COLUMNS} FROM changed g",
            noted("changed", Kind::Group, "group_id", "id", "$8")
        ))
        .await?;
    let invite_only = change.join.map(|join| join == JoinPolicy::Invite);
    let is_ruled = change.retention.is_some();
    let (age_s, messages) = row::retention_numbers(change.retention.unwrap_or_default());
    let node = node.map(|node| node.0);
    let changed: [&(dyn ToSql + Sync); 8] =
        [&group.0, &change.name, &change.topic, &invite_only, &is_ruled, &age_s, &messages, &node];
    match client.query_opt(&update, &changed).await {
        Err(error) if is_duplicate(&error) => Err(StoreError::Taken(Unique::GroupName)),
        changed => changed?.as_ref().map(from_row).transpose(),
    }
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
        topic: column::<&str>(row, first + 3, "groups", "topic")?.into(),
        join: row::join_policy(column(row, first + 4, "groups", "invite_only")?),
    })
}
