//! Users whom an issuer of tokens vouches for, and tokens of such issuers that count no more.

use rusqlite::{Connection, OptionalExtension, params};

use super::users;
use crate::model::{Digest, NewUser, Timestamp, User};
use crate::store::{StoreResult, row};

/// See [`Accounts::outside_user`](crate::store::Accounts::outside_user).
pub(super) fn user(connection: &Connection, issuer: &str, subject: &str) -> StoreResult<Option<User>> {
    connection
        .prepare_cached(&format!(
            "SELECT {} FROM outside_identities o JOIN users u ON u.id = o.user_id
             WHERE o.issuer = ?1 AND o.subject = ?2",
            users::COLUMNS
        ))?
        .query_row([issuer, subject], |row| Ok(users::from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Accounts::create_outside_user`](crate::store::Accounts::create_outside_user).
pub(super) fn create(
    connection: &Connection,
    issuer: &str,
    subject: &str,
    new_user: NewUser,
) -> StoreResult<User> {
    if let Some(user) = user(connection, issuer, subject)? {
        return Ok(user);
    }
    let user = users::create(connection, new_user)?;
    connection
        .prepare_cached("INSERT INTO outside_identities (issuer, subject, user_id) VALUES (?1, ?2, ?3)")?
        .execute(params![issuer, subject, user.id.0])?;
    Ok(user)
}

/// See [`Accounts::end_token`](crate::store::Accounts::end_token).
pub(super) fn end_token(
    connection: &Connection,
    token: &Digest,
    expires_at: Timestamp,
    now: Timestamp,
) -> StoreResult<()> {
    connection
        .prepare_cached(
            "DELETE FROM ended_tokens WHERE digest IN (
                 SELECT digest FROM ended_tokens WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute([now.0, row::CLEARED_ROWS_MAX])?;
    connection
        .prepare_cached("INSERT OR REPLACE INTO ended_tokens (digest, expires_at) VALUES (?1, ?2)")?
        .execute(params![token, expires_at.0])?;
    Ok(())
}

/// See [`Accounts::is_token_ended`](crate::store::Accounts::is_token_ended).
pub(super) fn is_token_ended(connection: &Connection, token: &Digest) -> StoreResult<bool> {
    Ok(connection.prepare_cached("SELECT 1 FROM ended_tokens WHERE digest = ?1")?.exists([token])?)
}
