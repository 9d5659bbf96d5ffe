//! One server at a time owns the database, or several nodes share it.

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::connect::{Connection, Target};
use super::error::unavailable;
use super::pooler;
use crate::store::{CarrierKind, StoreError, StoreResult};

/// The advisory lock that the owner of a database holds, and that nodes share: "groupcas" in ASCII.
pub(super) const OWNER_LOCK: i64 = 0x6772_6f75_7063_6173;

/// What a node holds while it starts, for they start one after the other: "groupsta".
const START_LOCK: i64 = 0x6772_6f75_7073_7461;

/// What nodes share that reach each other in one way: "groupnat" and "grouppos".
const NATS_LOCK: i64 = 0x6772_6f75_706e_6174;
const POSTGRES_LOCK: i64 = 0x6772_6f75_7070_6f73;

/// How long it may take to connect and to take ownership.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a starting server waits for the lock: the database may take a moment to notice that a predecessor
/// was killed.
const OWNED_TIMEOUT: Duration = Duration::from_secs(3);

/// How often it tries.
const OWNED_RETRY: Duration = Duration::from_millis(50);

/// How long a node that starts waits for others that do.
const START_TIMEOUT: &str = "SET lock_timeout = '8s'";

/// How a process has the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// For itself.
    All,
    /// With nodes that reach each other in this way.
    Of(CarrierKind),
}

impl Share {
    /// How a server is told that others hold it in this way.
    fn of_others(self, target: &Target) -> StoreError {
        let how = match self {
            Self::All => "without --cluster",
            Self::Of(CarrierKind::Nats) => "with --cluster=nats",
            Self::Of(CarrierKind::Postgres) => "with --cluster=postgres",
        };
        StoreError::Owned(format!("{} {how}", target.place))
    }
}

/// Connects and takes ownership, or a share of it; waits a while for it. A node holds up others that start, until it has
/// [started].
pub(super) async fn take_patiently(target: &Target, share: Share) -> StoreResult<(Client, Connection)> {
    pooler::refuse(target).await?;
    let deadline = Instant::now() + OWNED_TIMEOUT;
    loop {
        match in_time(target, start(target, share)).await {
            Err(StoreError::Owned(_)) if Instant::now() < deadline => sleep(OWNED_RETRY).await,
            settled => return settled,
        }
    }
}

/// Connects and takes ownership, or a share of it, which the database takes back when the connection ends.
pub(super) async fn take(target: &Target, share: Share) -> StoreResult<(Client, Connection)> {
    in_time(target, async {
        let (client, connection) = target.connect().await?;
        lock(&client, target, share).await?;
        Ok((client, connection))
    })
    .await
}

async fn in_time<T>(target: &Target, taken: impl Future<Output = StoreResult<T>>) -> StoreResult<T> {
    timeout(CONNECT_TIMEOUT, taken)
        .await
        .unwrap_or_else(|_| Err(unavailable(format!("{}: no answer in time", target.place))))
}

async fn start(target: &Target, share: Share) -> StoreResult<(Client, Connection)> {
    let (client, connection) = target.connect().await?;
    if let Share::Of(_) = share {
        client.batch_execute(START_TIMEOUT).await?;
        client.query_one("SELECT pg_advisory_lock($1)", &[&START_LOCK]).await.map_err(|error| {
            match error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE) {
                true => unavailable(format!("another node has been starting on {} for long", target.place)),
                false => error.into(),
            }
        })?;
        client.batch_execute("RESET lock_timeout").await?;
    }
    lock(&client, target, share).await?;
    Ok((client, connection))
}

/// Lets other nodes start.
pub(super) async fn started(client: &Client) -> StoreResult<()> {
    client.query_one("SELECT pg_advisory_unlock($1)", &[&START_LOCK]).await?;
    Ok(())
}

async fn lock(client: &Client, target: &Target, share: Share) -> StoreResult<()> {
    let try_lock = match share {
        Share::All => "SELECT pg_try_advisory_lock($1), current_setting('server_encoding')",
        Share::Of(_) => "SELECT pg_try_advisory_lock_shared($1), current_setting('server_encoding')",
    };
    let row = client.query_one(try_lock, &[&OWNER_LOCK]).await?;
    if !row.try_get::<_, bool>(0)? {
        return Err(match (share, nodes(client).await?) {
            (Share::All, Some(kind)) => Share::Of(kind).of_others(target),
            (Share::All, None) => StoreError::Owned(target.place.clone()),
            (Share::Of(_), _) => Share::All.of_others(target),
        });
    }
    if let Share::Of(kind) = share {
        // Each takes its own before it looks for the other, so of two at once one sees the other at least.
        client.query_one("SELECT pg_advisory_lock_shared($1)", &[&lock_of(kind)]).await?;
        let other = match kind {
            CarrierKind::Nats => CarrierKind::Postgres,
            CarrierKind::Postgres => CarrierKind::Nats,
        };
        if are_there(client, other).await? {
            return Err(Share::Of(other).of_others(target));
        }
    }
    let encoding: String = row.try_get(1)?;
    if encoding != "UTF8" {
        return Err(StoreError::Refused(
            format!("{} is encoded in {encoding}; UTF8 is needed", target.place).into(),
        ));
    }
    Ok(())
}

fn lock_of(kind: CarrierKind) -> i64 {
    match kind {
        CarrierKind::Nats => NATS_LOCK,
        CarrierKind::Postgres => POSTGRES_LOCK,
    }
}

/// How nodes reach each other that use the database, this one aside.
pub(super) async fn nodes(client: &Client) -> StoreResult<Option<CarrierKind>> {
    for kind in [CarrierKind::Nats, CarrierKind::Postgres] {
        if are_there(client, kind).await? {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// Looked up rather than tried, for a lock that is tried is in the way of others.
async fn are_there(client: &Client, kind: CarrierKind) -> StoreResult<bool> {
    let select = "SELECT EXISTS (
         SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND pid <> pg_backend_pid()
           AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
           AND (classid::bigint << 32) | objid::bigint = $1)";
    Ok(client.query_one(select, &[&lock_of(kind)]).await?.try_get(0)?)
}

/// Gives everything up. The database may notice only later that the connection ends.
pub(super) async fn release(client: &Client) {
    _ = client.execute("SELECT pg_advisory_unlock_all()", &[]).await;
}
