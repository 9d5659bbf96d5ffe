//! Log-ins that last.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::{column, is_duplicate};
use super::users;
use crate::model::limits::SESSIONS_MAX;
use crate::model::{RefreshDigests, Session, SessionId, Timestamp, UserId};
use crate::store::{Renewal, Renewed, StoreError, StoreResult, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "id, user_id, created_at, renewed_at, expires_at, client";

/// How many these are.
pub(super) const COLUMN_COUNT: usize = 6;

/// See [`Accounts::start_session`](crate::store::Accounts::start_session).
pub(super) fn start(
    connection: &Connection,
    session: &Session,
    digests: &RefreshDigests,
) -> StoreResult<Vec<SessionId>> {
    users::check(connection, session.user)?;
    connection
        .prepare_cached(
            "DELETE FROM sessions WHERE id IN (
                 SELECT id FROM sessions WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        )?
        .execute([session.created_at.0, row::CLEARED_ROWS_MAX])?;
    let ended = connection
        .prepare_cached(
            "DELETE FROM sessions WHERE id IN (
                 SELECT id FROM sessions WHERE user_id = ?1 ORDER BY renewed_at DESC, id DESC LIMIT -1 OFFSET ?2)
             RETURNING id",
        )?
        .query_map([session.user.0, SESSIONS_MAX as i64 - 1], |row| row.get(0).map(SessionId))?
        .collect::<Result<_, _>>()?;
    let started = connection
        .prepare_cached(&format!(
            "INSERT INTO sessions ({COLUMNS}, family_digest, current_digest) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
        ))?
        .execute(params![
            session.id.0,
            session.user.0,
            session.created_at.0,
            session.renewed_at.0,
            session.expires_at.0,
            session.client,
            digests.family,
            digests.current
        ]);
    match started {
        Err(error) if is_duplicate(&error) => Err(StoreError::Refused("the number is in use".into())),
        started => {
            started?;
            Ok(ended)
        }
    }
}

/// See [`Accounts::session`](crate::store::Accounts::session).
pub(super) fn by_id(connection: &Connection, id: SessionId) -> StoreResult<Option<Session>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM sessions WHERE id = ?1"))?
        .query_row([id.0], |row| Ok(from_row(row)))
        .optional()?
        .transpose()
}

/// See [`Accounts::live_sessions`](crate::store::Accounts::live_sessions).
pub(super) fn live(connection: &Connection, ids: &[SessionId]) -> StoreResult<Vec<bool>> {
    let mut select = connection.prepare_cached("SELECT 1 FROM sessions WHERE id = ?1")?;
    ids.iter().map(|id| Ok(select.exists([id.0])?)).collect()
}

/// See [`Accounts::sessions`](crate::store::Accounts::sessions).
pub(super) fn of_user(connection: &Connection, user: UserId) -> StoreResult<Vec<Session>> {
    connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions WHERE user_id = ?1 ORDER BY renewed_at DESC, id DESC"
        ))?
        .query_and_then([user.0], from_row)?
        .collect()
}

/// See [`Accounts::renew_session`](crate::store::Accounts::renew_session).
pub(super) fn renew(connection: &Connection, renewal: &Renewal) -> StoreResult<Renewed> {
    let Renewal { id, spent, next, at, expires_at } = renewal;
    let renewed = connection
        .prepare_cached(&format!(
            "UPDATE sessions SET current_digest = ?3, renewed_at = ?4, expires_at = ?5
             WHERE id = ?1 AND current_digest = ?2 AND expires_at > ?4 RETURNING {COLUMNS}"
        ))?
        .query_row(params![id.0, spent.current, next, at.0, expires_at.0], |row| Ok(from_row(row)))
        .optional()?;
    if let Some(session) = renewed {
        return Ok(Renewed::Yes(session?));
    }
    let ended = connection
        .prepare_cached(
            "DELETE FROM sessions
             WHERE id = ?1 AND family_digest = ?2 AND current_digest <> ?3 AND expires_at > ?4",
        )?
        .execute(params![id.0, spent.family, spent.current, at.0])?;
    Ok(if ended > 0 { Renewed::Reused } else { Renewed::No })
}

/// See [`Accounts::end_session`](crate::store::Accounts::end_session).
pub(super) fn end(connection: &Connection, id: SessionId, of: Option<UserId>) -> StoreResult<bool> {
    let ended = connection
        .prepare_cached("DELETE FROM sessions WHERE id = ?1 AND user_id = coalesce(?2, user_id)")?
        .execute(params![id.0, of.map(|user| user.0)])?;
    Ok(ended > 0)
}

/// Ends the user's sessions, but for the one that is `kept`; answers those that ended.
pub(super) fn end_all(
    connection: &Connection,
    user: UserId,
    kept: Option<SessionId>,
) -> StoreResult<Vec<SessionId>> {
    let mut delete =
        connection.prepare_cached("DELETE FROM sessions WHERE user_id = ?1 AND id IS NOT ?2 RETURNING id")?;
    let ended =
        delete.query_map(params![user.0, kept.map(|kept| kept.0)], |row| row.get(0).map(SessionId))?;
    Ok(ended.collect::<Result<_, _>>()?)
}

/// A session from [`COLUMNS`].
pub(super) fn from_row(row: &Row<'_>) -> StoreResult<Session> {
    Ok(Session {
        id: SessionId(column(row, 0, "sessions", "id")?),
        user: row::user_id(column(row, 1, "sessions", "user_id")?, "sessions", "user_id")?,
        created_at: Timestamp(column(row, 2, "sessions", "created_at")?),
        renewed_at: Timestamp(column(row, 3, "sessions", "renewed_at")?),
        expires_at: Timestamp(column(row, 4, "sessions", "expires_at")?),
        client: column(row, 5, "sessions", "client")?,
    })
}
