//! The key under which access tokens are signed.

use std::env::{self, VarError};
use std::fmt;

use super::ConfigError;

/// The variable that holds it. It is no option, for the command line of a process is seen by others.
pub(super) const VARIABLE: &str = "JWT_SECRET_KEY";

/// The fewest bytes that it may have where tokens are all that counts: as many as the shortest hash has (RFC 7518,
/// section 3.2).
pub(super) const BYTES_MIN: usize = 32;

/// A key that is never shown: neither its `Display` nor its `Debug` has anything of it.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl SecretKey {
    /// The one in the environment, `.env` included; an empty one is none.
    #[expect(clippy::disallowed_methods, reason = "this room reads the environment for all others")]
    pub(super) fn from_environment() -> Result<Option<Self>, ConfigError> {
        match env::var(VARIABLE) {
            Ok(key) => Ok(Some(Self(key)).filter(|key| !key.0.is_empty())),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(ConfigError::new(format!("{VARIABLE} is not UTF-8"))),
        }
    }

    /// The key itself, for whoever signs with it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}
