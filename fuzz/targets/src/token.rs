//! What shows who somebody is.

use std::sync::OnceLock;
use std::time::Duration;

use groupcast::auth::fuzzing::{is_outdated_hash, outside_claims};
use groupcast::auth::{AccessTokens, ApiKeySecret, RefreshToken, TokenAlgorithm, TokenError, peek_issuer};
use groupcast::model::{Timestamp, UserId};

const KEY: &str = "a key that nobody can have guessed, of 64 bytes, for a test alone";

/// Keys of an outside issuer, one of each kind.
const KEYS: &str = include_str!("keys.json");

const NOW: Timestamp = Timestamp(1_700_000_000_000_000);

/// Nothing that was made up is good, whatever it is taken for; what was issued is, and is not with one character changed.
pub fn token(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let tokens = AccessTokens::new(TokenAlgorithm::Hs256, KEY, Duration::from_secs(600));
    assert!(tokens.verify(&text, NOW).is_err(), "{text}");
    assert!(AccessTokens::new(TokenAlgorithm::Hs256, "", Duration::ZERO).verify(&text, NOW).is_err());
    assert!(outside_claims(KEYS.as_bytes(), &text).is_err(), "{text}");
    // As a document of keys, with a token of nobody.
    let _ = outside_claims(data, "eyJhbGciOiJFZERTQSJ9.e30.AAAA");
    let _ = peek_issuer(&text);
    let _ = is_outdated_hash(&text);
    if let Some(token) = RefreshToken::parse(&text) {
        assert_eq!(token.text, text);
        assert!(token.session > 0 && text.starts_with(RefreshToken::PREFIX) && !ApiKeySecret::is_one(&text));
        let next = token.next().expect("random numbers");
        assert_eq!((next.session, next.family), (token.session, token.family));
        assert_ne!(next.current, token.current);
        assert!(RefreshToken::parse(&next.text) == Some(next));
    }
    altered(&tokens, data);
}

/// An issued token with a character in the place of another.
fn altered(tokens: &AccessTokens, data: &[u8]) {
    let [high, low, other, ..] = data else { return };
    // There is a random part in it, and the same input should do the same.
    static ISSUED: OnceLock<String> = OnceLock::new();
    let issued = ISSUED.get_or_init(|| tokens.issue(UserId(7), 9, NOW).expect("a token"));
    assert!(tokens.verify(issued, NOW).is_ok_and(|token| (token.user, token.session) == (UserId(7), 9)));
    let at = usize::from(u16::from_be_bytes([*high, *low])) % issued.len();
    let mut bytes = issued.clone().into_bytes();
    bytes[at] = *other;
    let Ok(text) = String::from_utf8(bytes) else { return };
    if text != *issued {
        let verified = tokens.verify(&text, NOW);
        assert!(
            matches!(verified, Err(TokenError::Signature | TokenError::Malformed | TokenError::Algorithm)),
            "{text}: {verified:?}"
        );
    }
}
