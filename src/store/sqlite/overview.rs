//! What admins of the server look through.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use super::{SqliteStore, groups, numbers, sessions, users};
use crate::model::{GroupId, Seq, Session, SessionId, Timestamp, User, UserId};
use crate::store::{Asked, ListedGroup, ListedUser, Overview, StoreResult, prefix, row};

impl Overview for SqliteStore {
    fn listed_users<'a>(
        &'a self,
        prefix: &'a str,
        after: UserId,
        limit: u64,
        now: Timestamp,
    ) -> Asked<'a, Vec<ListedUser>> {
        let prefix = prefix.to_owned();
        self.read(move |connection| list_users(connection, &prefix, after, limit, now))
    }

    fn listed_groups<'a>(
        &'a self,
        prefix: &'a str,
        after: GroupId,
        limit: u64,
    ) -> Asked<'a, Vec<ListedGroup>> {
        let prefix = prefix.to_owned();
        self.read(move |connection| list_groups(connection, &prefix, after, limit))
    }

    fn newest_sessions(
        &self,
        after: Option<SessionId>,
        limit: u64,
        now: Timestamp,
    ) -> Asked<'_, Option<Vec<(Session, User)>>> {
        self.read(move |connection| list_sessions(connection, after, limit, now))
    }
}

fn list_users(
    connection: &Connection,
    prefix: &str,
    after: UserId,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Vec<ListedUser>> {
    let limit = row::page_rows(limit);
    if prefix.is_empty() {
        return connection
            .prepare_cached(&users_sql("SELECT id FROM users WHERE id > ?1 AND NOT erased"))?
            .query_and_then(params![after.0, limit, now.0], user)?
            .collect();
    }
    let (name, address) = (prefix::lower(prefix), prefix.to_ascii_lowercase());
    let asked = params![after.0, limit, now.0, name, prefix::bound(&name), address, prefix::bound(&address)];
    connection.prepare_cached(&users_sql(BEGINNING_SO))?.query_and_then(asked, user)?.collect()
}

/// Users whose name or address begins so, of which there may be one row for each.
const BEGINNING_SO: &str =
    "SELECT id FROM users WHERE username_lower >= ?4 AND username_lower < ?5 AND NOT erased AND id > ?1
     UNION SELECT id FROM users WHERE lower(email) >= ?6 AND lower(email) < ?7 AND NOT erased AND id > ?1";

fn users_sql(ids: &str) -> String {
    format!(
        "SELECT {}, (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.expires_at > ?3)
         FROM ({ids} ORDER BY 1 LIMIT ?2) found JOIN users u ON u.id = found.id ORDER BY u.id",
        users::COLUMNS
    )
}

fn user(row: &Row<'_>) -> StoreResult<ListedUser> {
    Ok(ListedUser { user: users::from_row(row)?, sessions: row::length(column(row, 4, "sessions", "id")?) })
}

fn list_groups(
    connection: &Connection,
    prefix: &str,
    after: GroupId,
    limit: u64,
) -> StoreResult<Vec<ListedGroup>> {
    let limit = row::page_rows(limit);
    if prefix.is_empty() {
        return connection
            .prepare_cached(&groups_sql("SELECT id FROM groups WHERE id > ?1"))?
            .query_and_then(params![after.0, limit], group)?
            .collect();
    }
    let name = prefix.to_ascii_lowercase();
    connection
        .prepare_cached(&groups_sql(NAMED_SO))?
        .query_and_then(params![after.0, limit, name, prefix::bound(&name)], group)?
        .collect()
}

const NAMED_SO: &str = "SELECT id FROM groups WHERE lower(name) >= ?3 AND lower(name) < ?4 AND id > ?1";

fn groups_sql(ids: &str) -> String {
    format!(
        "SELECT {}, (SELECT count(*) FROM group_memberships m WHERE m.group_id = g.id), {}
         FROM ({ids} ORDER BY 1 LIMIT ?2) found JOIN groups g ON g.id = found.id ORDER BY g.id",
        groups::COLUMNS,
        numbers::head_sql("g.id")
    )
}

fn group(row: &Row<'_>) -> StoreResult<ListedGroup> {
    Ok(ListedGroup {
        group: groups::from_row(row)?,
        members: row::length(column(row, 5, "group_memberships", "group_id")?),
        head: Seq(column(row, 6, "messages", "seq")?),
    })
}

fn list_sessions(
    connection: &Connection,
    after: Option<SessionId>,
    limit: u64,
    now: Timestamp,
) -> StoreResult<Option<Vec<(Session, User)>>> {
    let mut place = (Timestamp::FOREVER.0, i64::MAX);
    if let Some(after) = after {
        let mut select = connection.prepare_cached("SELECT created_at FROM sessions WHERE id = ?1")?;
        let Some(begun) = select.query_row([after.0], |row| row.get(0)).optional()? else { return Ok(None) };
        place = (begun, after.0);
    }
    connection
        .prepare_cached(&sessions_sql())?
        .query_and_then(params![now.0, place.0, place.1, row::page_rows(limit)], |row| {
            Ok((sessions::from_row(row)?, users::from_row_at(row, sessions::COLUMN_COUNT)?))
        })?
        .collect::<StoreResult<_>>()
        .map(Some)
}

fn sessions_sql() -> String {
    format!(
        "SELECT s.*, {} FROM (
             SELECT {} FROM sessions WHERE expires_at > ?1 AND (created_at, id) < (?2, ?3)
             ORDER BY created_at DESC, id DESC LIMIT ?4) s
         JOIN users u ON u.id = s.user_id ORDER BY s.created_at DESC, s.id DESC",
        users::COLUMNS,
        sessions::COLUMNS
    )
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::{BEGINNING_SO, NAMED_SO, groups_sql, sessions_sql, users_sql};
    use crate::store::sqlite::migrations;

    #[test]
    fn pages_are_read_along_indexes() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for (sql, indexes) in [
            (
                users_sql(BEGINNING_SO),
                &["ix_users_username_lower", "ix_users_email_lower", "ix_sessions_user"][..],
            ),
            (groups_sql(NAMED_SO), &["ix_groups_name_lower"]),
            (sessions_sql(), &["ix_sessions_created_at (created_at<?)"]),
        ] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("\n");
            for index in indexes {
                assert!(plan.contains(index), "{plan}");
            }
            for table in ["users", "groups", "sessions"] {
                assert!(!plan.contains(&format!("SCAN {table}")), "{plan}");
            }
        }
    }
}
