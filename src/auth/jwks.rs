//! The keys of an outside issuer (RFC 7517).

use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::token::TokenError;

/// Keys in one set, usable or not.
pub(super) const KEYS_MAX: usize = 100;

/// RSA moduli, in bytes: from the least of RFC 7518, section 3.3, to what still verifies quickly.
const MODULUS_BYTES_MIN: usize = 256;
const MODULUS_BYTES_MAX: usize = 1_024;

/// An Ed25519 public key (RFC 8032, section 5.1.5).
const ED25519_BYTES: usize = 32;

/// Why a document gives no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    /// It is no JSON, or has no list `keys`.
    #[error("it is not a JSON Web Key Set")]
    Malformed,
    /// There are too many keys in it.
    #[error("it has {0} keys, more than {KEYS_MAX}")]
    TooMany(usize),
    /// All keys are symmetric, for encryption, or for another algorithm.
    #[error("none of its {0} keys is a public key for RS256, ES256 or EdDSA")]
    Unusable(usize),
}

/// The keys of a set that verify signatures.
#[derive(Debug, Default)]
pub(super) struct KeySet {
    keys: Vec<Key>,
}

/// One of them, with the only algorithm it is used with.
#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// A key as it stands in the document. Of a private key only what is public is read.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

impl KeySet {
    /// Reads a set. Keys that verify no signature that is taken here are left out.
    pub(super) fn parse(document: &[u8]) -> Result<Self, JwksError> {
        let document: Document = serde_json::from_slice(document).map_err(|_| JwksError::Malformed)?;
        let found = document.keys.len();
        if found > KEYS_MAX {
            return Err(JwksError::TooMany(found));
        }
        let keys: Vec<Key> = document.keys.into_iter().filter_map(Key::read).collect();
        if keys.is_empty() { Err(JwksError::Unusable(found)) } else { Ok(Self { keys }) }
    }

    /// The key for a token that says this of it, and its algorithm. What the token says of the algorithm
    /// rules keys out, but never changes how one is used.
    pub(super) fn find(
        &self,
        id: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<(&DecodingKey, Algorithm), TokenError> {
        let named = || self.keys.iter().filter(|key| id.is_none() || key.id.as_deref() == id);
        let mut fitting = named().filter(|key| key.algorithm == algorithm);
        match (fitting.next(), fitting.next()) {
            (Some(key), None) => Ok((&key.key, key.algorithm)),
            (Some(_), Some(_)) => Err(TokenError::AmbiguousKey),
            (None, _) if named().next().is_some() => Err(TokenError::Algorithm),
            (None, _) => Err(TokenError::UnknownKey),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Key {
    /// `None` if it verifies no signature that is taken here.
    fn read(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let is_for_signatures = jwk.usage.as_deref().is_none_or(|usage| usage == "sig")
            && jwk.key_ops.as_deref().is_none_or(|uses| uses.iter().any(|usage| usage == "verify"));
        let (algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
            ("RSA", _) => (Algorithm::RS256, rsa(&jwk)?),
            ("EC", Some("P-256")) => {
                (Algorithm::ES256, DecodingKey::from_ec_components(&jwk.x?, &jwk.y?).ok()?)
            }
            ("OKP", Some("Ed25519")) => (Algorithm::EdDSA, ed(&jwk)?),
            _ => return None,
        };
        let is_alg = |name: &str| match algorithm {
            Algorithm::RS256 => name == "RS256",
            Algorithm::ES256 => name == "ES256",
            // The latter in RFC 9864.
            _ => name == "EdDSA" || name == "Ed25519",
        };
        // Says whether it is a point of the curve at all.
        let is_sound = jsonwebtoken::crypto::verify("", b"", &key, algorithm).is_ok();
        (is_for_signatures && is_sound && jwk.alg.as_deref().is_none_or(is_alg)).then_some(Self {
            id: jwk.kid,
            algorithm,
            key,
        })
    }
}

fn ed(jwk: &Jwk) -> Option<DecodingKey> {
    let key = DecodingKey::from_ed_components(jwk.x.as_deref()?).ok()?;
    // The crate takes a longer one for its beginning, and panics over a shorter one.
    (key.try_get_as_bytes().ok()?.len() == ED25519_BYTES).then_some(key)
}

fn rsa(jwk: &Jwk) -> Option<DecodingKey> {
    let key = DecodingKey::from_rsa_components(jwk.n.as_deref()?, jwk.e.as_deref()?).ok()?;
    let jsonwebtoken::DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { return None };
    let significant = n.iter().skip_while(|byte| **byte == 0).count();
    // An even exponent is none, and 1 signs everything.
    let is_exponent =
        (1..=4).contains(&e.len()) && e.last().is_some_and(|last| last % 2 == 1) && e[..] != [1];
    ((MODULUS_BYTES_MIN..=MODULUS_BYTES_MAX).contains(&significant) && is_exponent).then_some(key)
}

#[cfg(test)]
mod tests;
