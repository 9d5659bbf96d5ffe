//! What the server keeps for itself.

use deadpool_postgres::ClientWrapper as Client;

use super::error::column;
use crate::store::StoreResult;

/// See [`Accounts::signing_secret`](crate::store::Accounts::signing_secret).
pub(super) async fn signing_secret(client: &Client, fresh: String) -> StoreResult<String> {
    let update = client
        .prepare_cached(
            "UPDATE server SET signing_secret = coalesce(signing_secret, $1) RETURNING signing_secret",
        )
        .await?;
    column(&client.query_one(&update, &[&fresh]).await?, 0, "server", "signing_secret")
}

/// See [`Accounts::changes`](crate::store::Accounts::changes).
pub(super) async fn changes(client: &Client) -> StoreResult<i64> {
    let select = client.prepare_cached("SELECT changes FROM server").await?;
    column(&client.query_one(&select, &[]).await?, 0, "server", "changes")
}

/// See [`Accounts::note_change`](crate::store::Accounts::note_change).
pub(super) async fn note_change(client: &Client) -> StoreResult<()> {
    let update = client.prepare_cached("UPDATE server SET changes = changes + 1").await?;
    client.execute(&update, &[]).await?;
    Ok(())
}
