use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

use super::{AccessTokens, LocalToken, TokenAlgorithm};
use crate::auth::token::{TokenError, peek_issuer};
use crate::model::{Timestamp, UserId};

const KEY: &str = "a key of some thirty-two bytes..";
const NOW: Timestamp = Timestamp(1_704_164_645_678_901);

fn tokens() -> AccessTokens {
    AccessTokens::new(TokenAlgorithm::Hs256, KEY, Duration::from_secs(1_800))
}

fn after(seconds: i64) -> Timestamp {
    Timestamp(NOW.0 + seconds * 1_000_000)
}

/// A token with this header and these claims, signed as HS256 whatever the header says.
fn sign(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    let message = format!("{header}.{claims}");
    let key = EncodingKey::from_secret(KEY.as_bytes()).unwrap();
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

fn claims() -> Value {
    json!({ "sub": "7", "sid": "3", "exp": 1_704_166_446 })
}

/// The claims with this one in the place of what was there; without it if it is null.
fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => claims.as_object_mut().unwrap().remove(name),
        value => claims.as_object_mut().unwrap().insert(name.to_owned(), value),
    };
    claims
}

fn part(token: &str, index: usize) -> Value {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

#[test]
fn what_is_issued_verifies() {
    for (algorithm, name) in
        [(TokenAlgorithm::Hs256, "HS256"), (TokenAlgorithm::Hs384, "HS384"), (TokenAlgorithm::Hs512, "HS512")]
    {
        assert_eq!(name.parse(), Ok(algorithm));
        assert_eq!(algorithm.to_string(), name);
        let tokens = AccessTokens::new(algorithm, KEY, Duration::from_secs(1_800));
        let token = tokens.issue(UserId(7), 3, NOW).unwrap();
        assert_eq!(part(&token, 0)["alg"], name);
        let claims = part(&token, 1);
        assert_eq!((&claims["sub"], &claims["sid"]), (&json!("7"), &json!("3")));
        assert_eq!((&claims["iat"], &claims["exp"]), (&json!(1_704_164_645), &json!(1_704_166_446)));
        assert_eq!(claims["jti"].as_str().unwrap().len(), 22);
        let expires_at = Timestamp(1_704_166_446_000_000);
        let local = LocalToken { user: UserId(7), session: 3, expires_at };
        assert_eq!(tokens.verify(&token, NOW), Ok(local));
        // To the microsecond.
        assert_eq!(tokens.verify(&token, Timestamp(expires_at.0 - 1)), Ok(local));
        assert_eq!(tokens.verify(&token, expires_at), Err(TokenError::Expired));
        assert_ne!(tokens.issue(UserId(7), 3, NOW).unwrap(), token);
    }
    assert!("none".parse::<TokenAlgorithm>().is_err());
    assert!("RS256".parse::<TokenAlgorithm>().is_err());
}

#[test]
fn another_key_or_algorithm_is_refused() {
    let token = tokens().issue(UserId(7), 3, NOW).unwrap();
    let other = AccessTokens::new(TokenAlgorithm::Hs256, "another key", Duration::from_secs(1_800));
    assert_eq!(other.verify(&token, NOW), Err(TokenError::Signature));
    let other = AccessTokens::new(TokenAlgorithm::Hs512, KEY, Duration::from_secs(1_800));
    assert_eq!(other.verify(&token, NOW), Err(TokenError::Algorithm));
    let none = AccessTokens::new(TokenAlgorithm::Hs256, "", Duration::from_secs(1_800));
    assert_eq!(none.issue(UserId(7), 3, NOW), Err(TokenError::NotMade));
    assert_eq!(none.verify(&token, NOW), Err(TokenError::UnknownKey));
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let forged = format!("{rest}.{}", signature.chars().rev().collect::<String>());
    assert!(tokens().verify(&forged, NOW).is_err());
    assert_eq!(tokens().verify(&format!("{rest}."), NOW), Err(TokenError::Signature));
}

#[test]
fn a_header_chooses_neither_algorithm_nor_key() {
    let refused = |header| tokens().verify(&sign(&header, &claims()), NOW).unwrap_err();
    assert!(tokens().verify(&sign(&json!({ "alg": "HS256" }), &claims()), NOW).is_ok());
    for alg in ["none", "None", "NONE", "", "RS256", "ES256", "EdDSA", "HS1", "hs256"] {
        let error = refused(json!({ "alg": alg }));
        assert!(matches!(error, TokenError::Malformed | TokenError::Algorithm), "{alg}: {error}");
    }
    for alg in ["HS384", "HS512"] {
        assert_eq!(refused(json!({ "alg": alg })), TokenError::Algorithm);
    }
    for header in [
        json!({}),
        json!({ "alg": "HS256", "jku": "https://example.com/keys" }),
        json!({ "alg": "HS256", "x5u": "https://example.com/chain" }),
        json!({ "alg": "HS256", "jwk": { "kty": "oct", "k": "c2VjcmV0" } }),
        json!({ "alg": "HS256", "jwk": "c2VjcmV0" }),
        json!({ "alg": "HS256", "crit": ["exp"] }),
        json!({ "alg": "HS256", "b64": false, "crit": ["b64"] }),
    ] {
        assert_eq!(refused(header.clone()), TokenError::Malformed, "{header}");
    }
    // Without a signature, as `none` has it.
    let [header, claims] =
        [json!({ "alg": "none" }), claims()].map(|part| URL_SAFE_NO_PAD.encode(part.to_string()));
    assert!(tokens().verify(&format!("{header}.{claims}."), NOW).is_err());
}

#[test]
fn claims_must_be_there_and_right() {
    let verify = |claims| tokens().verify(&sign(&json!({ "alg": "HS256" }), &claims), NOW);
    assert!(verify(with("exp", json!(1_704_164_645.9))).is_ok());
    assert_eq!(verify(with("exp", json!(1_704_164_645.5))), Err(TokenError::Expired));
    assert_eq!(verify(with("exp", json!(-1))), Err(TokenError::Expired));
    assert_eq!(verify(with("exp", Value::Null)), Err(TokenError::Claim("exp")));
    assert_eq!(verify(with("exp", json!("1704166446"))), Err(TokenError::Malformed));
    let far = verify(with("exp", json!(1e300))).unwrap();
    assert_eq!(far.expires_at.to_string(), "9999-12-31T23:59:59.000000Z");
    assert!(verify(with("nbf", json!(1_704_164_645))).is_ok());
    assert_eq!(verify(with("nbf", json!(1_704_164_646))), Err(TokenError::NotYetValid));
    assert_eq!(verify(with("sid", Value::Null)), Err(TokenError::Claim("sid")));
    assert_eq!(verify(with("sid", json!(3))), Err(TokenError::Malformed));
    for sub in ["", "0", "-7", "alice", "7 ", "9223372036854775808"] {
        assert_eq!(verify(with("sub", json!(sub))), Err(TokenError::Claim("sub")), "{sub}");
    }
    assert_eq!(verify(with("sub", Value::Null)), Err(TokenError::Claim("sub")));
    assert_eq!(verify(json!([])), Err(TokenError::Malformed));
}

#[test]
fn time_moves_with_the_caller() {
    let token = tokens().issue(UserId(7), 3, NOW).unwrap();
    assert!(tokens().verify(&token, after(1_800)).is_ok());
    assert_eq!(tokens().verify(&token, after(1_801)), Err(TokenError::Expired));
}

#[test]
fn what_is_no_token_is_malformed() {
    let long = sign(&json!({ "alg": "HS256" }), &with("name", json!("n".repeat(8_192))));
    for token in ["", ".", "..", "a.b.c", "gck_abc", "é.é.é", "e30.e30.e30", &long] {
        assert_eq!(tokens().verify(token, NOW), Err(TokenError::Malformed), "{token}");
        assert_eq!(peek_issuer(token), None);
    }
    let fits = sign(&json!({ "alg": "HS256" }), &with("name", json!("n".repeat(4_096))));
    assert!(tokens().verify(&fits, NOW).is_ok());
}

#[test]
fn the_issuer_is_seen_without_a_key() {
    let token = sign(&json!({ "alg": "RS256" }), &json!({ "iss": "https://issuer.example" }));
    assert_eq!(peek_issuer(&token).as_deref(), Some("https://issuer.example"));
    assert_eq!(peek_issuer(&tokens().issue(UserId(7), 3, NOW).unwrap()), None);
    assert_eq!(peek_issuer(&sign(&json!({}), &json!({ "iss": 7 }))), None);
}

#[test]
fn nothing_shows_the_key_or_the_token() {
    assert!(!format!("{:?}", tokens()).contains(KEY));
    // The crate's errors would quote it.
    let error = tokens().verify(&sign(&json!({ "alg": "HS256" }), &json!("s3cret")), NOW).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("s3cret"));
}
