//! What holds for what operators give, as for what clients send.

use super::{AdminError, AdminResult};
use crate::chat::check_name;
use crate::compat::fastapi::email::normalize_email;
use crate::model::User;
use crate::model::limits::{EMAIL_CHARS_MAX, PASSWORD_BYTES_MAX};
use crate::store::Store;

/// Refuses a name that is empty, has more than `chars_max` characters, or contains NUL.
pub(super) fn name(what: &'static str, name: &str, chars_max: usize) -> AdminResult<()> {
    if name.is_empty() {
        return Err(AdminError::Usage(format!("the {what} must not be empty")));
    }
    check_name(what, name, chars_max).map_err(|error| AdminError::Usage(error.to_string()))
}

/// The normal form of an e-mail address.
pub(super) fn email(text: &str) -> AdminResult<String> {
    let usage = |reason: String| AdminError::Usage(format!("this is not a valid e-mail address: {reason}"));
    let address = normalize_email(text).map_err(|error| usage(error.to_string()))?;
    check_name("email", &address, EMAIL_CHARS_MAX).map_err(|error| usage(error.to_string()))?;
    Ok(address)
}

/// Refuses a password that could not be registered.
pub(super) fn password(password: &str) -> AdminResult<()> {
    if password.is_empty() {
        return Err(AdminError::Usage("the password must not be empty".to_owned()));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(AdminError::Usage(format!("the password must have at most {PASSWORD_BYTES_MAX} bytes")));
    }
    Ok(())
}

/// The user of this name.
pub(super) async fn user(store: &Store, name: &str) -> AdminResult<User> {
    let user = store.directory.user_by_name(name).await?;
    user.ok_or_else(|| AdminError::Failed(format!("there is no user {name:?}")))
}
