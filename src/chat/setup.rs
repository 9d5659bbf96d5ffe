//! Making the first admin.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::create_user::Registration;
use super::{AuthMode, Chat, ChatError, ChatResult};
use crate::auth::{SecretHash, hash_secret, one_time_secret};
use crate::model::User;

/// How long the secret counts.
pub const SETUP_LIFETIME: Duration = Duration::from_secs(3600);

/// The secret that lets one make the first admin, until somebody has used it.
#[derive(Default)]
pub(super) struct Setup(Mutex<Option<(SecretHash, Instant)>>);

impl Chat {
    /// A new secret with which the first admin can be made, once and for an hour; `None` where names are believed, and
    /// if there is an admin. The one given before counts no more.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn setup_secret(&self) -> ChatResult<Option<String>> {
        if self.options.auth == AuthMode::Username || self.store.accounts.has_admin().await? {
            return Ok(None);
        }
        let secret = one_time_secret()?;
        let expected = (hash_secret(&secret), Instant::now() + SETUP_LIFETIME);
        *self.setup.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(expected);
        Ok(Some(secret))
    }

    /// Makes the first admin.
    ///
    /// # Errors
    /// [`ChatError::BadCredentials`] if the secret is not the one of today, or there is an admin; as of
    /// [`create_user`](Self::create_user), after which the secret still counts.
    pub async fn set_up(&self, secret: &str, registration: Registration) -> ChatResult<User> {
        let is_good = {
            let expected = self.setup.0.lock().unwrap_or_else(PoisonError::into_inner);
            let is_it = |(hash, until): &(SecretHash, Instant)| {
                *hash == hash_secret(secret) && Instant::now() < *until
            };
            expected.as_ref().is_some_and(is_it)
        };
        if !is_good {
            return Err(ChatError::BadCredentials);
        }
        let user = self.hashed(registration).await?;
        let admin = self.store.accounts.create_first_admin(user).await?;
        *self.setup.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
        admin.ok_or(ChatError::BadCredentials)
    }
}
