//! Logging in.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::grant::GrantKind;
use super::{Chat, ChatError, ChatResult, clock, validate};
use crate::auth::{RefreshToken, Verified};
use crate::metrics::LoginResult;
use crate::model::{RefreshDigests, Session, SessionId, Timestamp, User};
use crate::protocol::CloseCode;
use crate::store::{Credentials, Login};

/// How long a session lasts after it was last renewed.
pub(super) const SESSION_LIFETIME: Duration = Duration::from_secs(30 * 24 * 3600);
/// Characters of a client's own name that are kept.
const CLIENT_CHARS_MAX: usize = 200;
/// Session numbers are below this, so that a JavaScript client can hold them exactly.
const SESSION_IDS: u64 = 1 << 53;

/// Why sockets are closed whose session has ended.
pub(super) const SESSION_ENDED: &str = "the session has ended";

/// Who wants to log in.
pub struct LogIn<'l> {
    /// What they may mean by what they call themself, a name or an address each. The first that is somebody's counts.
    pub logins: &'l [Login<'l>],
    /// The password.
    pub password: String,
    /// Where they come from.
    pub address: IpAddr,
    /// What their program calls itself.
    pub client: &'l str,
}

/// What a client gets that has logged in or renewed its session.
pub struct LoggedIn {
    /// The token to show.
    pub access_token: String,
    /// How long it lasts.
    pub expires_in: Duration,
    /// The token to get the next pair with, once.
    pub refresh_token: String,
    /// Who it is.
    pub user: Arc<User>,
}

impl Chat {
    /// Begins a session. An unknown account takes as long as a wrong password, and both count as guesses.
    ///
    /// # Errors
    /// [`ChatError::WrongLogin`]; [`ChatError::Locked`] after too many of these, whatever the password is;
    /// [`ChatError::Busy`], [`ChatError::Unavailable`].
    pub async fn log_in(&self, log_in: LogIn<'_>) -> ChatResult<LoggedIn> {
        let result = self.try_log_in(log_in).await;
        self.metrics().logged_in(match &result {
            Ok(_) => LoginResult::Ok,
            Err(ChatError::WrongLogin) => LoginResult::Wrong,
            Err(ChatError::Locked { .. }) => LoginResult::Locked,
            Err(_) => LoginResult::Unavailable,
        });
        result
    }

    async fn try_log_in(
        &self,
        LogIn { logins, password, address, client }: LogIn<'_>,
    ) -> ChatResult<LoggedIn> {
        let Some(Login::Username(name) | Login::Email(name)) = logins.first() else {
            return Err(ChatError::WrongLogin);
        };
        let known = self.find_account(logins).await?;
        let account = known.as_ref().map_or_else(|| name.to_lowercase(), |known| known.user.id.to_string());
        let known = self.check_password(&account, known, password.clone(), address).await?;
        let (known, rehash) = known.ok_or(ChatError::WrongLogin)?;
        let user = self.user(known.user.id).await?;
        let (session, logged_in) = self.start_session(user, client).await?;
        // Whoever changed the password meanwhile has ended the sessions that there were, and did not know of this one.
        let current = self.store.accounts.credentials(Login::Id(known.user.id)).await?;
        let is_right = match current.map(|current| current.password_hash) {
            Some(hash) if hash == known.password_hash => true,
            // Changed, or hashed anew by another log-in.
            Some(hash) => {
                self.identity.passwords.verify(password.clone(), Some(hash)).await? != Verified::Wrong
            }
            None => false,
        };
        if !is_right {
            self.store.accounts.end_session(session, None).await?;
            return Err(ChatError::WrongLogin);
        }
        if rehash {
            let fresh = self.identity.passwords.hash(password).await?;
            self.store.accounts.replace_hash(known.user.id, known.password_hash, fresh).await?;
        }
        Ok(logged_in)
    }

    async fn find_account(&self, logins: &[Login<'_>]) -> ChatResult<Option<Credentials>> {
        for login in logins {
            if matches!(login, Login::Username(text) | Login::Email(text) if validate::contains_nul(text)) {
                continue;
            }
            if let Some(known) = self.store.accounts.credentials(*login).await? {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// Whose password it is, and whether it is to be hashed anew; `None` if it is wrong or there is no such account.
    ///
    /// # Errors
    /// [`ChatError::Locked`], [`ChatError::Busy`], [`ChatError::Unavailable`].
    pub(super) async fn check_password(
        &self,
        account: &str,
        known: Option<Credentials>,
        password: String,
        address: IpAddr,
    ) -> ChatResult<Option<(Credentials, bool)>> {
        let guard = &self.identity.login_guard;
        let attempt = guard.admit(account, address).await;
        let attempt = attempt.map_err(|retry_after| ChatError::Locked { retry_after })?;
        let hash = known.as_ref().map(|known| known.password_hash.clone());
        let verified = match self.identity.passwords.verify(password.clone(), hash).await {
            Ok(verified) => verified,
            Err(error) => {
                attempt.abandoned();
                return Err(error.into());
            }
        };
        let (Verified::Right { rehash }, Some(known)) = (verified, known) else {
            attempt.failed();
            return Ok(None);
        };
        attempt.succeeded();
        Ok(Some((known, rehash)))
    }

    async fn start_session(&self, user: Arc<User>, client: &str) -> ChatResult<(SessionId, LoggedIn)> {
        let now = clock::now();
        let id = SessionId((getrandom::u64()? % (SESSION_IDS - 1) + 1) as i64);
        let refresh = RefreshToken::first(id.0)?;
        let session = Session {
            id,
            user: user.id,
            created_at: now,
            renewed_at: now,
            expires_at: lasts_until(now),
            client: client.chars().filter(|char| *char != '\0').take(CLIENT_CHARS_MAX).collect(),
        };
        let digests =
            RefreshDigests { family: refresh.family.to_bytes(), current: refresh.current.to_bytes() };
        let access_token = self.identity.tokens.issue(user.id, id.0, now).map_err(internal)?;
        let ended = self.store.accounts.start_session(session, digests).await?;
        if !ended.is_empty() {
            let sockets = self.grants.change().await.end(ended.into_iter().map(GrantKind::Session));
            self.hub.close_sockets(sockets, CloseCode::UNAUTHENTICATED, SESSION_ENDED).await;
        }
        let expires_in = self.identity.tokens.lifetime();
        Ok((id, LoggedIn { access_token, expires_in, refresh_token: refresh.text, user }))
    }
}

/// When a session ends that is begun or renewed now.
pub(super) fn lasts_until(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_add(SESSION_LIFETIME.as_micros() as i64))
}

pub(super) fn internal(error: impl Into<super::Cause>) -> ChatError {
    ChatError::Internal(Some(error.into()))
}
