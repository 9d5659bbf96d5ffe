//! The keys for programs.

use std::sync::Arc;

use super::super::grant::GrantKind;
use super::super::rights::Action;
use super::super::validate::check_name;
use super::super::{Caller, Chat, ChatError, ChatResult, Entity, clock};
use crate::auth::ApiKeySecret;
use crate::model::limits::KEY_NAME_CHARS_MAX;
use crate::model::{ApiKey, KeyActor, Scope, User};
use crate::store::NewKey;

/// A key, without its secret.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// The key.
    pub key: ApiKey,
    /// The user as whom it acts, if it acts as one.
    pub user: Option<Arc<User>>,
}

impl Chat {
    /// All keys in the order of their names, see [`Accounts::keys`](crate::store::Accounts::keys).
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] for who does not govern, [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn list_keys(&self, caller: &Caller) -> ChatResult<Vec<KeyEntry>> {
        self.check_governs(caller, Action::Oversee)?;
        let keys = self.store.accounts.keys().await?;
        let mut entries = Vec::with_capacity(keys.len());
        for key in keys {
            entries.push(self.key_entry(key).await?);
        }
        Ok(entries)
    }

    /// Makes a key, and gives it with its secret, which is kept nowhere.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for a name that is empty, too long or contains NUL; [`ChatError::Taken`],
    /// [`ChatError::NotFound`] if there is no such user; [`ChatError::Forbidden`] for who does not govern,
    /// [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn make_key(
        &self,
        caller: &Caller,
        name: String,
        scope: Scope,
        actor: KeyActor,
    ) -> ChatResult<(KeyEntry, String)> {
        self.check_governs(caller, Action::Govern)?;
        check_name("name", &name, KEY_NAME_CHARS_MAX)?;
        if name.is_empty() {
            return Err(ChatError::Invalid {
                field: "name",
                reason: "should have at least 1 character".into(),
            });
        }
        let (secret, hash) = ApiKeySecret::generate()?;
        let key = NewKey { name, digest: hash.to_bytes(), scope, actor, created_at: clock::now() };
        let key = self.store.accounts.create_key(key).await?;
        Ok((self.key_entry(key).await?, secret))
    }

    /// Takes a key back. It counts no more at once, and its sockets are closed with 4001.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is none of this name; [`ChatError::Forbidden`] for who does not govern,
    /// [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn revoke_key(&self, caller: &Caller, name: &str) -> ChatResult<()> {
        self.check_governs(caller, Action::Govern)?;
        // The database could not even be asked for a name with NUL.
        if check_name("name", name, KEY_NAME_CHARS_MAX).is_err() {
            return Err(ChatError::NotFound(Entity::Key));
        }
        let sockets = {
            let grants = self.grants.change().await;
            let digest = self.store.accounts.revoke_key(name).await?;
            grants.end([GrantKind::Key(digest.ok_or(ChatError::NotFound(Entity::Key))?)])
        };
        self.turn_out(sockets).await;
        Ok(())
    }

    async fn key_entry(&self, key: ApiKey) -> ChatResult<KeyEntry> {
        let user = match key.actor {
            KeyActor::User(user) => self.directory.user(user).await?,
            KeyActor::Any | KeyActor::Server => None,
        };
        Ok(KeyEntry { key, user })
    }
}
