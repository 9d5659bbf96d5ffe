//! Programs between this one and the database that share its sessions out, such as PgBouncer.

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::connect::Target;
use super::error::unavailable;
use crate::store::{StoreError, StoreResult};

/// How long it may take to see. A pooler that has no session to give lets its clients wait, PgBouncer two minutes.
const SEEN_TIMEOUT: Duration = Duration::from_secs(10);

/// Makes sure that a connection has a session of its own. The lock of a database's owner belongs to the session, and so
/// do prepared statements and settings: where sessions change hands after each transaction, two servers could both hold
/// the lock, and a lock that was taken would stay with a session that nobody has.
///
/// # Errors
/// [`StoreError::Refused`] if sessions change hands.
pub(super) async fn refuse(target: &Target) -> StoreResult<()> {
    let changes_hands = timeout(SEEN_TIMEOUT, changes_hands(target)).await.unwrap_or_else(|_| {
        Err(unavailable(format!("{}: no answer in time on two connections at once", target.place)))
    })?;
    if changes_hands {
        let reason = format!(
            "{} is behind a pooler that gives a session to one connection after the other; PgBouncer needs \
             pool_mode=session",
            target.place
        );
        return Err(StoreError::Refused(reason.into()));
    }
    Ok(())
}

/// Asks two connections by turns which session they have. A pooler of sessions that are kept in a stack gives both the
/// same; of those in a ring, whatever their number, the first has not the same three times with the second never having
/// it.
async fn changes_hands(target: &Target) -> StoreResult<bool> {
    let ((one, one_task), (other, other_task)) = tokio::try_join!(target.connect(), target.connect())?;
    let mut seen = [Vec::new(), Vec::new()];
    for turn in [0, 1, 0, 0, 1] {
        seen[turn].push(session(if turn == 0 { &one } else { &other }).await?);
    }
    drop((one, other));
    // Until then they take room in the database.
    _ = tokio::join!(one_task, other_task);
    let [ones, others] = seen;
    Ok(ones.iter().any(|session| *session != ones[0] || others.contains(session))
        || others.iter().any(|session| *session != others[0]))
}

/// The number of the session's process. Asked without preparing it, which a pooler may not let happen.
async fn session(client: &Client) -> StoreResult<String> {
    for message in client.simple_query("SELECT pg_backend_pid()").await? {
        if let SimpleQueryMessage::Row(row) = message {
            return Ok(row.try_get(0)?.unwrap_or_default().to_owned());
        }
    }
    Err(unavailable("the database does not say which session this is"))
}
