//! Users.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use crate::model::{NewUser, User, UserId};
use crate::store::{StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "u.id, u.username, u.email";

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
        .prepare_cached("INSERT INTO users (username, email, password) VALUES (?1, ?2, ?3)")?
        .execute(params![user.username, user.email, user.password_hash])?;
    let id = row::user_id(connection.last_insert_rowid(), "users", "id")?;
    Ok(User { id, username: user.username.into(), email: user.email.into() })
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
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.username = ?1"))?
        .query_row([username], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// A user from [`COLUMNS`].
pub(super) fn from_row(row: &Row<'_>) -> StoreResult<User> {
    Ok(User {
        id: row::user_id(column(row, 0, "users", "id")?, "users", "id")?,
        username: column(row, 1, "users", "username")?,
        email: column(row, 2, "users", "email")?,
    })
}
