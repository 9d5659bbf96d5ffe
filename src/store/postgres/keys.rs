//! API keys.

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use super::instant::Instant;
use super::notices::{Kind, noted};
use super::users;
use crate::model::{ApiKey, Digest, KeyActor, NodeId};
use crate::store::{NewKey, StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
const COLUMNS: &str = "id, name, scope, actor, user_id, created_at";

/// See [`Accounts::create_key`](crate::store::Accounts::create_key).
pub(super) async fn create(client: &mut Client, key: NewKey) -> StoreResult<ApiKey> {
    let transaction = client.transaction().await?;
    if let KeyActor::User(user) = key.actor {
        users::check(&transaction, user).await?;
    }
    let insert = transaction
        .prepare_cached(&format!(
            "INSERT INTO api_keys (name, scope, actor, user_id, created_at, digest)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING RETURNING {COLUMNS}"
        ))
        .await?;
    let (actor, user) = row::actor_numbers(key.actor);
    let scope = row::scope_number(key.scope);
    let row = transaction
        .query_opt(&insert, &[&key.name, &scope, &actor, &user, &Instant(key.created_at), &&key.digest[..]])
        .await?;
    let key = from_row(&row.ok_or(StoreError::Taken(Unique::KeyName))?)?;
    transaction.commit().await?;
    Ok(key)
}

/// See [`Accounts::key`](crate::store::Accounts::key).
pub(super) async fn by_digests(
    client: &Client,
    digests: Vec<Digest>,
) -> StoreResult<Vec<StoreResult<Option<ApiKey>>>> {
    // However many are asked for, each is looked up along the index.
    let select = client
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM unnest($1::bytea[]) WITH ORDINALITY AS asked (secret, position)
             LEFT JOIN LATERAL (SELECT * FROM api_keys WHERE digest = asked.secret LIMIT 1) k ON true
             ORDER BY position"
        ))
        .await?;
    let asked: Vec<&[u8]> = digests.iter().map(|digest| &digest[..]).collect();
    let rows = client.query(&select, &[&asked]).await?;
    Ok(rows.iter().map(|row| if is_there(row)? { from_row(row).map(Some) } else { Ok(None) }).collect())
}

/// See [`Accounts::keys`](crate::store::Accounts::keys).
pub(super) async fn list(client: &Client) -> StoreResult<Vec<ApiKey>> {
    let select =
        client.prepare_cached(&format!("SELECT {COLUMNS} FROM api_keys ORDER BY name LIMIT $1")).await?;
    client.query(&select, &[&row::LIST_ROWS_MAX]).await?.iter().map(from_row).collect()
}

/// See [`Accounts::revoke_key`](crate::store::Accounts::revoke_key).
pub(super) async fn revoke(
    client: &Client,
    node: Option<NodeId>,
    name: String,
) -> StoreResult<Option<Digest>> {
    let delete = client
        .prepare_cached(&format!(
            "WITH revoked AS (DELETE FROM api_keys WHERE name = $1 RETURNING digest), {} SELECT digest FROM revoked",
            noted("revoked", Kind::Key, "digest", "digest", "$2")
        ))
        .await?;
    let Some(row) = client.query_opt(&delete, &[&name, &node.map(|node| node.0)]).await? else {
        return Ok(None);
    };
    let digest: &[u8] = column(&row, 0, "api_keys", "digest")?;
    let corrupt = || StoreError::Corrupt {
        table: "api_keys",
        column: "digest",
        reason: format!("{} bytes are no SHA-256", digest.len()),
    };
    digest.try_into().map(Some).map_err(|_| corrupt())
}

fn is_there(row: &Row) -> StoreResult<bool> {
    Ok(column::<Option<i64>>(row, 0, "api_keys", "id")?.is_some())
}

fn from_row(row: &Row) -> StoreResult<ApiKey> {
    let (scope, actor): (i16, i16) =
        (column(row, 2, "api_keys", "scope")?, column(row, 3, "api_keys", "actor")?);
    Ok(ApiKey {
        id: column(row, 0, "api_keys", "id")?,
        name: column::<&str>(row, 1, "api_keys", "name")?.into(),
        scope: row::scope(scope.into())?,
        actor: row::actor(actor.into(), column(row, 4, "api_keys", "user_id")?)?,
        created_at: column::<Instant>(row, 5, "api_keys", "created_at")?.0,
    })
}
