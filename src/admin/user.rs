//! `groupcast user`.

use std::io::Write;

use serde::Serialize;

use super::listing::{Listing, printable, write_line};
use super::{AdminResult, check, note_change, password, with_store};
use crate::config::{PasswordSource, UserCommand};
use crate::model::limits::{PAGE_ROWS_MAX, USERNAME_CHARS_MAX};
use crate::model::{NewUser, UserId};
use crate::store::{Database, Store};

pub(super) async fn run(command: UserCommand, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    match command {
        UserCommand::Add { name, email, admin, password } => {
            let user = checked(name, &email, password).await?;
            with_store(database, async |store| add(store, user, admin, out).await).await
        }
        UserCommand::List { json } => with_store(database, async |store| list(store, json, out).await).await,
        UserCommand::Passwd { name, password } => {
            let hash = password::read_and_hash(password).await?;
            with_store(database, async |store| change_password(store, &name, hash, out).await).await
        }
        UserCommand::Admin { name, revoke } => {
            with_store(database, async |store| set_admin(store, &name, !revoke, out).await).await
        }
    }
}

/// The user to be, if nothing is to be said against them; asks for the password last.
async fn checked(username: String, email: &str, source: PasswordSource) -> AdminResult<NewUser> {
    check::name("user name", &username, USERNAME_CHARS_MAX)?;
    let email = check::email(email)?;
    Ok(NewUser { username, email, password_hash: password::read_and_hash(source).await? })
}

async fn add(store: &Store, user: NewUser, is_admin: bool, out: &mut dyn Write) -> AdminResult<()> {
    let user = store.directory.create_user(user).await?;
    if is_admin {
        store.accounts.set_admin(user.id, true).await?;
    }
    note_change(store).await?;
    let rank = if is_admin { ", an admin of the server" } else { "" };
    Ok(write_line(out, &format!("user {} is {}{rank}", user.id, printable(&user.username)))?)
}

/// A user as programs read it.
#[derive(Serialize)]
struct Row<'u> {
    id: i64,
    username: &'u str,
    email: &'u str,
    is_admin: bool,
}

async fn list(store: &Store, is_json: bool, out: &mut dyn Write) -> AdminResult<()> {
    let mut listing = Listing::begin(out, is_json)?;
    let mut after = UserId(0);
    loop {
        let page = store.accounts.users(after, PAGE_ROWS_MAX as u64).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for user in &page {
            let (id, rank) = (user.id.to_string(), if user.is_admin { "admin" } else { "" });
            let row =
                Row { id: user.id.0, username: &user.username, email: &user.email, is_admin: user.is_admin };
            listing.row(&[&id, &user.username, &user.email, rank], &row)?;
        }
    }
    Ok(listing.end()?)
}

async fn change_password(store: &Store, name: &str, hash: String, out: &mut dyn Write) -> AdminResult<()> {
    let user = check::user(store, name).await?;
    let ended = store.accounts.set_password(user.id, hash, None).await?;
    note_change(store).await?;
    let sessions = match ended.len() {
        1 => "1 session".to_owned(),
        count => format!("{count} sessions"),
    };
    Ok(write_line(out, &format!("{} has a new password; {sessions} ended", printable(name)))?)
}

async fn set_admin(store: &Store, name: &str, is_admin: bool, out: &mut dyn Write) -> AdminResult<()> {
    let user = check::user(store, name).await?;
    store.accounts.set_admin(user.id, is_admin).await?;
    note_change(store).await?;
    let rank = if is_admin { "is an admin of the server" } else { "is no admin of the server" };
    Ok(write_line(out, &format!("{} {rank}", printable(name)))?)
}
