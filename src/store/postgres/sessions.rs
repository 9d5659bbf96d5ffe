//! Log-ins that last.

use deadpool_postgres::{ClientWrapper as Client, Transaction};
use tokio_postgres::Row;

use super::error::{column, is_duplicate};
use super::instant::Instant;
use super::notices::{self, Kind, noted};
use super::users;
use crate::model::limits::SESSIONS_MAX;
use crate::model::{NodeId, RefreshDigests, Session, SessionId, UserId};
use crate::store::{Notice, Renewal, Renewed, StoreError, StoreResult, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "id, user_id, created_at, renewed_at, expires_at, client";

/// How many these are.
pub(super) const COLUMN_COUNT: usize = 6;

/// See [`Accounts::start_session`](crate::store::Accounts::start_session).
pub(super) async fn start(
    client: &mut Client,
    node: Option<NodeId>,
    session: Session,
    digests: RefreshDigests,
) -> StoreResult<Vec<SessionId>> {
    let transaction = client.transaction().await?;
    users::lock(&transaction, session.user).await?;
    // What somebody else is about to change waits for the next log-in.
    let clear = transaction
        .prepare_cached(
            "DELETE FROM sessions WHERE id IN (
                 SELECT id FROM sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
                 FOR UPDATE SKIP LOCKED)",
        )
        .await?;
    transaction.execute(&clear, &[&Instant(session.created_at), &row::CLEARED_ROWS_MAX]).await?;
    let end = transaction
        .prepare_cached(
            "DELETE FROM sessions WHERE id IN (
                 SELECT id FROM sessions WHERE user_id = $1 ORDER BY renewed_at DESC, id DESC OFFSET $2)
             RETURNING id",
        )
        .await?;
    let rows = transaction.query(&end, &[&session.user.0, &(SESSIONS_MAX as i64 - 1)]).await?;
    let ended = rows.iter().map(id).collect::<StoreResult<Vec<_>>>()?;
    let insert = transaction
        .prepare_cached(&format!(
            "INSERT INTO sessions ({COLUMNS}, family_digest, current_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        ))
        .await?;
    let started = transaction
        .execute(
            &insert,
            &[
                &session.id.0,
                &session.user.0,
                &Instant(session.created_at),
                &Instant(session.renewed_at),
                &Instant(session.expires_at),
                &&*session.client,
                &&digests.family[..],
                &&digests.current[..],
            ],
        )
        .await;
    match started {
        Err(error) if is_duplicate(&error) => Err(StoreError::Refused("the number is in use".into())),
        started => {
            started?;
            let gone: Vec<Notice> = ended.iter().map(|session| Notice::Session(*session)).collect();
            notices::write(&transaction, node, &gone).await?;
            transaction.commit().await?;
            Ok(ended)
        }
    }
}

/// See [`Accounts::session`](crate::store::Accounts::session).
pub(super) async fn by_ids(
    client: &Client,
    ids: Vec<SessionId>,
) -> StoreResult<Vec<StoreResult<Option<Session>>>> {
    let select = client.prepare_cached(&asked_sql(COLUMNS)).await?;
    let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let rows = client.query(&select, &[&numbers]).await?;
    Ok(rows.iter().map(|row| if is_there(row)? { from_row(row).map(Some) } else { Ok(None) }).collect())
}

/// Asks for these columns of the sessions of `$1`. However many they are, each is looked up along the index.
fn asked_sql(columns: &str) -> String {
    format!(
        "SELECT {columns} FROM unnest($1::bigint[]) WITH ORDINALITY AS asked (number, position)
         LEFT JOIN LATERAL (SELECT * FROM sessions WHERE id = asked.number LIMIT 1) s ON true
         ORDER BY position"
    )
}

/// See [`Accounts::live_sessions`](crate::store::Accounts::live_sessions).
pub(super) async fn live(client: &Client, ids: Vec<SessionId>) -> StoreResult<Vec<bool>> {
    let select = client.prepare_cached(&asked_sql("id")).await?;
    let numbers: Vec<i64> = ids.iter().map(|id| id.0).collect();
    client.query(&select, &[&numbers]).await?.iter().map(is_there).collect()
}

/// See [`Accounts::sessions`](crate::store::Accounts::sessions).
pub(super) async fn of_user(client: &Client, user: UserId) -> StoreResult<Vec<Session>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM sessions WHERE user_id = $1 ORDER BY renewed_at DESC, id DESC"
        ))
        .await?;
    client.query(&select, &[&user.0]).await?.iter().map(from_row).collect()
}

/// See [`Accounts::renew_session`](crate::store::Accounts::renew_session). Of two who come with one token the second
/// waits for the first, and finds the token spent.
pub(super) async fn renew(client: &Client, node: Option<NodeId>, renewal: Renewal) -> StoreResult<Renewed> {
    let Renewal { id, spent, next, at, expires_at } = renewal;
    let update = client
        .prepare_cached(&format!(
            "UPDATE sessions SET current_digest = $3, renewed_at = $4, expires_at = $5
             WHERE id = $1 AND current_digest = $2 AND expires_at > $4 RETURNING {COLUMNS}"
        ))
        .await?;
    let renewed = client
        .query_opt(&update, &[&id.0, &&spent.current[..], &&next[..], &Instant(at), &Instant(expires_at)])
        .await?;
    if let Some(row) = renewed {
        return Ok(Renewed::Yes(from_row(&row)?));
    }
    let delete = client
        .prepare_cached(&format!(
            "WITH ended AS (
                 DELETE FROM sessions
                 WHERE id = $1 AND family_digest = $2 AND current_digest <> $3 AND expires_at > $4 RETURNING id
             ), {} SELECT 1 FROM ended",
            noted("ended", Kind::Session, "number", "id", "$5")
        ))
        .await?;
    let node = node.map(|node| node.0);
    let ended = client
        .query_opt(&delete, &[&id.0, &&spent.family[..], &&spent.current[..], &Instant(at), &node])
        .await?;
    Ok(if ended.is_some() { Renewed::Reused } else { Renewed::No })
}

/// See [`Accounts::end_session`](crate::store::Accounts::end_session).
pub(super) async fn end(
    client: &Client,
    node: Option<NodeId>,
    id: SessionId,
    of: Option<UserId>,
) -> StoreResult<bool> {
    let delete = client
        .prepare_cached(&format!(
            "WITH ended AS (
                 DELETE FROM sessions WHERE id = $1 AND user_id = coalesce($2, user_id) RETURNING id
             ), {} SELECT 1 FROM ended",
            noted("ended", Kind::Session, "number", "id", "$3")
        ))
        .await?;
    let ended = client.query_opt(&delete, &[&id.0, &of.map(|user| user.0), &node.map(|node| node.0)]).await?;
    Ok(ended.is_some())
}

/// Ends the user's sessions, but for the one that is `kept`; answers those that ended.
pub(super) async fn end_all(
    transaction: &Transaction<'_>,
    user: UserId,
    kept: Option<SessionId>,
) -> StoreResult<Vec<SessionId>> {
    let delete = transaction
        .prepare_cached("DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2 RETURNING id")
        .await?;
    let rows = transaction.query(&delete, &[&user.0, &kept.map(|kept| kept.0)]).await?;
    rows.iter().map(id).collect()
}

fn id(row: &Row) -> StoreResult<SessionId> {
    column(row, 0, "sessions", "id").map(SessionId)
}

fn is_there(row: &Row) -> StoreResult<bool> {
    Ok(column::<Option<i64>>(row, 0, "sessions", "id")?.is_some())
}

/// A session from [`COLUMNS`].
pub(super) fn from_row(row: &Row) -> StoreResult<Session> {
    Ok(Session {
        id: id(row)?,
        user: row::user_id(column(row, 1, "sessions", "user_id")?, "sessions", "user_id")?,
        created_at: column::<Instant>(row, 2, "sessions", "created_at")?.0,
        renewed_at: column::<Instant>(row, 3, "sessions", "renewed_at")?.0,
        expires_at: column::<Instant>(row, 4, "sessions", "expires_at")?.0,
        client: column::<&str>(row, 5, "sessions", "client")?.into(),
    })
}
