//! Users.

use std::collections::HashMap;

use deadpool_postgres::ClientWrapper as Client;
use tokio_postgres::Row;

use super::error::column;
use crate::model::{NewUser, User, UserId};
use crate::store::{StoreError, StoreResult, Unique, row};

/// The columns that [`from_row`] reads.
pub(super) const COLUMNS: &str = "u.id, u.username, u.email";

/// See [`Directory::create_user`](crate::store::Directory::create_user).
pub(super) async fn create(client: &mut Client, user: NewUser) -> StoreResult<User> {
    // Looking first keeps a taken name from using up a number; the conflict clause settles races.
    let insert = client
        .prepare_cached(
            "INSERT INTO users (username, email, password) SELECT $1::text, $2::text, $3::text
             WHERE NOT EXISTS (SELECT 1 FROM users WHERE email = $2::text OR username = $1::text)
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .await?;
    match client.query_opt(&insert, &[&user.username, &user.email, &user.password_hash]).await? {
        Some(row) => Ok(User {
            id: row::user_id(column(&row, 0, "users", "id")?, "users", "id")?,
            username: user.username.into(),
            email: user.email.into(),
        }),
        None => {
            let taken = taken(client, user.username, user.email).await?;
            Err(StoreError::Taken(taken.unwrap_or(Unique::Username)))
        }
    }
}

/// See [`Directory::taken`](crate::store::Directory::taken).
pub(super) async fn taken(client: &Client, username: String, email: String) -> StoreResult<Option<Unique>> {
    let select = client
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM users WHERE email = $1),
                    EXISTS (SELECT 1 FROM users WHERE username = $2)",
        )
        .await?;
    let row = client.query_one(&select, &[&email, &username]).await?;
    let is_email_taken: bool = column(&row, 0, "users", "email")?;
    let is_username_taken: bool = column(&row, 1, "users", "username")?;
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
        .prepare_cached(&format!("SELECT {COLUMNS} FROM users u WHERE u.username = ANY ($1::text[])"))
        .await?;
    let rows = client.query(&select, &[&names]).await?;
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        found.insert(column::<&str>(row, 1, "users", "username")?, row);
    }
    Ok(names.iter().map(|name| found.get(&**name).map(|row| from_row(row)).transpose()).collect())
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
    })
}
