//! Access tokens that this server issues.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};

use super::secret::random_text;
use super::token::{NumericDate, TokenError, check_times, claims, header};
use crate::model::{Timestamp, UserId};

/// Random bytes in a `jti`.
const TOKEN_ID_BYTES: usize = 16;

const MICROS: i64 = 1_000_000;

/// How access tokens are signed: HMAC with SHA-2 (RFC 7518, section 3.2). Displayed and read as there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenAlgorithm {
    /// With SHA-256; the default.
    #[default]
    Hs256,
    /// With SHA-384.
    Hs384,
    /// With SHA-512.
    Hs512,
}

impl fmt::Display for TokenAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Hs256 => "HS256",
            Self::Hs384 => "HS384",
            Self::Hs512 => "HS512",
        })
    }
}

/// It is none of those that are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the algorithm must be HS256, HS384 or HS512")]
pub struct UnknownAlgorithm;

impl FromStr for TokenAlgorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        match text {
            "HS256" => Ok(Self::Hs256),
            "HS384" => Ok(Self::Hs384),
            "HS512" => Ok(Self::Hs512),
            _ => Err(UnknownAlgorithm),
        }
    }
}

impl From<TokenAlgorithm> for Algorithm {
    fn from(algorithm: TokenAlgorithm) -> Self {
        match algorithm {
            TokenAlgorithm::Hs256 => Self::HS256,
            TokenAlgorithm::Hs384 => Self::HS384,
            TokenAlgorithm::Hs512 => Self::HS512,
        }
    }
}

/// Issues and verifies access tokens: JSON Web Tokens with `sub`, `exp`, `iat`, `jti` and `sid`, signed under
/// one key with one algorithm. Knows no sessions: whether one has ended is for others to ask.
#[derive(Clone)]
pub struct AccessTokens {
    algorithm: Algorithm,
    /// `None` if the key is empty.
    keys: Option<(EncodingKey, DecodingKey)>,
    lifetime: Duration,
}

/// What a good access token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalToken {
    /// Whose it is.
    pub user: UserId,
    /// The session it was issued for.
    pub session: i64,
    /// From then on it is not good.
    pub expires_at: Timestamp,
}

#[derive(Serialize)]
struct NewClaims {
    sub: String,
    exp: i64,
    iat: i64,
    jti: String,
    sid: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: Option<String>,
    sid: Option<String>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
}

impl AccessTokens {
    /// Signs under the bytes of `key`, which should be as many as the hash has and random. Under an empty key
    /// nothing is issued and nothing is good.
    pub fn new(algorithm: TokenAlgorithm, key: &str, lifetime: Duration) -> Self {
        let key = key.as_bytes();
        let keys = EncodingKey::from_secret(key).ok().zip(DecodingKey::from_secret(key).ok());
        Self { algorithm: algorithm.into(), keys, lifetime }
    }

    /// How long a token is good.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A token for this user's session, good from `now` on for the [`lifetime`](Self::lifetime), rounded up to
    /// the second.
    ///
    /// # Errors
    /// [`TokenError::NotMade`].
    pub fn issue(&self, user: UserId, session: i64, now: Timestamp) -> Result<String, TokenError> {
        let (key, _) = self.keys.as_ref().ok_or(TokenError::NotMade)?;
        let lifetime = i64::try_from(self.lifetime.as_micros()).unwrap_or(i64::MAX);
        let expires_at = now.0.saturating_add(lifetime).saturating_add(MICROS - 1);
        let claims = NewClaims {
            sub: user.to_string(),
            exp: expires_at.div_euclid(MICROS),
            iat: now.0.div_euclid(MICROS),
            jti: random_text::<TOKEN_ID_BYTES>().map_err(|_| TokenError::NotMade)?,
            sid: session.to_string(),
        };
        jsonwebtoken::encode(&Header::new(self.algorithm), &claims, key).map_err(|_| TokenError::NotMade)
    }

    /// What the token says, if it was issued under this key and is good at `now`.
    ///
    /// # Errors
    /// It is not. A token whose `sub` is no user's id, or that lacks `sid`, is of the program that came before
    /// or of somebody else, and belongs to no session that could be ended.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<LocalToken, TokenError> {
        header(token)?;
        let (_, key) = self.keys.as_ref().ok_or(TokenError::UnknownKey)?;
        let claims: Claims = claims(token, key, self.algorithm)?;
        let expires_at = claims.exp.ok_or(TokenError::Claim("exp"))?;
        check_times(expires_at, claims.nbf, now)?;
        let user = number(claims.sub).ok_or(TokenError::Claim("sub"))?;
        let session = number(claims.sid).ok_or(TokenError::Claim("sid"))?;
        Ok(LocalToken { user: UserId(user), session, expires_at: expires_at.0 })
    }
}

impl fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTokens")
            .field("algorithm", &self.algorithm)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

fn number(claim: Option<String>) -> Option<i64> {
    claim?.parse().ok().filter(|number| *number > 0)
}

#[cfg(test)]
mod tests;
