//! Users.

use std::collections::HashMap;

use deadpool_postgres::{ClientWrapper as Client, Transaction};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

use super::error::column;
use super::notices::{Kind, noted};
use crate::model::{NewUser, NodeId, User, UserId};
use crate::store::{StoreError, StoreResult, Unique, prefix, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "u.id, u.username, u.email, u.is_admin";

/// How many these are.
pub(super) const COLUMN_COUNT: usize = 4;

/// See [`Directory::create_user`](crate::store::Directory::create_user).
pub(super) async fn create(client: &mut Client, user: NewUser) -> StoreResult<User> {
    let transaction = client.transaction().await?;
    let user = insert(&transaction, user, false).await?;
    transaction.commit().await?;
    Ok(user)
}

/// Creates a user.
pub(super) async fn insert(
    transaction: &Transaction<'_>,
    user: NewUser,
    is_admin: bool,
) -> StoreResult<User> {
    // Looking first keeps a taken name from using up a number; the conflict clause settles races.
    let insert = transaction
        .prepare_cached(
            "INSERT INTO users (username, email, password, username_lower, is_admin)
             SELECT $1::text, $2::text, $3::text, $4::text, $5
             WHERE NOT EXISTS (SELECT 1 FROM users WHERE email = $2::text OR username = $1::text)
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .await?;
    let lower = prefix::lower(&user.username);
    let row = transaction
        .query_opt(&insert, &[&user.username, &user.email, &user.password_hash, &lower, &is_admin])
        .await?;
    match row {
        Some(row) => Ok(User {
            id: row::user_id(column(&row, 0, "users", "id")?, "users", "id")?,
            username: user.username.into(),
            email: user.email.into(),
            is_admin,
        }),
        None => {
            let select = transaction.prepare_cached(TAKEN).await?;
            let row = transaction.query_one(&select, &[&user.email, &user.username]).await?;
            Err(StoreError::Taken(what_is_taken(&row)?.unwrap_or(Unique::Username)))
        }
    }
}

const TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM users WHERE email = $1),
    EXISTS (SELECT 1 FROM users WHERE username = $2)";

/// See [`Directory::taken`](crate::store::Directory::taken).
pub(super) async fn taken(client: &Client, username: String, email: String) -> StoreResult<Option<Unique>> {
    let select = client.prepare_cached(TAKEN).await?;
    what_is_taken(&client.query_one(&select, &[&email, &username]).await?)
}

fn what_is_taken(row: &Row) -> StoreResult<Option<Unique>> {
    let is_email_taken: bool = column(row, 0, "users", "email")?;
    let is_username_taken: bool = column(row, 1, "users", "username")?;
    Ok(if is_email_taken { Some(Unique::Email) } else { is_username_taken.then_some(Unique::Username) })
}

/// See [`Directory::user`](crate::store::Directory::user).
pub(super) async fn by_id(client: &Client, id: UserId) -> StoreResult<Option<User>> {
    let select = client.prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.id = $1")).await?;
    client.query_opt(&select, &[&id.0]).await?.as_ref().map(from_row).transpose()
}

/// See [`Directory::user_by_name`](crate::store::Directory::user_by_name).
pub(super) async fn by_names(
    client: &Client,
    names: Vec<String>,
) -> StoreResult<Vec<StoreResult<Option<User>>>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users u WHERE u.username = ANY ($1::text[]) AND NOT u.erased"
        ))
        .await?;
    let rows = client.query(&select, &[&names]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        found.insert(column::<&str>(row, 1, "users", "username")?, row);
    }
    Ok(names.iter().map(|name| found.get(&**name).map(|row| from_row(row)).transpose()).collect())
}

/// [`StoreError::Missing`] unless there is such a user, who is not erased before the transaction ends.
pub(super) async fn check(transaction: &Transaction<'_>, id: UserId) -> StoreResult<()> {
    let lock = "SELECT 1 FROM users WHERE id = $1 AND NOT erased FOR KEY SHARE";
    let lock = transaction.prepare_cached(lock).await?;
    transaction.query_opt(&lock, &[&id.0]).await?.map(drop).ok_or(StoreError::Missing("user"))
}

/// [`StoreError::Missing`] unless there is such a user, who is not erased. Holds up others who come so far until the
/// transaction ends, and nobody else: rows that refer to the user can come.
pub(super) async fn lock(transaction: &Transaction<'_>, id: UserId) -> StoreResult<()> {
    let lock = "SELECT 1 FROM users WHERE id = $1 AND NOT erased FOR NO KEY UPDATE";
    let lock = transaction.prepare_cached(lock).await?;
    transaction.query_opt(&lock, &[&id.0]).await?.map(drop).ok_or(StoreError::Missing("user"))
}

/// Gives a user another value in this column, of which other nodes are told. Whether there is such a user, who is not
/// erased.
pub(super) async fn set_column(
    client: &Client,
    node: Option<NodeId>,
    user: UserId,
    column_name: &'static str,
    value: &(dyn ToSql + Sync),
) -> Result<bool, Error> {
    let update = client
        .prepare_cached(&format!(
            "WITH changed AS (UPDATE users SET {column_name} = $2 WHERE id = $1 AND NOT erased RETURNING id), {}
             SELECT 1 FROM changed",
            noted("changed", Kind::User, "user_id", "id", "$3")
        ))
        .await?;
    Ok(client.query_opt(&update, &[&user.0, value, &node.map(|node| node.0)]).await?.is_some())
}

/// See [`Accounts::users`](crate::store::Accounts::users).
pub(super) async fn list(client: &Client, after: UserId, limit: u64) -> StoreResult<Vec<User>> {
    let select = client
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM users u WHERE u.id > $1 AND NOT u.erased ORDER BY u.id LIMIT $2"
        ))
        .await?;
    client.query(&select, &[&after.0, &row::page_rows(limit)]).await?.iter().map(from_row).collect()
}

/// See [`Accounts::search_users`](crate::store::Accounts::search_users).
pub(super) async fn search(client: &Client, prefix: String, limit: u64) -> StoreResult<Vec<User>> {
    let sql = |end| {
        format!(
            "SELECT {COLUMNS} FROM users u WHERE u.username_lower >= $1 {end} AND NOT u.erased
             ORDER BY u.username_lower, u.id LIMIT $2"
        )
    };
    let (first, limit) = (prefix::lower(&prefix), row::page_rows(limit));
    let rows = match prefix::end(&first) {
        Some(end) => {
            let select = client.prepare_cached(&sql("AND u.username_lower < $3")).await?;
            client.query(&select, &[&first, &limit, &end]).await?
        }
        None => {
            let select = client.prepare_cached(&sql("")).await?;
            client.query(&select, &[&first, &limit]).await?
        }
    };
    rows.iter().map(from_row).collect()
}

/// A user from [`COLUMNS`].
pub(super) fn from_row(row: &Row) -> StoreResult<User> {
    from_row_at(row, 0)
}

/// A user from [`COLUMNS`] that begin at `first`.
pub(super) fn from_row_at(row: &Row, first: usize) -> StoreResult<User> {
    Ok(User {
        id: row::user_id(column(row, first, "users", "id")?, "users", "id")?,
        username: column::<&str>(row, first + 1, "users", "username")?.into(),
        email: column::<&str>(row, first + 2, "users", "email")?.into(),
        is_admin: column(row, first + 3, "users", "is_admin")?,
    })
}
