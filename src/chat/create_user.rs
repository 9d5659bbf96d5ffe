//! Creating a user.

use super::validate::check_name;
use super::{Chat, ChatError, ChatResult};
use crate::model::limits::{EMAIL_CHARS_MAX, USERNAME_CHARS_MAX};
use crate::model::{NewUser, User};

impl Chat {
    /// Creates a user from values that were validated in form.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for what is too long or contains NUL, [`ChatError::Taken`] (e-mail before user
    /// name), [`ChatError::Busy`] when too many passwords are being hashed.
    pub async fn create_user(&self, username: String, email: String, password: String) -> ChatResult<User> {
        check_name("username", &username, USERNAME_CHARS_MAX)?;
        check_name("email", &email, EMAIL_CHARS_MAX)?;
        // Hashing is the dearest thing that a stranger can ask for. Of two who come for one name at once both
        // are hashed, and the store refuses one.
        if let Some(taken) = self.store.directory.taken(&username, &email).await? {
            return Err(ChatError::Taken(taken));
        }
        let password_hash = self.passwords.hash(password).await?;
        let user = self.store.directory.create_user(NewUser { username, email, password_hash }).await?;
        Ok((*self.directory.keep_user(user)).clone())
    }
}
