//! Creating a user.

use super::validate::check_name;
use super::{Caller, Chat, ChatError, ChatResult};
use crate::model::limits::{EMAIL_CHARS_MAX, USERNAME_CHARS_MAX};
use crate::model::{NewUser, User};

/// Who wants to be a user, validated in form.
pub struct Registration {
    /// The name.
    pub username: String,
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
}

impl Chat {
    /// Creates a user.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for what is too long or contains NUL, [`ChatError::Taken`] (e-mail before user
    /// name), [`ChatError::Busy`] when too many passwords are being hashed, [`ChatError::Forbidden`] where registration is
    /// closed, but for who governs the server.
    pub async fn create_user(&self, caller: &Caller, registration: Registration) -> ChatResult<User> {
        if self.options.is_registration_closed && !caller.governs() {
            return Err(ChatError::Forbidden("registration is closed"));
        }
        let user = self.hashed(registration).await?;
        let user = self.store.directory.create_user(user).await?;
        Ok((*self.directory.keep_user(user)).clone())
    }

    /// The same with the password hashed, if nothing is to be said against it.
    pub(super) async fn hashed(&self, registration: Registration) -> ChatResult<NewUser> {
        let Registration { username, email, password } = registration;
        check_name("username", &username, USERNAME_CHARS_MAX)?;
        check_name("email", &email, EMAIL_CHARS_MAX)?;
        // Hashing is the dearest thing that a stranger can ask for. Of two who come for one name at once both
        // are hashed, and the store refuses one.
        if let Some(taken) = self.store.directory.taken(&username, &email).await? {
            return Err(ChatError::Taken(taken));
        }
        let password_hash = self.identity.passwords.hash(password).await?;
        Ok(NewUser { username, email, password_hash })
    }
}
