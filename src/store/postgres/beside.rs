//! Using a database that a server may own.

use tokio::task::JoinHandle;
use tokio_postgres::Client;

use super::connect::Target;
use super::ownership::OWNER_LOCK;
use super::{import, migrations, pooler};
use crate::store::{StoreError, StoreResult, Upgrade};

/// Brings the tables up to date if no server owns the database.
///
/// # Errors
/// [`StoreError::Refused`] if one does and they are not those of this program, or if an import is not complete.
pub(super) async fn check(target: &Target) -> StoreResult<()> {
    let mut beside = Beside::new(target).await?;
    let checked = if beside.is_owner {
        migrations::run(&mut beside.client).await
    } else {
        match migrations::missing(&beside.client).await {
            Ok(missing) if missing.is_empty() => Ok(()),
            Ok(_) | Err(StoreError::Refused(_)) => {
                let reason = format!(
                    "a server of another version is using {}; stop it, or use the program of its version",
                    target.place
                );
                Err(StoreError::Refused(reason.into()))
            }
            Err(error) => Err(error),
        }
    };
    let checked = match checked {
        Ok(()) => import::check_complete(&beside.client, target).await,
        failed => failed,
    };
    beside.end().await?;
    checked
}

/// See [`lacks`](crate::store::lacks).
pub(super) async fn lacks(target: &Target) -> StoreResult<Upgrade> {
    let beside = Beside::new(target).await?;
    let upgrade = beside.upgrade().await;
    beside.end().await?;
    upgrade
}

/// See [`migrate`](crate::store::migrate).
pub(super) async fn migrate(target: &Target) -> StoreResult<Upgrade> {
    let mut beside = Beside::new(target).await?;
    let migrated = match beside.upgrade().await {
        Ok(Upgrade { is_in_use: true, .. }) => Err(StoreError::Owned(target.place.clone())),
        Ok(upgrade) => migrations::run(&mut beside.client).await.map(|()| upgrade),
        Err(error) => Err(error),
    };
    beside.end().await?;
    migrated
}

/// A connection that owns the database for as long as it is used, unless a server does.
struct Beside {
    client: Client,
    connection: JoinHandle<()>,
    is_owner: bool,
}

impl Beside {
    async fn new(target: &Target) -> StoreResult<Self> {
        pooler::refuse(target).await?;
        let (client, connection) = target.connect().await?;
        let is_owner =
            client.query_one("SELECT pg_try_advisory_lock($1)", &[&OWNER_LOCK]).await?.try_get(0)?;
        Ok(Self { client, connection, is_owner })
    }

    async fn upgrade(&self) -> StoreResult<Upgrade> {
        Ok(Upgrade {
            changes: migrations::missing(&self.client).await?,
            original: migrations::original(&self.client).await?,
            is_in_use: !self.is_owner,
        })
    }

    async fn end(self) -> StoreResult<()> {
        if self.is_owner {
            // A server may be about to start.
            self.client.query_one("SELECT pg_advisory_unlock($1)", &[&OWNER_LOCK]).await?;
        }
        drop(self.client);
        _ = self.connection.await;
        Ok(())
    }
}
