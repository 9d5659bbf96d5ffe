//! API keys.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::column;
use super::users;
use crate::model::{ApiKey, Digest, KeyActor, Timestamp};
use crate::store::{NewKey, StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
const COLUMNS: &str = "id, name, scope, actor, user_id, created_at";

/// See [`Accounts::create_key`](crate::store::Accounts::create_key).
pub(super) fn create(connection: &Connection, key: &NewKey) -> StoreResult<ApiKey> {
    if let KeyActor::User(user) = key.actor {
        users::check(connection, user)?;
    }
    if connection.prepare_cached("SELECT 1 FROM api_keys WHERE name = ?1")?.exists([&key.name])? {
        return Err(StoreError::Taken(Unique::KeyName));
    }
    let (actor, user) = row::actor_numbers(key.actor);
    connection
        .prepare_cached(&format!(
            "INSERT INTO api_keys (name, scope, actor, user_id, created_at, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING {COLUMNS}"
        ))?
        .query_row(
            params![key.name, row::scope_number(key.scope), actor, user, key.created_at.0, key.digest],
            |row| Ok(from_row(row)),
        )?
}

/// See [`Accounts::key`](crate::store::Accounts::key).
pub(super) fn by_digest(connection: &Connection, digest: &Digest) -> StoreResult<Option<ApiKey>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys WHERE digest = ?1"))?
        .query_row([digest], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Accounts::keys`](crate::store::Accounts::keys).
pub(super) fn list(connection: &Connection) -> StoreResult<Vec<ApiKey>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys ORDER BY name LIMIT ?1"))?
        .query_and_then([row::LIST_ROWS_MAX], from_row)?
        .collect()
}

/// See [`Accounts::revoke_key`](crate::store::Accounts::revoke_key).
pub(super) fn revoke(connection: &Connection, name: &str) -> StoreResult<Option<Digest>> {
    let mut delete = connection.prepare_cached("DELETE FROM api_keys WHERE name = ?1 RETURNING digest")?;
    Ok(delete.query_row([name], |row| row.get(0)).optional()?)
}

fn from_row(row: &Row<'_>) -> StoreResult<ApiKey> {
    let actor = column(row, 3, "api_keys", "actor")?;
    Ok(ApiKey {
        id: column(row, 0, "api_keys", "id")?,
        name: column(row, 1, "api_keys", "name")?,
        scope: row::scope(column(row, 2, "api_keys", "scope")?)?,
        actor: row::actor(actor, column(row, 4, "api_keys", "user_id")?)?,
        created_at: Timestamp(column(row, 5, "api_keys", "created_at")?),
    })
}
