//! Passwords and addresses.

use rusqlite::{Connection, OptionalExtension, ToSql, params};

use super::error::{column, is_duplicate};
use super::{sessions, users};
use crate::model::{SessionId, User, UserId};
use crate::store::{Credentials, StoreError, StoreResult, Unique};

/// What a user is looked up by.
pub(super) enum Key {
    Username(String),
    Email(String),
    Id(i64),
}

/// See [`Accounts::credentials`](crate::store::Accounts::credentials).
pub(super) fn find(connection: &Connection, key: &Key) -> StoreResult<Option<Credentials>> {
    let (name, value): (_, &dyn ToSql) = match key {
        Key::Username(name) => ("username", name),
        Key::Email(email) => ("email", email),
        Key::Id(id) => ("id", id),
    };
    connection
        .prepare_cached(&format!(
            "SELECT {}, u.password FROM users u WHERE u.{name} = ?1 AND NOT u.erased",
            users::COLUMNS
        ))?
        .query_row([value], |row| {
            Ok(users::from_row(row).and_then(|user: User| {
                Ok(Credentials { user, password_hash: column(row, 4, "users", "password")? })
            }))
        })
        .optional()?
        .transpose()
}

/// See [`Accounts::set_password`](crate::store::Accounts::set_password).
pub(super) fn set_password(
    connection: &Connection,
    user: UserId,
    hash: &str,
    kept: Option<SessionId>,
) -> StoreResult<Vec<SessionId>> {
    users::check(connection, user)?;
    connection
        .prepare_cached("UPDATE users SET password = ?2 WHERE id = ?1")?
        .execute(params![user.0, hash])?;
    sessions::end_all(connection, user, kept)
}

/// See [`Accounts::replace_hash`](crate::store::Accounts::replace_hash).
pub(super) fn replace_hash(connection: &Connection, user: UserId, old: &str, new: &str) -> StoreResult<()> {
    connection
        .prepare_cached("UPDATE users SET password = ?3 WHERE id = ?1 AND password = ?2 AND NOT erased")?
        .execute(params![user.0, old, new])?;
    Ok(())
}

/// See [`Accounts::set_email`](crate::store::Accounts::set_email).
pub(super) fn set_email(connection: &Connection, user: UserId, email: &str) -> StoreResult<()> {
    let changed = connection
        .prepare_cached("UPDATE users SET email = ?2 WHERE id = ?1 AND NOT erased")?
        .execute(params![user.0, email]);
    match changed {
        Err(error) if is_duplicate(&error) => Err(StoreError::Taken(Unique::Email)),
        Ok(0) => Err(StoreError::Missing("user")),
        changed => Ok(changed.map(drop)?),
    }
}
