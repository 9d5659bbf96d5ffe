//! An API key, as admins of the server see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::KeyEntry;
use crate::model::{KeyActor, UserId};

/// A key in a list, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(in crate::http) struct KeyRow<'k> {
    id: i64,
    name: &'k str,
    scope: &'static str,
    /// `user`, `any` or `server`.
    #[serde(rename = "as")]
    actor: &'static str,
    /// The user as whom it acts, if it acts as one.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'k str>,
    #[schema(format = DateTime)]
    created_at: String,
}

impl<'k> From<&'k KeyEntry> for KeyRow<'k> {
    fn from(entry: &'k KeyEntry) -> Self {
        let KeyEntry { key, user } = entry;
        let (actor, user_id) = match key.actor {
            KeyActor::User(UserId(id)) => ("user", Some(id)),
            KeyActor::Any => ("any", None),
            KeyActor::Server => ("server", None),
        };
        Self {
            id: key.id,
            name: &key.name,
            scope: key.scope.name(),
            actor,
            user_id,
            username: user.as_ref().map(|user| &*user.username),
            created_at: key.created_at.to_string(),
        }
    }
}

/// A key that was just made, with its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = NewApiKey)]
pub(in crate::http) struct NewKeyRow<'k> {
    #[serde(flatten)]
    row: KeyRow<'k>,
    /// The bearer token, which is kept nowhere.
    key: &'k str,
}

impl<'k> NewKeyRow<'k> {
    pub(in crate::http) fn new(entry: &'k KeyEntry, key: &'k str) -> Self {
        Self { row: KeyRow::from(entry), key }
    }
}
