//! A door for the fuzz targets: keys and tokens of an outside issuer, and hashes of passwords as they are stored.

use super::jwks::KeySet;
use super::stored_hash::StoredHash;
use super::token::{TokenError, claims, header};

/// The claims of a token of an outside issuer whose keys are these, as JSON. Nothing is said yet of any claim.
///
/// # Errors
/// The token is not signed with one of these. [`TokenError::UnknownKey`] if the document has no keys.
pub fn outside_claims(document: &[u8], token: &str) -> Result<serde_json::Value, TokenError> {
    let keys = KeySet::parse(document).map_err(|_| TokenError::UnknownKey)?;
    let header = header(token)?;
    let (key, algorithm) = keys.find(header.kid.as_deref(), header.alg)?;
    claims(token, key, algorithm)
}

/// What is known of the hash of a password: whether it would be made otherwise today.
pub fn is_outdated_hash(text: &str) -> bool {
    StoredHash::read(Some(text)).is_outdated()
}
