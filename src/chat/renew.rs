//! Renewing a session.

use super::grant::GrantKind;
use super::log_in::{LoggedIn, SESSION_ENDED, internal, lasts_until};
use super::{Chat, ChatError, ChatResult, clock};
use crate::auth::RefreshToken;
use crate::model::{RefreshDigests, SessionId};
use crate::protocol::CloseCode;
use crate::store::{Renewal, Renewed};

impl Chat {
    /// Spends a refresh token for a new pair. One that was spent before has been stolen, or its next one has: the
    /// session ends, with its sockets.
    ///
    /// # Errors
    /// [`ChatError::BadCredentials`], [`ChatError::Unavailable`].
    pub async fn renew(&self, refresh_token: &str) -> ChatResult<LoggedIn> {
        let spent = RefreshToken::parse(refresh_token).ok_or(ChatError::BadCredentials)?;
        let next = spent.next()?;
        let (id, now) = (SessionId(spent.session), clock::now());
        let renewal = Renewal {
            id,
            spent: RefreshDigests { family: spent.family.to_bytes(), current: spent.current.to_bytes() },
            next: next.current.to_bytes(),
            at: now,
            expires_at: lasts_until(now),
        };
        match self.store.accounts.renew_session(renewal).await? {
            Renewed::Yes(session) => {
                let user = self.directory.user(session.user).await?.ok_or(ChatError::BadCredentials)?;
                Ok(LoggedIn {
                    access_token: self.identity.tokens.issue(user.id, id.0, now).map_err(internal)?,
                    expires_in: self.identity.tokens.lifetime(),
                    refresh_token: next.text,
                    user,
                })
            }
            Renewed::Reused => {
                tracing::warn!(session = id.0, "a refresh token was used twice; its session has ended");
                let sockets = self.grants.change().await.end([GrantKind::Session(id)]);
                self.hub.close_sockets(sockets, CloseCode::UNAUTHENTICATED, SESSION_ENDED).await;
                Err(ChatError::BadCredentials)
            }
            Renewed::No => Err(ChatError::BadCredentials),
        }
    }
}
