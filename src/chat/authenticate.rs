//! Finding out whose token it is.

use super::grant::{Grant, GrantKind};
use super::{Caller, Chat, ChatError, ChatResult, Principal, clock};
use crate::auth::{ApiKeySecret, hash_secret, peek_issuer};
use crate::model::{KeyActor, Scope, SessionId, Timestamp};

/// Who a token is of.
#[derive(Clone, Debug)]
pub struct Authenticated {
    /// Who asks.
    pub caller: Caller,
    /// When the token runs out; keys do not.
    pub expires_at: Option<Timestamp>,
}

impl Chat {
    /// Finds out whose token this is: an access token of a session here, one of an outside issuer, or an API key.
    ///
    /// # Errors
    /// [`ChatError::BadCredentials`] for any that is not good, whatever is wrong with it; [`ChatError::Unavailable`].
    pub async fn authenticate(&self, token: &str) -> ChatResult<Authenticated> {
        if ApiKeySecret::is_one(token) {
            return self.authenticate_key(token).await;
        }
        match &self.identity.outside {
            Some(outside) if peek_issuer(token).as_deref() == Some(outside.issuer()) => {
                self.authenticate_outside(token).await
            }
            _ => self.authenticate_session(token).await,
        }
    }

    async fn authenticate_session(&self, token: &str) -> ChatResult<Authenticated> {
        let now = clock::now();
        let local = self.identity.tokens.verify(token, now).map_err(|_| ChatError::BadCredentials)?;
        let id = SessionId(local.session);
        let grant = self.grants.find(GrantKind::Session(id), async {
            match self.store.accounts.session(id).await? {
                Some(session) if session.expires_at > now => {
                    Ok(Grant::new(GrantKind::Session(id), Some(session.user), Scope::Admin))
                }
                _ => Err(ChatError::BadCredentials),
            }
        });
        let grant = grant.await?;
        if grant.is_ended() || grant.user() != Some(local.user) {
            return Err(ChatError::BadCredentials);
        }
        let user = self.directory.user(local.user).await?.ok_or(ChatError::BadCredentials)?;
        let caller = Caller::User(Principal::new(user, Some(grant)));
        Ok(Authenticated { caller, expires_at: Some(local.expires_at) })
    }

    async fn authenticate_key(&self, secret: &str) -> ChatResult<Authenticated> {
        let digest = hash_secret(secret).to_bytes();
        let kind = GrantKind::Key(digest);
        let grant = self.grants.find(kind, async {
            let key = self.store.accounts.key(digest).await?.ok_or(ChatError::BadCredentials)?;
            Ok(match key.actor {
                KeyActor::User(user) => Grant::new(kind, Some(user), key.scope),
                KeyActor::Any => Grant::new(kind, None, key.scope),
                KeyActor::Server => Grant::new(kind, None, key.scope).of_nobody(),
            })
        });
        let grant = grant.await?;
        if grant.is_ended() {
            return Err(ChatError::BadCredentials);
        }
        let caller = match grant.user() {
            Some(user) => {
                let user = self.directory.user(user).await?.ok_or(ChatError::BadCredentials)?;
                Caller::User(Principal::new(user, Some(grant)))
            }
            None if grant.is_of_nobody() => Caller::Server(grant),
            None => Caller::Any(grant),
        };
        Ok(Authenticated { caller, expires_at: None })
    }
}
