//! One server at a time owns the database.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;

use super::connect::{Connection, Target};
use super::error::unavailable;
use super::pooler;
use crate::store::{StoreError, StoreResult};

/// The advisory lock that the owner of a database holds: "groupcas" in ASCII.
pub(super) const OWNER_LOCK: i64 = 0x6772_6f75_7063_6173;

/// How long it may take to connect and to take ownership.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a starting server waits for the lock: the database may take a moment to notice that a predecessor
/// was killed.
const OWNED_TIMEOUT: Duration = Duration::from_secs(3);

/// How often it tries.
const OWNED_RETRY: Duration = Duration::from_millis(50);

/// Connects and takes ownership; waits a while for it.
pub(super) async fn take_patiently(target: &Target) -> StoreResult<(Client, Connection)> {
    pooler::refuse(target).await?;
    let deadline = Instant::now() + OWNED_TIMEOUT;
    loop {
        match take(target).await {
            Err(StoreError::Owned(_)) if Instant::now() < deadline => sleep(OWNED_RETRY).await,
            settled => return settled,
        }
    }
}

/// Connects and takes ownership, which the database takes back when the connection ends.
pub(super) async fn take(target: &Target) -> StoreResult<(Client, Connection)> {
    timeout(CONNECT_TIMEOUT, connect_and_lock(target))
        .await
        .unwrap_or_else(|_| Err(unavailable(format!("{}: no answer in time", target.place))))
}

async fn connect_and_lock(target: &Target) -> StoreResult<(Client, Connection)> {
    let (client, connection) = target.connect().await?;
    let row = client
        .query_one("SELECT pg_try_advisory_lock($1), current_setting('server_encoding')", &[&OWNER_LOCK])
        .await?;
    if !row.try_get::<_, bool>(0)? {
        return Err(StoreError::Owned(target.place.clone()));
    }
    let encoding: String = row.try_get(1)?;
    if encoding != "UTF8" {
        return Err(StoreError::Refused(
            format!("{} is encoded in {encoding}; UTF8 is needed", target.place).into(),
        ));
    }
    Ok((client, connection))
}

/// Gives ownership up. The database may notice only later that the connection ends.
pub(super) async fn release(client: &Client) {
    _ = client.execute("SELECT pg_advisory_unlock($1)", &[&OWNER_LOCK]).await;
}
