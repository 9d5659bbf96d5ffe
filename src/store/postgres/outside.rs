//! Users whom an issuer of tokens vouches for, and tokens of such issuers that count no more.

use deadpool_postgres::ClientWrapper as Client;

use super::instant::Instant;
use super::notices::{Kind, noted};
use super::users;
use crate::model::{Digest, NewUser, NodeId, Timestamp, User};
use crate::store::{StoreError, StoreResult, row};

/// See [`Accounts::outside_user`](crate::store::Accounts::outside_user).
pub(super) async fn user(client: &Client, issuer: &str, subject: &str) -> StoreResult<Option<User>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {} FROM outside_identities o JOIN users u ON u.id = o.user_id
             WHERE o.issuer = $1 AND o.subject = $2",
            users::COLUMNS
        ))
        .await?;
    client.query_opt(&select, &[&issuer, &subject]).await?.as_ref().map(users::from_row).transpose()
}

/// See [`Accounts::create_outside_user`](crate::store::Accounts::create_outside_user).
pub(super) async fn create(
    client: &mut Client,
    issuer: String,
    subject: String,
    new_user: NewUser,
) -> StoreResult<User> {
    if let Some(user) = user(client, &issuer, &subject).await? {
        return Ok(user);
    }
    match insert(client, &issuer, &subject, new_user).await {
        Ok(Some(user)) => Ok(user),
        // The name, or the identity itself, may have gone to this same identity meanwhile.
        Ok(None) => user(client, &issuer, &subject).await?.ok_or(StoreError::Missing("user")),
        Err(StoreError::Taken(unique)) => {
            user(client, &issuer, &subject).await?.ok_or(StoreError::Taken(unique))
        }
        Err(error) => Err(error),
    }
}

/// `None` if somebody else has just created a user for it.
async fn insert(
    client: &mut Client,
    issuer: &str,
    subject: &str,
    new_user: NewUser,
) -> StoreResult<Option<User>> {
    let transaction = client.transaction().await?;
    let user = users::insert(&transaction, new_user, false).await?;
    let insert = transaction
        .prepare_cached(
            "INSERT INTO outside_identities (issuer, subject, user_id) VALUES ($1, $2, $3)
             ON CONFLICT DO NOTHING",
        )
        .await?;
    if transaction.execute(&insert, &[&issuer, &subject, &user.id.0]).await? == 0 {
        return Ok(None);
    }
    transaction.commit().await?;
    Ok(Some(user))
}

/// See [`Accounts::end_token`](crate::store::Accounts::end_token).
pub(super) async fn end_token(
    client: &Client,
    node: Option<NodeId>,
    token: Digest,
    expires_at: Timestamp,
    now: Timestamp,
) -> StoreResult<()> {
    let note = client
        .prepare_cached(&format!(
            "WITH cleared AS (
                 DELETE FROM ended_tokens WHERE digest IN (
                     SELECT digest FROM ended_tokens WHERE expires_at <= $3 AND digest <> $1
                     ORDER BY expires_at LIMIT $4 FOR UPDATE SKIP LOCKED)
             ), {}
             INSERT INTO ended_tokens (digest, expires_at) VALUES ($1, $2)
             ON CONFLICT (digest) DO UPDATE SET expires_at = excluded.expires_at",
            noted("(SELECT 1) once", Kind::Token, "digest", "$1::bytea", "$5")
        ))
        .await?;
    client
        .execute(
            &note,
            &[
                &&token[..],
                &Instant(expires_at),
                &Instant(now),
                &row::CLEARED_ROWS_MAX,
                &node.map(|node| node.0),
            ],
        )
        .await?;
    Ok(())
}

/// See [`Accounts::is_token_ended`](crate::store::Accounts::is_token_ended).
pub(super) async fn is_token_ended(client: &Client, token: Digest) -> StoreResult<bool> {
    let select = client.prepare_cached("SELECT 1 FROM ended_tokens WHERE digest = $1").await?;
    Ok(client.query_opt(&select, &[&&token[..]]).await?.is_some())
}
