//! Passwords.

use crate::chat::ChatError;

/// Hashes passwords with argon2id.
#[derive(Debug, Default)]
pub struct PasswordHasher {}

impl PasswordHasher {
    /// Hashes.
    ///
    /// # Errors
    /// Busy.
    pub async fn hash(&self, password: String) -> Result<String, ChatError> {
        let _ = password;
        Err(ChatError::Unavailable)
    }
}
