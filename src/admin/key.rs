//! `groupcast key`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io::Write;

use serde::Serialize;

use super::listing::{Listing, printable, write_line};
use super::{AdminError, AdminResult, check, note_change, with_store};
use crate::auth::ApiKeySecret;
use crate::chat;
use crate::config::{KeyAs, KeyCommand};
use crate::model::limits::KEY_NAME_CHARS_MAX;
use crate::model::{KeyActor, Scope, UserId};
use crate::store::{Database, NewKey, Store};

pub(super) async fn run(command: KeyCommand, database: &Database, out: &mut dyn Write) -> AdminResult<()> {
    match command {
        KeyCommand::Add { name, scope, actor } => {
            check::name("key's name", &name, KEY_NAME_CHARS_MAX)?;
            with_store(database, async |store| add(store, name, scope, actor, out).await).await
        }
        KeyCommand::List { json } => with_store(database, async |store| list(store, json, out).await).await,
        KeyCommand::Revoke { name } => {
            with_store(database, async |store| revoke(store, &name, out).await).await
        }
    }
}

async fn add(
    store: &Store,
    name: String,
    scope: Scope,
    actor: KeyAs,
    out: &mut dyn Write,
) -> AdminResult<()> {
    let actor = match actor.user {
        Some(user) => KeyActor::User(check::user(store, &user).await?.id),
        None if actor.is_any => KeyActor::Any,
        None => KeyActor::Server,
    };
    let (secret, hash) = ApiKeySecret::generate().map_err(|error| AdminError::Failed(error.to_string()))?;
    let key = NewKey { name, digest: hash.to_bytes(), scope, actor, created_at: chat::now() };
    store.accounts.create_key(key).await?;
    // It is kept nowhere, so nothing may come between.
    write_line(out, &secret)?;
    note_change(store).await
}

/// A key as programs read it.
#[derive(Serialize)]
struct Row<'k> {
    id: i64,
    name: &'k str,
    scope: &'static str,
    #[serde(rename = "as")]
    actor: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'k str>,
    created_at: String,
}

async fn list(store: &Store, is_json: bool, out: &mut dyn Write) -> AdminResult<()> {
    let keys = store.accounts.keys().await?;
    let mut names: HashMap<UserId, String> = HashMap::new();
    for key in &keys {
        if let KeyActor::User(id) = key.actor
            && let Entry::Vacant(place) = names.entry(id)
        {
            let user = store.directory.user(id).await?;
            place.insert(user.map(|user| user.username.to_string()).unwrap_or_default());
        }
    }
    let mut listing = Listing::begin(out, is_json)?;
    for key in &keys {
        let (actor, user) = match key.actor {
            KeyActor::User(id) => ("user", Some(id)),
            KeyActor::Any => ("any", None),
            KeyActor::Server => ("server", None),
        };
        let username = user.and_then(|id| names.get(&id)).map(String::as_str);
        let created_at = key.created_at.to_string();
        let shown = username.map_or_else(|| format!("--as-{actor}"), |name| format!("--as {name}"));
        let cells = [&key.name, key.scope.name(), &shown, &created_at];
        let (id, user_id, scope) = (key.id, user.map(|id| id.0), key.scope.name());
        let row =
            Row { id, name: &key.name, scope, actor, user_id, username, created_at: created_at.clone() };
        listing.row(&cells, &row)?;
    }
    Ok(listing.end()?)
}

async fn revoke(store: &Store, name: &str, out: &mut dyn Write) -> AdminResult<()> {
    if store.accounts.revoke_key(name).await?.is_none() {
        return Err(AdminError::Failed(format!("there is no key {name:?}")));
    }
    note_change(store).await?;
    Ok(write_line(out, &format!("the key {} counts no more", printable(name)))?)
}
