//! Who governs the server.

use rusqlite::{Connection, params};

use super::users;
use crate::model::{NewUser, User, UserId};
use crate::store::{StoreError, StoreResult};

/// See [`Accounts::set_admin`](crate::store::Accounts::set_admin).
pub(super) fn set(connection: &Connection, user: UserId, is_admin: bool) -> StoreResult<()> {
    let changed = connection
        .prepare_cached("UPDATE users SET is_admin = ?2 WHERE id = ?1 AND NOT erased")?
        .execute(params![user.0, is_admin])?;
    if changed == 0 { Err(StoreError::Missing("user")) } else { Ok(()) }
}

/// See [`Accounts::take_admin`](crate::store::Accounts::take_admin).
pub(super) fn take(connection: &Connection, user: UserId) -> StoreResult<bool> {
    let is_other = "SELECT 1 FROM users other WHERE other.is_admin AND other.id <> ?1";
    let changed = connection
        .prepare_cached(&format!(
            "UPDATE users SET is_admin = 0 WHERE id = ?1 AND NOT erased AND (NOT is_admin OR EXISTS ({is_other}))"
        ))?
        .execute([user.0])?;
    if changed == 0 {
        users::check(connection, user)?;
    }
    Ok(changed > 0)
}

/// See [`Accounts::create_first_admin`](crate::store::Accounts::create_first_admin).
pub(super) fn create_first(connection: &Connection, user: NewUser) -> StoreResult<Option<User>> {
    if exists(connection)? {
        return Ok(None);
    }
    let user = users::create(connection, user)?;
    set(connection, user.id, true)?;
    Ok(Some(User { is_admin: true, ..user }))
}

/// See [`Accounts::has_admin`](crate::store::Accounts::has_admin).
pub(super) fn exists(connection: &Connection) -> StoreResult<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM users WHERE is_admin LIMIT 1")?.exists([])?)
}
