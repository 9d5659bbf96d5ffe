//! Users.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use crate::model::{NewUser, User, UserId};
use crate::store::{StoreError, StoreResult, Unique, prefix, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "u.id, u.username, u.email, u.is_admin";

/// See [`Directory::taken`](crate::store::Directory::taken).
pub(super) fn taken(connection: &Connection, username: &str, email: &str) -> StoreResult<Option<Unique>> {
    for (unique, value, sql) in [
        (Unique::Email, email, "SELECT EXISTS (SELECT 1 FROM users WHERE email = ?1)"),
        (Unique::Username, username, "SELECT EXISTS (SELECT 1 FROM users WHERE username = ?1)"),
    ] {
        if connection.prepare_cached(sql)?.query_row([value], |row| row.get(0))? {
            return Ok(Some(unique));
        }
    }
    Ok(None)
}

/// See [`Directory::create_user`](crate::store::Directory::create_user).
pub(super) fn create(connection: &Connection, user: NewUser) -> StoreResult<User> {
    if let Some(taken) = taken(connection, &user.username, &user.email)? {
        return Err(StoreError::Taken(taken));
    }
    connection
        .prepare_cached(
            "INSERT INTO users (username, email, password, username_lower) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![user.username, user.email, user.password_hash, prefix::lower(&user.username)])?;
    let id = row::user_id(connection.last_insert_rowid(), "users", "id")?;
    Ok(User { id, username: user.username.into(), email: user.email.into(), is_admin: false })
}

/// See [`Directory::user`](crate::store::Directory::user).
pub(super) fn by_id(connection: &Connection, id: UserId) -> StoreResult<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.id = ?1"))?
        .query_row([id.0], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Directory::user_by_name`](crate::store::Directory::user_by_name).
pub(super) fn by_name(connection: &Connection, username: &str) -> StoreResult<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.username = ?1 AND NOT u.erased"))?
        .query_row([username], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// [`StoreError::Missing`] unless there is such a user, who is not erased.
pub(super) fn check(connection: &Connection, id: UserId) -> StoreResult<()> {
    let is_there =
        connection.prepare_cached("SELECT 1 FROM users WHERE id = ?1 AND NOT erased")?.exists([id.0])?;
    is_there.then_some(()).ok_or(StoreError::Missing("user"))
}

/// See [`Accounts::users`](crate::store::Accounts::users).
pub(super) fn list(connection: &Connection, after: UserId, limit: u64) -> StoreResult<Vec<User>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users u WHERE u.id > ?1 AND NOT u.erased ORDER BY u.id LIMIT ?2"
        ))?
        .query_and_then([after.0, row::page_rows(limit)], from_row)?
        .collect()
}

/// See [`Accounts::search_users`](crate::store::Accounts::search_users).
pub(super) fn search(connection: &Connection, prefix: &str, limit: u64) -> StoreResult<Vec<User>> {
    let first = prefix::lower(prefix);
    let limit = row::page_rows(limit);
    match prefix::end(&first) {
        Some(end) => connection
            .prepare_cached(&search_sql("AND u.username_lower < ?3"))?
            .query_and_then(params![first, limit, end], from_row)?
            .collect(),
        None => connection
            .prepare_cached(&search_sql(""))?
            .query_and_then(params![first, limit], from_row)?
            .collect(),
    }
}

fn search_sql(end: &str) -> String {
    format!(
        "SELECT {COLUMNS} FROM users u WHERE u.username_lower >= ?1 {end} AND NOT u.erased
         ORDER BY u.username_lower, u.id LIMIT ?2"
    )
}

/// A user from [`COLUMNS`].
pub(super) fn from_row(row: &Row<'_>) -> StoreResult<User> {
    from_row_at(row, 0)
}

/// A user from [`COLUMNS`] that begin at `first`.
pub(super) fn from_row_at(row: &Row<'_>, first: usize) -> StoreResult<User> {
    Ok(User {
        id: row::user_id(column(row, first, "users", "id")?, "users", "id")?,
        username: column(row, first + 1, "users", "username")?,
        email: column(row, first + 2, "users", "email")?,
        is_admin: column(row, first + 3, "users", "is_admin")?,
    })
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::search_sql;
    use crate::store::sqlite::migrations;

    #[test]
    fn a_search_reads_along_its_index() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrations::run(&mut connection).unwrap();
        for (end, condition) in [("", "username_lower>?"), ("AND u.username_lower < ?3", "username_lower<?")]
        {
            let sql = format!("EXPLAIN QUERY PLAN {}", search_sql(end));
            let mut statement = connection.prepare(&sql).unwrap();
            let plan = statement.raw_query().mapped(|row| row.get::<_, String>(3));
            let plan = plan.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
            assert!(plan.contains("ix_users_username_lower") && plan.contains(condition), "{plan}");
            assert!(!plan.contains("TEMP B-TREE"), "{plan}");
        }
    }
}
