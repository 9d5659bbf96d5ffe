//! Who somebody is and how often they may try: passwords, tokens, secrets, rates. Nothing here knows the
//! store or serves HTTP; what is kept of a secret is for others to keep.

mod access_token;
mod address;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod jwks;
mod jwks_source;
mod key_ring;
mod login_guard;
mod outside_issuer;
mod password;
mod rate;
mod secret;
mod stored_hash;
#[cfg(test)]
mod test_issuer;
mod token;

pub use access_token::{AccessTokens, LocalToken, TokenAlgorithm, UnknownAlgorithm};
pub use address::client_network;
pub use jwks::JwksError;
pub use jwks_source::{JwksSource, JwksSourceError, LoadError};
pub use login_guard::{Attempt, LoginGuard};
pub use outside_issuer::{IssuerError, IssuerOptions, OutsideIssuer, OutsideToken};
pub use password::{PasswordError, PasswordHasher, Verified};
pub use rate::RateLimit;
pub use secret::{ApiKeySecret, RefreshToken, SecretHash, hash_secret, one_time_secret};
pub use token::{TokenError, peek_issuer};
