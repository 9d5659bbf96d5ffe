use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use super::{JwksError, KeySet};
use crate::auth::test_issuer::{Signer, key_set};
use crate::auth::token::TokenError;

fn parse(keys: &[Value]) -> Result<KeySet, JwksError> {
    KeySet::parse(key_set(keys).as_bytes())
}

fn is_usable(key: Value) -> bool {
    match parse(&[key]) {
        Ok(keys) => keys.len() == 1,
        Err(JwksError::Unusable(1)) => false,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn public_keys_for_signatures_are_taken() {
    for (signer, other) in [(Signer::rsa(), "RS512"), (Signer::ec(), "ES384"), (Signer::ed(), "RS256")] {
        assert!(is_usable(signer.jwk(json!({}))));
        assert!(is_usable(signer.jwk(json!({ "alg": null, "use": "sig", "kid": "k", "x5t": "t" }))));
        assert!(is_usable(signer.jwk(json!({ "key_ops": ["verify"] }))));
        assert!(!is_usable(signer.jwk(json!({ "key_ops": ["encrypt"] }))));
        assert!(!is_usable(signer.jwk(json!({ "use": "enc" }))));
        assert!(!is_usable(signer.jwk(json!({ "alg": other }))));
        assert!(!is_usable(signer.jwk(json!({ "kty": "oct", "k": "c2VjcmV0" }))));
        assert!(!is_usable(signer.jwk(json!({ "kty": null }))));
    }
    assert!(is_usable(Signer::ed().jwk(json!({ "alg": "Ed25519" }))));
}

#[test]
fn unsound_keys_are_left_out() {
    assert!(!is_usable(Signer::short_rsa().jwk(json!({}))));
    for exponent in ["", "AQ", "Ag", "AQAAAAE"] {
        assert!(!is_usable(Signer::rsa().jwk(json!({ "e": exponent }))), "{exponent}");
    }
    // Many zeros make no modulus longer.
    let modulus = "A".repeat(200) + Signer::short_rsa().jwk(json!({}))["n"].as_str().unwrap();
    assert!(!is_usable(Signer::rsa().jwk(json!({ "n": modulus }))));
    assert!(!is_usable(Signer::rsa().jwk(json!({ "n": "A".repeat(2_000) + "AB" }))));
    // Off the curve, and of another one.
    assert!(!is_usable(Signer::ec().jwk(json!({ "x": "A".repeat(43) }))));
    assert!(!is_usable(Signer::ec().jwk(json!({ "crv": "P-384" }))));
    assert!(!is_usable(Signer::ec().jwk(json!({ "y": null }))));
    let ed = Signer::ed().jwk(json!({}))["x"].as_str().unwrap().to_owned();
    for x in ["".to_owned(), "AAAA".to_owned(), ed.clone() + "A", ed.clone() + "AAAA", ed[1..].to_owned()] {
        assert!(!is_usable(Signer::ed().jwk(json!({ "x": x }))), "{x}");
    }
    assert!(!is_usable(Signer::ed().jwk(json!({ "crv": "X25519" }))));
}

#[test]
fn a_document_has_a_list_of_keys() {
    for document in ["", "{}", "[]", "{\"keys\":{}}", "<html>"] {
        assert!(matches!(KeySet::parse(document.as_bytes()), Err(JwksError::Malformed)), "{document}");
    }
    assert!(matches!(parse(&[]), Err(JwksError::Unusable(0))));
    let key = Signer::ec().jwk(json!({}));
    assert_eq!(parse(&vec![key.clone(); 100]).unwrap().len(), 100);
    assert!(matches!(parse(&vec![key.clone(); 101]), Err(JwksError::TooMany(101))));
    // What is not understood spoils nothing.
    assert_eq!(parse(&[json!(7), json!({}), key, json!({ "kty": "new" })]).unwrap().len(), 1);
}

#[test]
fn a_token_finds_its_key() {
    let (rsa, ec) = (Signer::rsa(), Signer::ec());
    let keys = parse(&[
        rsa.jwk(json!({ "kid": "a" })),
        rsa.jwk(json!({ "kid": "b" })),
        ec.jwk(json!({ "kid": "b" })),
        ec.jwk(json!({ "kid": "c", "use": "enc" })),
    ])
    .unwrap();
    let find = |id, algorithm| keys.find(id, algorithm).map(|(_, algorithm)| algorithm);
    assert_eq!(find(Some("a"), Algorithm::RS256), Ok(Algorithm::RS256));
    assert_eq!(find(Some("b"), Algorithm::RS256), Ok(Algorithm::RS256));
    assert_eq!(find(Some("b"), Algorithm::ES256), Ok(Algorithm::ES256));
    assert_eq!(find(Some("a"), Algorithm::ES256), Err(TokenError::Algorithm));
    assert_eq!(find(Some("a"), Algorithm::RS512), Err(TokenError::Algorithm));
    assert_eq!(find(Some("a"), Algorithm::HS256), Err(TokenError::Algorithm));
    assert_eq!(find(Some("c"), Algorithm::ES256), Err(TokenError::UnknownKey));
    assert_eq!(find(Some("A"), Algorithm::RS256), Err(TokenError::UnknownKey));
    assert_eq!(find(None, Algorithm::RS256), Err(TokenError::AmbiguousKey));
    assert_eq!(find(None, Algorithm::ES256), Ok(Algorithm::ES256));
    assert_eq!(find(None, Algorithm::HS256), Err(TokenError::Algorithm));
    assert_eq!(KeySet::default().find(None, Algorithm::RS256).unwrap_err(), TokenError::UnknownKey);
}
