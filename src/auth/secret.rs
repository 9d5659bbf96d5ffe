//! Secrets that this server makes: API keys, refresh tokens, one-time links. All are random enough that a
//! plain hash of them cannot be turned back, so the store keeps nothing else.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

/// Bytes of a secret that stands alone: 43 characters.
const SECRET_BYTES: usize = 32;

/// Bytes of either half of a refresh token.
const HALF_BYTES: usize = 16;

/// The characters that take.
const HALF_CHARS: usize = 22;

/// What the store keeps of a secret: its SHA-256. Its `Debug` shows nothing of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// The 32 bytes.
    pub fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// What [`to_bytes`](Self::to_bytes) gave; `None` unless it is 32 bytes.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// The hash under which the store knows a secret. Only for secrets made here, never for passwords, which can
/// be guessed.
pub fn hash_secret(text: &str) -> SecretHash {
    SecretHash(Sha256::digest(text.as_bytes()).into())
}

/// A secret for a link that is good once: 43 URL-safe characters, 256 bits.
///
/// # Errors
/// The operating system has no random numbers.
pub fn one_time_secret() -> Result<String, getrandom::Error> {
    random_text::<SECRET_BYTES>()
}

/// Keys that programs use in the place of an access token.
#[derive(Clone, Copy, Debug)]
pub struct ApiKeySecret;

impl ApiKeySecret {
    /// What every API key begins with, and no access token does.
    pub const PREFIX: &'static str = "gck_";

    /// Whether a bearer token is a key, good or not.
    pub fn is_one(token: &str) -> bool {
        token.starts_with(Self::PREFIX)
    }

    /// A new key, `gck_` and 43 URL-safe characters, to be shown once; and what is kept of it, the hash of
    /// all of its text.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn generate() -> Result<(String, SecretHash), getrandom::Error> {
        let text = Self::PREFIX.to_owned() + &random_text::<SECRET_BYTES>()?;
        let hash = hash_secret(&text);
        Ok((text, hash))
    }
}

/// A refresh token: `gcr_<session>_<family>_<last>`, the latter two 22 URL-safe characters of 128 bits each.
///
/// All tokens of a session share the family part, and only the newest is good. A token with the right
/// `family` that is not the `current` one is therefore a spent one, and somebody has copied it
/// (RFC 9700, section 4.14.2). Its `Debug` shows the session alone.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// What the client is given.
    pub text: String,
    /// The number of the session, positive.
    pub session: i64,
    /// The hash of the family part.
    pub family: SecretHash,
    /// The hash of the whole text.
    pub current: SecretHash,
    family_secret: String,
}

impl RefreshToken {
    /// What every refresh token begins with.
    pub const PREFIX: &'static str = "gcr_";

    /// The first token of a session, with a family of its own.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn first(session: i64) -> Result<Self, getrandom::Error> {
        Self::make(session, random_text::<HALF_BYTES>()?)
    }

    /// The token that takes this one's place.
    ///
    /// # Errors
    /// The operating system has no random numbers.
    pub fn next(&self) -> Result<Self, getrandom::Error> {
        Self::make(self.session, self.family_secret.clone())
    }

    /// Reads what a client sends; `None` if this server never wrote it like that. Whether it is any good is
    /// for the store to say.
    pub fn parse(text: &str) -> Option<Self> {
        // From the end, because an underscore is also a URL-safe character.
        let rest = text.strip_prefix(Self::PREFIX)?;
        let (rest, _) = split_half(rest)?;
        let (digits, family_secret) = split_half(rest)?;
        let session = digits.parse().ok().filter(|session: &i64| *session > 0)?;
        // One text for each token: no sign, no leading zero.
        (session.to_string() == digits).then(|| Self::new(text.to_owned(), session, family_secret.to_owned()))
    }

    fn make(session: i64, family_secret: String) -> Result<Self, getrandom::Error> {
        let last = random_text::<HALF_BYTES>()?;
        Ok(Self::new(format!("{}{session}_{family_secret}_{last}", Self::PREFIX), session, family_secret))
    }

    fn new(text: String, session: i64, family_secret: String) -> Self {
        let (family, current) = (hash_secret(&family_secret), hash_secret(&text));
        Self { text, session, family, current, family_secret }
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RefreshToken").field("session", &self.session).finish_non_exhaustive()
    }
}

/// What stands before the last half of a refresh token, and that half.
fn split_half(text: &str) -> Option<(&str, &str)> {
    let (rest, half) = text.split_at_checked(text.len().checked_sub(HALF_CHARS)?)?;
    let is_url_safe = half.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    is_url_safe.then_some((rest.strip_suffix('_')?, half))
}

/// So many random bytes as URL-safe base64 without padding (RFC 4648, section 5).
pub(super) fn random_text<const BYTES: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::{ApiKeySecret, RefreshToken, SecretHash, hash_secret, one_time_secret};

    fn is_url_safe(text: &str) -> bool {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    }

    #[test]
    fn api_keys_are_known_by_their_hash() {
        let (text, hash) = ApiKeySecret::generate().unwrap();
        let secret = text.strip_prefix("gck_").unwrap();
        assert_eq!(secret.len(), 43);
        assert!(is_url_safe(secret));
        assert_eq!(hash_secret(&text), hash);
        assert_ne!(ApiKeySecret::generate().unwrap().0, text);
        assert_eq!(SecretHash::from_slice(&hash.to_bytes()), Some(hash));
        assert_eq!(SecretHash::from_slice(&[0; 31]), None);
        assert_eq!(one_time_secret().unwrap().len(), 43);
    }

    #[test]
    fn hashes_are_sha_256() {
        // The first bytes of FIPS 180-4's example of "abc".
        assert_eq!(hash_secret("abc").to_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
    }

    #[test]
    fn a_refresh_token_is_read_as_it_was_written() {
        // Some of them have underscores in their random parts.
        for session in [1, 42, i64::MAX].into_iter().cycle().take(300) {
            let token = RefreshToken::first(session).unwrap();
            assert_eq!(RefreshToken::parse(&token.text).unwrap(), token);
            let next = token.next().unwrap();
            assert_eq!(RefreshToken::parse(&next.text).unwrap(), next);
            assert_eq!((next.session, next.family), (session, token.family));
            assert_ne!(next.current, token.current);
            assert_eq!(next.current, hash_secret(&next.text));
        }
        assert_ne!(RefreshToken::first(1).unwrap().family, RefreshToken::first(1).unwrap().family);
    }

    #[test]
    fn what_was_never_written_is_no_refresh_token() {
        let half = "0123456789abcdefghij-_";
        assert!(RefreshToken::parse(&format!("gcr_7_{half}_{half}")).is_some());
        for text in [
            String::new(),
            "gcr_".to_owned(),
            format!("gck_7_{half}_{half}"),
            format!("gcr_7_{half}"),
            format!("gcr__{half}_{half}"),
            format!("gcr_0_{half}_{half}"),
            format!("gcr_-7_{half}_{half}"),
            format!("gcr_+7_{half}_{half}"),
            format!("gcr_07_{half}_{half}"),
            format!("gcr_9223372036854775808_{half}_{half}"),
            format!("gcr_7_{half}_{half}="),
            format!("gcr_7_{half}_{half} "),
            format!("gcr_7_{half}.{half}"),
            format!("gcr_7_{half}_{}", half.replace('-', "+")),
            format!("gcr_7_{half}_{}", half.replace("-_", "é")),
            format!("gcr_7_{}_{half}", half.replace("-_", "é")),
        ] {
            assert_eq!(RefreshToken::parse(&text), None, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let token = RefreshToken::first(7).unwrap();
        assert_eq!(format!("{token:?}"), "RefreshToken { session: 7, .. }");
        assert_eq!(format!("{:?}", token.current), "SecretHash(..)");
    }
}
