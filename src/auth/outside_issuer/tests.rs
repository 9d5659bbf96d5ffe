use std::fs;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::time::advance;

use super::{IssuerOptions, OutsideIssuer, OutsideToken};
use crate::auth::jwks_source::JwksSource;
use crate::auth::test_issuer::{Server, Signer, key_set, ok};
use crate::auth::token::TokenError;
use crate::model::Timestamp;

const ISSUER: &str = "https://issuer.example";
const NOW: Timestamp = Timestamp(1_704_164_645_678_901);

fn options(source: JwksSource) -> IssuerOptions {
    IssuerOptions { source, issuer: ISSUER.to_owned(), audience: None, username_claim: None }
}

/// An issuer with these keys in a file.
struct Fixture {
    _dir: TempDir,
    issuer: Arc<OutsideIssuer>,
}

impl Fixture {
    fn new(keys: &[Value], configure: impl FnOnce(&mut IssuerOptions)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("keys.json");
        fs::write(&path, key_set(keys)).unwrap();
        let mut options = options(JwksSource::File(path));
        configure(&mut options);
        let issuer = OutsideIssuer::start(options, &Handle::current()).unwrap();
        Self { _dir: dir, issuer }
    }

    /// With one key, for tests of claims.
    fn of_ed(configure: impl FnOnce(&mut IssuerOptions)) -> Self {
        Self::new(&[Signer::ed().jwk(json!({ "kid": "k" }))], configure)
    }

    async fn verify(&self, token: &str) -> Result<OutsideToken, TokenError> {
        self.issuer.verify(token, NOW).await
    }

    /// What comes of good claims with these in the place of theirs; null takes one away.
    async fn claims(&self, changes: Value) -> Result<OutsideToken, TokenError> {
        self.verify(&Signer::ed().sign(Some("k"), &claims(changes))).await
    }

    async fn username(&self, changes: Value) -> String {
        self.claims(changes).await.unwrap().username
    }
}

fn claims(changes: Value) -> Value {
    let mut claims =
        json!({ "iss": ISSUER, "sub": "s-1", "exp": 1_704_164_700, "preferred_username": "ada" });
    let object = claims.as_object_mut().unwrap();
    object.extend(changes.as_object().unwrap().clone());
    object.retain(|_, value| !value.is_null());
    claims
}

#[tokio::test]
async fn tokens_of_all_kinds_of_keys_are_taken() {
    let signers = [Signer::rsa(), Signer::ec(), Signer::ed()];
    let keys = signers.iter().map(|signer| signer.jwk(json!({ "kid": "k" }))).collect::<Vec<_>>();
    let fixture = Fixture::new(&keys, |_| {});
    for signer in &signers {
        let token = signer.sign(Some("k"), &claims(json!({ "email": "ada@example.com" })));
        let outside = fixture.verify(&token).await.unwrap();
        assert_eq!((outside.issuer.as_str(), outside.subject.as_str()), (ISSUER, "s-1"));
        assert_eq!((outside.username.as_str(), outside.email.as_deref()), ("ada", Some("ada@example.com")));
        assert_eq!(outside.expires_at, Timestamp(1_704_164_700_000_000));
        assert_eq!(fixture.issuer.verify(&token, outside.expires_at).await, Err(TokenError::Expired));
        // Only one key fits, so it need not be named.
        assert!(fixture.verify(&signer.sign(None, &claims(json!({})))).await.is_ok());
        // Another one's signature.
        let (rest, _) = token.rsplit_once('.').unwrap();
        let other = signer.sign(Some("k"), &claims(json!({ "sub": "s-2" })));
        let forged = format!("{rest}.{}", other.rsplit_once('.').unwrap().1);
        assert_eq!(fixture.verify(&forged).await, Err(TokenError::Signature));
    }
}

#[tokio::test]
async fn the_key_chooses_the_algorithm() {
    let rsa = Signer::rsa();
    let jwk = rsa.jwk(json!({ "kid": "k" }));
    let fixture = Fixture::new(&[jwk.clone(), Signer::ed().jwk(json!({ "kid": "ed" }))], |_| {});
    let claims = claims(json!({}));
    // Signed with what everybody knows, the public key.
    for public in [jwk.to_string(), jwk["n"].as_str().unwrap().to_owned()] {
        let key = EncodingKey::from_secret(public.as_bytes()).unwrap();
        let header = Header { kid: Some("k".to_owned()), ..Header::default() };
        let token = jsonwebtoken::encode(&header, &claims, &key).unwrap();
        assert_eq!(fixture.verify(&token).await, Err(TokenError::Algorithm));
    }
    let none = [json!({ "alg": "none", "kid": "k" }), claims.clone()]
        .map(|part| URL_SAFE_NO_PAD.encode(part.to_string()))
        .join(".");
    assert_eq!(fixture.verify(&format!("{none}.")).await, Err(TokenError::Malformed));
    // A good key under the name of another, and under another algorithm of the same key.
    assert_eq!(fixture.verify(&rsa.sign(Some("ed"), &claims)).await, Err(TokenError::Algorithm));
    let header = Header { kid: Some("k".to_owned()), ..Header::new(jsonwebtoken::Algorithm::PS256) };
    assert_eq!(fixture.verify(&rsa.sign_with(&header, &claims)).await, Err(TokenError::Algorithm));
    // A key that comes with the token.
    for (name, value) in [("jku", "https://evil.example/"), ("x5u", "https://evil.example/")] {
        let mut header = json!({ "alg": "EdDSA", "kid": "ed" });
        header[name] = json!(value);
        let header = serde_json::from_value(header).unwrap();
        let token = Signer::ed().sign_with(&header, &claims);
        assert_eq!(fixture.verify(&token).await, Err(TokenError::Malformed));
    }
    let mut header = Header { kid: Some("ed".to_owned()), ..Header::new(Signer::ed().algorithm) };
    assert!(fixture.verify(&Signer::ed().sign_with(&header, &claims)).await.is_ok());
    header.jwk = Some(serde_json::from_value(Signer::ed().jwk(json!({}))).unwrap());
    assert_eq!(fixture.verify(&Signer::ed().sign_with(&header, &claims)).await, Err(TokenError::Malformed));
}

#[tokio::test]
async fn a_token_without_the_name_of_its_key_fits_one_or_none() {
    let keys = [Signer::ed().jwk(json!({ "kid": "a" })), Signer::ed().jwk(json!({ "kid": "b" }))];
    let fixture = Fixture::new(&keys, |_| {});
    let token = Signer::ed().sign(None, &claims(json!({})));
    assert_eq!(fixture.verify(&token).await, Err(TokenError::AmbiguousKey));
    let token = Signer::ec().sign(None, &claims(json!({})));
    assert_eq!(fixture.verify(&token).await, Err(TokenError::Algorithm));
    let token = Signer::ed().sign(Some("c"), &claims(json!({})));
    assert_eq!(fixture.verify(&token).await, Err(TokenError::UnknownKey));
}

#[tokio::test]
async fn issuer_and_times_must_be_right() {
    let fixture = Fixture::of_ed(|_| {});
    for issuer in [json!(null), json!("https://issuer.example/"), json!([ISSUER]), json!("")] {
        assert_eq!(fixture.claims(json!({ "iss": issuer })).await, Err(TokenError::Claim("iss")));
    }
    for exp in [json!(null), json!("1704164700"), json!([])] {
        assert_eq!(fixture.claims(json!({ "exp": exp })).await, Err(TokenError::Claim("exp")));
    }
    assert_eq!(fixture.claims(json!({ "exp": 1_704_164_645 })).await, Err(TokenError::Expired));
    assert_eq!(fixture.claims(json!({ "nbf": 1_704_164_646 })).await, Err(TokenError::NotYetValid));
    assert_eq!(fixture.claims(json!({ "nbf": "now" })).await, Err(TokenError::Claim("nbf")));
    assert!(fixture.claims(json!({ "nbf": 1_704_164_645 })).await.is_ok());
    for sub in [json!(null), json!(""), json!(7), json!("s\0"), json!("s".repeat(256))] {
        assert_eq!(fixture.claims(json!({ "sub": sub })).await, Err(TokenError::Claim("sub")));
    }
    assert!(fixture.claims(json!({ "sub": "é".repeat(255) })).await.is_ok());
    assert_eq!(fixture.claims(json!({ "big": "x".repeat(8_192) })).await, Err(TokenError::Malformed));
}

#[tokio::test]
async fn a_configured_audience_must_be_named() {
    let fixture = Fixture::of_ed(|options| options.audience = Some("chat".to_owned()));
    for aud in [json!("chat"), json!(["chat"]), json!(["mail", "chat"])] {
        assert!(fixture.claims(json!({ "aud": aud })).await.is_ok());
    }
    for aud in [json!(null), json!("chats"), json!("mail"), json!([]), json!(["mail"]), json!({ "chat": 1 })]
    {
        assert_eq!(fixture.claims(json!({ "aud": aud })).await, Err(TokenError::Claim("aud")));
    }
    assert!(Fixture::of_ed(|_| {}).claims(json!({ "aud": "mail" })).await.is_ok());
}

#[tokio::test]
async fn names_come_from_the_claims() {
    let fixture = Fixture::of_ed(|_| {});
    assert_eq!(fixture.username(json!({ "email": "ada@example.com" })).await, "ada");
    for none in [json!(null), json!(""), json!(7)] {
        let changes = json!({ "email": "ada@example.com", "preferred_username": none });
        assert_eq!(fixture.username(changes).await, "ada@example.com");
    }
    assert_eq!(fixture.username(json!({ "preferred_username": null })).await, "s-1");
    assert_eq!(fixture.username(json!({ "preferred_username": "a\0da" })).await, "ada");
    assert_eq!(fixture.username(json!({ "preferred_username": "\0" })).await, "user");
    let long = "é".repeat(60);
    assert_eq!(fixture.username(json!({ "preferred_username": long })).await, "é".repeat(50));
    let fixture = Fixture::of_ed(|options| options.username_claim = Some("nick".to_owned()));
    assert_eq!(fixture.username(json!({ "nick": "countess" })).await, "countess");
    assert_eq!(fixture.username(json!({})).await, "s-1");
}

#[tokio::test]
async fn only_addresses_that_may_be_the_users_are_taken() {
    let fixture = Fixture::of_ed(|_| {});
    for (changes, email) in [
        (json!({ "email": "ada@example.com" }), Some("ada@example.com")),
        (json!({ "email": "ada@example.com", "email_verified": true }), Some("ada@example.com")),
        (json!({ "email": "ada@example.com", "email_verified": false }), None),
        (json!({ "email": "a\0@example.com" }), None),
        (json!({ "email": "a".repeat(101) }), None),
        (json!({ "email": 7 }), None),
        (json!({}), None),
    ] {
        assert_eq!(fixture.claims(changes).await.unwrap().email.as_deref(), email);
    }
}

#[tokio::test]
async fn another_signature_makes_no_other_token() {
    let fixture = Fixture::new(&[Signer::ec().jwk(json!({}))], |_| {});
    let token = Signer::ec().sign(None, &claims(json!({})));
    let (rest, signature) = token.rsplit_once('.').unwrap();
    let mut signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    negate(&mut signature[32..]);
    let twin = format!("{rest}.{}", URL_SAFE_NO_PAD.encode(signature));
    assert_ne!(twin, token);
    let (of_token, of_twin) = (fixture.verify(&token).await.unwrap(), fixture.verify(&twin).await.unwrap());
    assert_eq!(of_token.id, of_twin.id);
    let other = Signer::ec().sign(None, &claims(json!({ "jti": "2" })));
    assert_ne!(fixture.verify(&other).await.unwrap().id, of_token.id);
}

/// `s` becomes `n - s`, where `n` is the order of P-256 (FIPS 186-4, section D.1.2.3).
fn negate(s: &mut [u8]) {
    let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut borrow = 0;
    for index in (0..32).rev() {
        let digit = i32::from_str_radix(&order[2 * index..2 * index + 2], 16).unwrap();
        let difference = digit - i32::from(s[index]) - borrow;
        borrow = i32::from(difference < 0);
        s[index] = difference.rem_euclid(256) as u8;
    }
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_fetched_when_a_token_names_it() {
    let server = Server::start();
    let issuer = OutsideIssuer::start(options(JwksSource::Url(server.url("/"))), &Handle::current()).unwrap();
    let token = Signer::ed().sign(Some("new"), &claims(json!({})));
    assert_eq!(issuer.verify(&token, NOW).await, Err(TokenError::UnknownKey));
    server.answer("/", ok(&key_set(&[Signer::ed().jwk(json!({ "kid": "new" }))])));
    advance(std::time::Duration::from_secs(10)).await;
    assert!(issuer.verify(&token, NOW).await.is_ok());
    assert_eq!(server.requests(), 2);
}

#[tokio::test]
async fn without_keys_in_a_file_there_is_no_issuer() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let source = JwksSource::File(path.clone());
    let error = OutsideIssuer::start(options(source.clone()), &Handle::current()).unwrap_err();
    assert!(error.to_string().contains("keys.json: "), "{error}");
    fs::write(&path, key_set(&[json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "k" })])).unwrap();
    let error = OutsideIssuer::start(options(source), &Handle::current()).unwrap_err();
    assert!(error.to_string().contains("none of its 1 keys"), "{error}");
}
