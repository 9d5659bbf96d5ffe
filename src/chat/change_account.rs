//! Changing one's own account.

use std::net::IpAddr;
use std::sync::Arc;

use super::grant::{Grant, GrantKind};
use super::validate::check_name;
use super::{Chat, ChatError, ChatResult, Principal};
use crate::model::User;
use crate::model::limits::EMAIL_CHARS_MAX;
use crate::store::Login;

/// What changes about an account; what is `None` stays. The address is validated in form.
#[derive(Default)]
pub struct AccountChange {
    /// The new password, which needs the one of today.
    pub password: Option<String>,
    /// The password of today.
    pub current_password: Option<String>,
    /// The new address.
    pub email: Option<String>,
}

impl Chat {
    /// Changes the account of the one who asks. A new password ends all their sessions but the one they speak in, and
    /// the tokens of outside issuers.
    ///
    /// # Errors
    /// [`ChatError::Forbidden`] if the password of today is another, or for a key; [`ChatError::Locked`] after too many
    /// wrong ones; [`ChatError::Invalid`], [`ChatError::Taken`], [`ChatError::NotAuthenticated`], [`ChatError::Busy`],
    /// [`ChatError::Unavailable`].
    pub async fn change_account(
        &self,
        principal: &Principal,
        change: AccountChange,
        address: IpAddr,
    ) -> ChatResult<Arc<User>> {
        principal.check_in_person()?;
        let id = principal.user().id;
        let AccountChange { password, current_password, email } = change;
        if let Some(email) = &email {
            check_name("email", email, EMAIL_CHARS_MAX)?;
        }
        if password.is_some() {
            let Some(current) = current_password else {
                return Err(ChatError::Invalid { field: "current_password", reason: "is needed".into() });
            };
            let known = self.store.accounts.credentials(Login::Id(id)).await?;
            if self.check_password(&id.to_string(), known, current, address).await?.is_none() {
                return Err(ChatError::Forbidden("Wrong password"));
            }
        }
        // First, for it may be somebody else's, and then nothing is changed.
        if let Some(email) = email {
            let directory = self.directory.change().await;
            self.store.accounts.set_email(id, &email).await?;
            directory.invalidate_user(id);
        }
        if let Some(password) = password {
            self.set_password(principal, password).await?;
        }
        self.user(id).await
    }

    async fn set_password(&self, principal: &Principal, password: String) -> ChatResult<()> {
        let (id, kept) = (principal.user().id, principal.grant().map(|grant| grant.kind()));
        let hash = self.identity.passwords.hash(password).await?;
        let sockets = {
            let grants = self.grants.change().await;
            self.store.accounts.set_password(id, hash, principal.session()).await?;
            grants.end_those(|grant: &Grant| {
                let is_login = !matches!(grant.kind(), GrantKind::Key(_));
                grant.user() == Some(id) && is_login && Some(grant.kind()) != kept
            })
        };
        self.turn_out(sockets).await;
        Ok(())
    }
}
