//! Passwords and addresses.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::types::ToSql;

use super::error::{column, is_duplicate};
use super::{notices, sessions, users};
use crate::model::{NodeId, SessionId, UserId};
use crate::store::{Credentials, Notice, StoreError, StoreResult, Unique};

/// What a user is looked up by.
pub(super) enum Key {
    Username(String),
    Email(String),
    Id(i64),
}

/// See [`Accounts::credentials`](crate::store::Accounts::credentials).
pub(super) async fn find(client: &Client, key: Key) -> StoreResult<Option<Credentials>> {
    let (name, value): (_, &(dyn ToSql + Sync)) = match &key {
        Key::Username(name) => ("username", name),
        Key::Email(email) => ("email", email),
        Key::Id(id) => ("id", id),
    };
    let select = client
        .prepare_cached(&format!(
            "SELECT u.password, {} FROM users u WHERE u.{name} = $1 AND NOT u.erased",
            users::COLUMNS
        ))
        .await?;
    let Some(row) = client.query_opt(&select, &[value]).await? else { return Ok(None) };
    let password_hash = column(&row, 0, "users", "password")?;
    Ok(Some(Credentials { user: users::from_row_at(&row, 1)?, password_hash }))
}

/// See [`Accounts::set_password`](crate::store::Accounts::set_password).
pub(super) async fn set_password(
    client: &mut Client,
    node: Option<NodeId>,
    user: UserId,
    hash: String,
    kept: Option<SessionId>,
) -> StoreResult<Vec<SessionId>> {
    let transaction = client.transaction().await?;
    users::lock(&transaction, user).await?;
    let update = transaction.prepare_cached("UPDATE users SET password = $2 WHERE id = $1").await?;
    transaction.execute(&update, &[&user.0, &hash]).await?;
    let ended = sessions::end_all(&transaction, user, kept).await?;
    let gone = ended.iter().map(|session| Notice::Session(*session)).chain([Notice::Tokens(user)]);
    notices::write(&transaction, node, &gone.collect::<Vec<_>>()).await?;
    transaction.commit().await?;
    Ok(ended)
}

/// See [`Accounts::replace_hash`](crate::store::Accounts::replace_hash).
pub(super) async fn replace_hash(client: &Client, user: UserId, old: String, new: String) -> StoreResult<()> {
    let update = client
        .prepare_cached("UPDATE users SET password = $3 WHERE id = $1 AND password = $2 AND NOT erased")
        .await?;
    client.execute(&update, &[&user.0, &old, &new]).await?;
    Ok(())
}

/// See [`Accounts::set_email`](crate::store::Accounts::set_email).
pub(super) async fn set_email(
    client: &Client,
    node: Option<NodeId>,
    user: UserId,
    email: String,
) -> StoreResult<()> {
    match users::set_column(client, node, user, "email", &email).await {
        Err(error) if is_duplicate(&error) => Err(StoreError::Taken(Unique::Email)),
        Ok(false) => Err(StoreError::Missing("user")),
        changed => Ok(changed.map(drop)?),
    }
}
