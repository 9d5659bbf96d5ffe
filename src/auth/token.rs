//! What all JSON Web Tokens have in common here (RFC 7519, and RFC 8725 on what to beware of).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::model::Timestamp;

/// Longest token that is looked at, in bytes.
pub(super) const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// The end of the year 9999 in seconds since 1970, the last that a [`Timestamp`] can show.
const SECONDS_MAX: f64 = 253_402_300_799.0;

/// Why a token is not good. Says nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It is above 8 KiB, no JSON Web Token, or names a key by `jku`, `x5u` or `jwk`.
    #[error("the token is malformed")]
    Malformed,
    /// Its algorithm is not that of the key, or of none of the keys.
    #[error("the token is signed with another algorithm")]
    Algorithm,
    /// Nobody who has the key signed this.
    #[error("the token's signature is wrong")]
    Signature,
    /// There is no key for it, maybe because the issuer's keys could not be loaded.
    #[error("the token's key is not known")]
    UnknownKey,
    /// It names no key, and several could be meant.
    #[error("the token does not say which key it is signed with")]
    AmbiguousKey,
    /// Its `exp` has come.
    #[error("the token is expired")]
    Expired,
    /// Its `nbf` is yet to come.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// This claim is missing, or not what it must be.
    #[error("the token's claim {0} is missing or wrong")]
    Claim(&'static str),
    /// There is no key to sign with, or the operating system has no random numbers.
    #[error("the token could not be made")]
    NotMade,
}

/// A point in time as tokens have it: seconds since 1970, maybe with a fraction (RFC 7519, section 2). One
/// after the year 9999 counts as the end of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(from = "f64")]
pub(super) struct NumericDate(pub(super) Timestamp);

impl From<f64> for NumericDate {
    fn from(seconds: f64) -> Self {
        Self(Timestamp((seconds.clamp(-SECONDS_MAX, SECONDS_MAX) * 1e6) as i64))
    }
}

/// The header of a token, not verified, if there is nothing in it that is refused at once.
pub(super) fn header(token: &str) -> Result<Header, TokenError> {
    if token.len() > TOKEN_BYTES_MAX {
        return Err(TokenError::Malformed);
    }
    let header = jsonwebtoken::decode_header(token).map_err(error)?;
    // A token may not bring its own key.
    if header.jku.is_some() || header.x5u.is_some() || header.jwk.is_some() {
        return Err(TokenError::Malformed);
    }
    Ok(header)
}

/// The claims of a token that was signed with this key and this algorithm. Nothing is said yet of any claim.
pub(super) fn claims<T: DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Result<T, TokenError> {
    let mut validation = Validation::new(algorithm);
    // It would go by the clock of the system.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    Ok(jsonwebtoken::decode(token, key, &validation).map_err(error)?.claims)
}

/// Whether `now` is within the time of a token, with no leeway at either end.
pub(super) fn check_times(
    expires_at: NumericDate,
    not_before: Option<NumericDate>,
    now: Timestamp,
) -> Result<(), TokenError> {
    if now >= expires_at.0 {
        Err(TokenError::Expired)
    } else if not_before.is_some_and(|not_before| now < not_before.0) {
        Err(TokenError::NotYetValid)
    } else {
        Ok(())
    }
}

/// The `iss` of a token, if it has one. Nothing has been verified, so it is good for nothing but to choose
/// who does that.
pub fn peek_issuer(token: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Claims {
        iss: Option<String>,
    }
    if token.len() > TOKEN_BYTES_MAX {
        return None;
    }
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice::<Claims>(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?.iss
}

/// The crate's errors quote the token, so no more is kept of them than their kind.
pub(super) fn error(error: jsonwebtoken::errors::Error) -> TokenError {
    use jsonwebtoken::errors::ErrorKind;
    match error.kind() {
        ErrorKind::InvalidSignature => TokenError::Signature,
        ErrorKind::InvalidAlgorithm | ErrorKind::UnsupportedAlgorithm => TokenError::Algorithm,
        _ => TokenError::Malformed,
    }
}
