//! Users.

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};

use super::error::column;
use crate::model::{NewUser, User, UserId};
use crate::store::{StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "u.id, u.username, u.email";

/// See [`Store::taken`](crate::store::Store::taken).
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

/// See [`Store::create_user`](crate::store::Store::create_user).
pub(super) fn create(connection: &mut Connection, user: NewUser) -> StoreResult<User> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if let Some(taken) = taken(&transaction, &user.username, &user.email)? {
        return Err(StoreError::Taken(taken));
    }
    transaction
        .prepare_cached("INSERT INTO users (username, email, password) VALUES (?1, ?2, ?3)")?
        .execute(params![user.username, user.email, user.password_hash])?;
    let id = row::user_id(transaction.last_insert_rowid(), "users", "id")?;
    transaction.commit()?;
    Ok(User { id, username: user.username.into(), email: user.email.into() })
}

/// See [`Store::user`](crate::store::Store::user).
pub(super) fn by_id(connection: &Connection, id: UserId) -> StoreResult<Option<User>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.id = ?1"))?
        .query_row([id.0], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Store::user_by_name`](crate::store::Store::user_by_name).
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
