//! The name of the history, and whether it is settled.

use deadpool_postgres::ClientWrapper as Client;

use crate::store::{Beginning, StoreResult};

/// See [`Lifecycle::epoch`](crate::store::Lifecycle::epoch).
pub(super) async fn read(client: &Client) -> StoreResult<String> {
    Ok(client.query_one("SELECT epoch FROM server", &[]).await?.try_get(0)?)
}

/// See [`Lifecycle::begin`](crate::store::Lifecycle::begin).
pub(super) async fn begin(client: &Client, beginning: Beginning) -> StoreResult<bool> {
    let update = "WITH before AS (SELECT unsettled FROM server FOR UPDATE)
         UPDATE server
         SET epoch = CASE WHEN $1 OR before.unsettled THEN gen_random_uuid()::text ELSE epoch END,
             unsettled = $2
         FROM before
         RETURNING before.unsettled";
    let Beginning { new_epoch, eager } = beginning;
    Ok(client.query_one(update, &[&new_epoch, &eager]).await?.try_get(0)?)
}

/// See [`Lifecycle::settle`](crate::store::Lifecycle::settle). Does nothing to the history of another owner.
pub(super) async fn settle(client: &Client, owner: &str) -> StoreResult<()> {
    client.execute("UPDATE server SET unsettled = false WHERE owner = $1", &[&owner]).await?;
    Ok(())
}
