//! Tokens of an outside issuer.

use std::time::Duration;

use super::grant::{Grant, GrantKind};
use super::{Authenticated, Caller, Chat, ChatError, ChatResult, Principal, Unique, clock};
use crate::auth::OutsideToken;
use crate::model::limits::{EMAIL_CHARS_MAX, USERNAME_CHARS_MAX};
use crate::model::{NewUser, Scope, User};

/// Names tried for a new user: the one of the token, and that with a number.
const NAMES_MAX: u32 = 1_000;

impl Chat {
    /// Finds out whose token of the outside issuer this is. A user who comes for the first time is created.
    pub(super) async fn authenticate_outside(&self, token: &str) -> ChatResult<Authenticated> {
        let Some(issuer) = &self.identity.outside else { return Err(ChatError::BadCredentials) };
        let token = issuer.verify(token, clock::now()).await.map_err(|_| ChatError::BadCredentials)?;
        let kind = GrantKind::Outside(token.id);
        let grant = self.grants.find(kind, async {
            if self.store.accounts.is_token_ended(token.id).await? {
                return Err(ChatError::BadCredentials);
            }
            let user = self.outside_user(&token).await?;
            Ok(Grant::new(kind, Some(user.id), Scope::Admin).until(token.expires_at))
        });
        let grant = grant.await?;
        if grant.is_ended() {
            return Err(ChatError::BadCredentials);
        }
        let user = grant.user().ok_or(ChatError::BadCredentials)?;
        let user = self.directory.user(user).await?.ok_or(ChatError::BadCredentials)?;
        let caller = Caller::User(Principal::new(user, Some(grant)));
        Ok(Authenticated { caller, expires_at: Some(token.expires_at) })
    }

    async fn outside_user(&self, token: &OutsideToken) -> ChatResult<User> {
        let (issuer, subject) = (token.issuer.as_str(), token.subject.as_str());
        if let Some(user) = self.store.accounts.outside_user(issuer, subject).await? {
            return Ok(user);
        }
        let mut email = token.email.clone().filter(|email| email.chars().count() <= EMAIL_CHARS_MAX);
        for number in 1..=NAMES_MAX {
            let user = NewUser {
                username: numbered(&token.username, number),
                email: match &email {
                    Some(email) => email.clone(),
                    None => format!("{:016x}@outside.invalid", getrandom::u64()?),
                },
                // Fits no password.
                password_hash: "*".to_owned(),
            };
            let created = self.store.accounts.create_outside_user(issuer.into(), subject.into(), user).await;
            match created.map_err(ChatError::from) {
                Err(ChatError::Taken(Unique::Email)) => email = None,
                Err(ChatError::Taken(_)) => {}
                created => return created,
            }
        }
        Err(ChatError::Busy { retry_after: Duration::from_secs(60) })
    }
}

/// The name with a number behind it, cut so that it is no longer than a name may be; without one for the first.
fn numbered(name: &str, number: u32) -> String {
    let end = if number == 1 { String::new() } else { number.to_string() };
    let room = USERNAME_CHARS_MAX.saturating_sub(end.len());
    name.chars().take(room).chain(end.chars()).collect()
}
