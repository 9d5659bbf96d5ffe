//! Who governs the server.

use deadpool_postgres::{ClientWrapper as Client, Transaction};

use super::error::column;
use super::{notices, users};
use crate::model::{NewUser, NodeId, User, UserId};
use crate::store::{Notice, StoreError, StoreResult};

const EXISTS: &str = "SELECT EXISTS (SELECT 1 FROM users WHERE is_admin)";

/// See [`Accounts::set_admin`](crate::store::Accounts::set_admin).
pub(super) async fn set(
    client: &Client,
    node: Option<NodeId>,
    user: UserId,
    is_admin: bool,
) -> StoreResult<()> {
    match users::set_column(client, node, user, "is_admin", &is_admin).await? {
        true => Ok(()),
        false => Err(StoreError::Missing("user")),
    }
}

/// See [`Accounts::take_admin`](crate::store::Accounts::take_admin).
pub(super) async fn take(client: &mut Client, node: Option<NodeId>, user: UserId) -> StoreResult<bool> {
    let transaction = client.transaction().await?;
    wait_in_turn(&transaction).await?;
    let is_other = "SELECT 1 FROM users other WHERE other.is_admin AND other.id <> $1";
    let update = transaction
        .prepare_cached(&format!(
            "UPDATE users SET is_admin = false
             WHERE id = $1 AND NOT erased AND (NOT is_admin OR EXISTS ({is_other}))"
        ))
        .await?;
    let changed = transaction.execute(&update, &[&user.0]).await?;
    match changed {
        0 => users::check(&transaction, user).await?,
        _ => notices::write(&transaction, node, &[Notice::User(user)]).await?,
    }
    transaction.commit().await?;
    Ok(changed > 0)
}

/// Waits for others who make sure that there is an admin, or that there is none.
async fn wait_in_turn(transaction: &Transaction<'_>) -> StoreResult<()> {
    let lock = transaction.prepare_cached("SELECT 1 FROM server FOR NO KEY UPDATE").await?;
    transaction.query(&lock, &[]).await?;
    Ok(())
}

/// See [`Accounts::create_first_admin`](crate::store::Accounts::create_first_admin).
pub(super) async fn create_first(client: &mut Client, user: NewUser) -> StoreResult<Option<User>> {
    let transaction = client.transaction().await?;
    // Of several who come at once one is the first.
    wait_in_turn(&transaction).await?;
    let exists = transaction.prepare_cached(EXISTS).await?;
    if column(&transaction.query_one(&exists, &[]).await?, 0, "users", "is_admin")? {
        return Ok(None);
    }
    let user = users::insert(&transaction, user, true).await?;
    transaction.commit().await?;
    Ok(Some(user))
}

/// See [`Accounts::has_admin`](crate::store::Accounts::has_admin).
pub(super) async fn exists(client: &Client) -> StoreResult<bool> {
    let exists = client.prepare_cached(EXISTS).await?;
    column(&client.query_one(&exists, &[]).await?, 0, "users", "is_admin")
}
