//! Tokens of an outside issuer.

use std::sync::Arc;

use jsonwebtoken::Header;
use serde_json::{Map, Value};
use tokio::runtime::Handle;

use super::jwks_source::{JwksSource, LoadError};
use super::key_ring::KeyRing;
use super::secret::hash_secret;
use super::token::{NumericDate, TokenError, check_times, claims, header};
use crate::model::Timestamp;
use crate::model::limits::{EMAIL_CHARS_MAX, USERNAME_CHARS_MAX};

/// Longest `sub`, in characters (OpenID Connect Core, section 2).
const SUBJECT_CHARS_MAX: usize = 255;

/// What the claim with the name is called unless configured otherwise.
const USERNAME_CLAIM: &str = "preferred_username";

/// The name of somebody whose token gives none that could be shown.
const NO_NAME: &str = "user";

/// Whose tokens are taken, and how they are read.
#[derive(Clone, Debug)]
pub struct IssuerOptions {
    /// Where the issuer's keys are.
    pub source: JwksSource,
    /// What `iss` must be, to the letter.
    pub issuer: String,
    /// What must be in `aud`; if there is none, tokens for anybody are taken.
    pub audience: Option<String>,
    /// The claim with the user's name; `preferred_username` if there is none.
    pub username_claim: Option<String>,
}

/// Why there is no issuer.
#[derive(Debug, thiserror::Error)]
#[error("no keys of the outside issuer in {origin}: {reason}")]
pub struct IssuerError {
    /// Where they were looked for.
    pub origin: JwksSource,
    /// Why none were found.
    pub reason: LoadError,
}

/// Verifies the tokens of one outside issuer under the keys it publishes: RSA of 2,048 to 8,192 bits as RS256,
/// P-256 as ES256, Ed25519 as EdDSA, at most 100 in a document of at most 1 MiB. They are loaded anew every
/// five minutes, and at once, but at most every ten seconds, for a token whose key is not there. If that fails
/// the last ones stay.
#[derive(Debug)]
pub struct OutsideIssuer {
    issuer: String,
    audience: Option<String>,
    username_claim: String,
    keys: KeyRing,
}

/// What a good token of an outside issuer says. Whoever it is about is (`issuer`, `subject`), and nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutsideToken {
    /// Who issued it.
    pub issuer: String,
    /// The issuer's own id of the user, 1 to 255 characters, without NUL.
    pub subject: String,
    /// The name to show, 1 to 50 characters, without NUL. Anybody may have the same.
    pub username: String,
    /// The address, at most 100 characters, without NUL; `None` if the issuer says that it is not verified.
    pub email: Option<String>,
    /// From then on it is not good.
    pub expires_at: Timestamp,
    /// Its number: the SHA-256 of what is signed, header and claims. Not of the signature, of which whoever
    /// has the token can make a second good one for ES256, and so evade that the first was logged out.
    pub id: [u8; 32],
}

impl OutsideIssuer {
    /// Loads the keys, and from then on again and again on `runtime`, as long as this is kept. Blocks: from a
    /// URL the first load may take 5 s.
    ///
    /// # Errors
    /// The file cannot be read or has no key that could be used. If a URL gives none, that is a warning in the
    /// log, and tokens are refused until it does.
    pub fn start(options: IssuerOptions, runtime: &Handle) -> Result<Arc<Self>, IssuerError> {
        let IssuerOptions { source, issuer, audience, username_claim } = options;
        let keys = KeyRing::start(source.clone(), runtime)
            .map_err(|reason| IssuerError { origin: source, reason })?;
        let username_claim = username_claim.unwrap_or_else(|| USERNAME_CLAIM.to_owned());
        Ok(Arc::new(Self { issuer, audience, username_claim, keys }))
    }

    /// What `iss` must be.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What the token says, if this issuer issued it, for this audience, and it is good at `now`. The signature
    /// is verified on the caller's thread; before, it waits up to 8 s if the keys have to be loaded for it. May be
    /// awaited on any runtime.
    ///
    /// # Errors
    /// It is not good.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<OutsideToken, TokenError> {
        let header = header(token)?;
        let claims = self.claims(token, &header).await?;
        if claims.get("iss").and_then(Value::as_str) != Some(&self.issuer) {
            return Err(TokenError::Claim("iss"));
        }
        if !self.audience.as_ref().is_none_or(|audience| is_for(&claims, audience)) {
            return Err(TokenError::Claim("aud"));
        }
        let expires_at = date(&claims, "exp")?.ok_or(TokenError::Claim("exp"))?;
        check_times(expires_at, date(&claims, "nbf")?, now)?;
        let is_subject = |text: &str| !text.contains('\0') && text.chars().count() <= SUBJECT_CHARS_MAX;
        let subject = text(&claims, "sub").filter(|text| is_subject(text)).ok_or(TokenError::Claim("sub"))?;
        let is_address = |text: &str| !text.contains('\0') && text.chars().count() <= EMAIL_CHARS_MAX;
        let is_verified = claims.get("email_verified") != Some(&Value::Bool(false));
        let email = text(&claims, "email").filter(|text| is_verified && is_address(text));
        let signed = token.rsplit_once('.').map_or(token, |(signed, _)| signed);
        Ok(OutsideToken {
            issuer: self.issuer.clone(),
            subject: subject.to_owned(),
            username: self.username(&claims),
            email: email.map(str::to_owned),
            expires_at: expires_at.0,
            id: hash_secret(signed).to_bytes(),
        })
    }

    /// The claims of a token whose signature is right.
    async fn claims(&self, token: &str, header: &Header) -> Result<Map<String, Value>, TokenError> {
        let mut keys = self.keys.keys();
        if keys.find(header.kid.as_deref(), header.alg).err() == Some(TokenError::UnknownKey) {
            keys = self.keys.renewed().await.ok_or(TokenError::UnknownKey)?;
        }
        let (key, algorithm) = keys.find(header.kid.as_deref(), header.alg)?;
        claims(token, key, algorithm)
    }

    fn username(&self, claims: &Map<String, Value>) -> String {
        let claim =
            [self.username_claim.as_str(), "email", "sub"].into_iter().find_map(|name| text(claims, name));
        let shown = claim.unwrap_or_default().chars().filter(|c| *c != '\0').take(USERNAME_CHARS_MAX);
        let name: String = shown.collect();
        if name.is_empty() { NO_NAME.to_owned() } else { name }
    }
}

/// A claim that is a text and not empty.
fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// A claim that is a point in time; `None` if it is not there.
fn date(claims: &Map<String, Value>, name: &'static str) -> Result<Option<NumericDate>, TokenError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    value.as_f64().map(|seconds| Some(seconds.into())).ok_or(TokenError::Claim(name))
}

/// Whether `aud`, a text or a list of texts, names this audience.
fn is_for(claims: &Map<String, Value>, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(many)) => many.iter().any(|one| one == audience),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
