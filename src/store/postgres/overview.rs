//! What admins of the server look through.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::instant::Instant;
use super::{PostgresStore, groups, numbers, sessions, users};
use crate::model::{GroupId, Seq, Session, SessionId, Timestamp, User, UserId};
use crate::store::{Asked, ListedGroup, ListedUser, Overview, StoreResult, prefix, row};

impl Overview for PostgresStore {
    fn listed_users<'a>(
        &'a self,
        prefix: &'a str,
        after: UserId,
        limit: u64,
        now: Timestamp,
    ) -> Asked<'a, Vec<ListedUser>> {
        let prefix = prefix.to_owned();
        self.ask(move |client| Box::pin(list_users(client, prefix, after, limit, now)))
    }

    fn listed_groups<'a>(
        &'a self,
        prefix: &'a str,
        after: GroupId,
        limit: u64,
    ) -> Asked<'a, Vec<ListedGroup>> {
        let prefix = prefix.to_owned();
        self.ask(move |client| Box::pin(list_groups(client, prefix, after, limit)))
    }

    fn newest_sessions(
        &self,
        after: Option<SessionId>,
        limit: u64,
        now: Timestamp,
    ) -> Asked<'_, Option<Vec<(Session, User)>>> {
        self.ask(move |client| Box::pin(list_sessions(client, after, limit, now)))
    }
}

async fn list_users(
    client: &Client,
    prefix: String,
    after: UserId,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Vec<ListedUser>> {
    let (limit, now) = (row::page_rows(limit), Instant(now));
    let rows = if prefix.is_empty() {
        let select = users_sql("SELECT id FROM users WHERE id > $1 AND NOT erased");
        client.query(&client.prepare_cached(&select).await?, &[&after.0, &limit, &now]).await?
    } else {
        // A user may be found by both.
        let select = users_sql(
            r#"SELECT id FROM users WHERE username_lower >= $4 AND username_lower < $5 AND NOT erased AND id > $1
               UNION SELECT id FROM users WHERE lower(email COLLATE "C") >= $6 AND lower(email COLLATE "C") < $7
                   AND NOT erased AND id > $1"#,
        );
        let (name, address) = (prefix::lower(&prefix), prefix.to_ascii_lowercase());
        let (name_end, address_end) = (prefix::bound(&name), prefix::bound(&address));
        let select = client.prepare_cached(&select).await?;
        client.query(&select, &[&after.0, &limit, &now, &name, &name_end, &address, &address_end]).await?
    };
    rows.iter().map(user).collect()
}

fn users_sql(ids: &str) -> String {
    format!(
        "SELECT {}, (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.expires_at > $3)
         FROM ({ids} ORDER BY 1 LIMIT $2) found JOIN users u ON u.id = found.id ORDER BY u.id",
        users::COLUMNS
    )
}

fn user(row: &Row) -> StoreResult<ListedUser> {
    let sessions = column(row, users::COLUMN_COUNT, "sessions", "id")?;
    Ok(ListedUser { user: users::from_row(row)?, sessions: row::length(sessions) })
}

async fn list_groups(
    client: &Client,
    prefix: String,
    after: GroupId,
    limit: u64,
) -> StoreResult<Vec<ListedGroup>> {
    let limit = row::page_rows(limit);
    let rows = if prefix.is_empty() {
        let select = groups_sql("SELECT id FROM groups WHERE id > $1");
        client.query(&client.prepare_cached(&select).await?, &[&after.0, &limit]).await?
    } else {
        // Kept apart, or each group would be looked at in the order of the numbers.
        let select = groups_sql(
            r#"SELECT id FROM (
                   SELECT id FROM groups WHERE lower(name COLLATE "C") >= $3 AND lower(name COLLATE "C") < $4
                   OFFSET 0) named WHERE id > $1"#,
        );
        let name = prefix.to_ascii_lowercase();
        let select = client.prepare_cached(&select).await?;
        client.query(&select, &[&after.0, &limit, &name, &prefix::bound(&name)]).await?
    };
    rows.iter().map(group).collect()
}

fn groups_sql(ids: &str) -> String {
    format!(
        "SELECT {}, (SELECT count(*) FROM group_memberships m WHERE m.group_id = g.id), {}
         FROM ({ids} ORDER BY 1 LIMIT $2) found JOIN groups g ON g.id = found.id ORDER BY g.id",
        groups::COLUMNS,
        numbers::head_sql("g.id")
    )
}

fn group(row: &Row) -> StoreResult<ListedGroup> {
    let members = column(row, groups::COLUMN_COUNT, "group_memberships", "group_id")?;
    Ok(ListedGroup {
        group: groups::from_row(row)?,
        members: row::length(members),
        head: Seq(column(row, groups::COLUMN_COUNT + 1, "messages", "seq")?),
    })
}

async fn list_sessions(
    client: &Client,
    after: Option<SessionId>,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Option<Vec<(Session, User)>>> {
    let mut place = (Instant(Timestamp::FOREVER), i64::MAX);
    if let Some(after) = after {
        let select = client.prepare_cached("SELECT created_at FROM sessions WHERE id = $1").await?;
        let Some(row) = client.query_opt(&select, &[&after.0]).await? else { return Ok(None) };
        place = (column(&row, 0, "sessions", "created_at")?, after.0);
    }
    let select = client
        .prepare_cached(&format!(
            "SELECT s.*, {} FROM (
                 SELECT {} FROM sessions WHERE expires_at > $1 AND (created_at, id) < ($2, $3)
                 ORDER BY created_at DESC, id DESC LIMIT $4) s
             JOIN users u ON u.id = s.user_id ORDER BY s.created_at DESC, s.id DESC",
            users::COLUMNS,
            sessions::COLUMNS
        ))
        .await?;
    let rows = client.query(&select, &[&Instant(now), &place.0, &place.1, &row::page_rows(limit)]).await?;
    rows.iter()
        .map(|row| Ok((sessions::from_row(row)?, users::from_row_at(row, sessions::COLUMN_COUNT)?)))
        .collect::<StoreResult<_>>()
        .map(Some)
}
