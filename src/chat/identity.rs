//! What it takes to know who somebody is.

use std::sync::Arc;

use crate::auth::{AccessTokens, LoginGuard, OutsideIssuer, PasswordHasher};

/// Whether a name is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthMode {
    /// Whoever names a user is that user: for networks in which everybody is trusted.
    #[default]
    Username,
    /// Nobody is anybody without a token.
    Token,
}

/// The parts that passwords and tokens are made and checked with.
pub struct Identity {
    /// Passwords.
    pub passwords: PasswordHasher,
    /// Access tokens of sessions here.
    pub tokens: AccessTokens,
    /// Tokens of somebody else, if they are taken.
    pub outside: Option<Arc<OutsideIssuer>>,
    /// Bounds guesses at passwords.
    pub login_guard: LoginGuard,
}
