//! Users.

use std::sync::Arc;

use super::UserId;

/// A registered user. The password's hash never leaves the store with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The number the database gave.
    pub id: UserId,
    /// Unique, 1 to [`USERNAME_CHARS_MAX`](super::limits::USERNAME_CHARS_MAX) characters.
    pub username: Arc<str>,
    /// Unique, normalised (domain in lower case), at most
    /// [`EMAIL_CHARS_MAX`](super::limits::EMAIL_CHARS_MAX) characters.
    pub email: Arc<str>,
    /// Whether they govern the whole server.
    pub is_admin: bool,
}

/// What it takes to create a user.
#[derive(Clone, PartialEq, Eq)]
pub struct NewUser {
    /// See [`User::username`].
    pub username: String,
    /// See [`User::email`].
    pub email: String,
    /// The password's argon2id hash in PHC string format; never the password.
    pub password_hash: String,
}
