//! What a request is known by: in the log, and to the client in its answer.

use std::fmt;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};

/// The header of a request and of its answer, as proxies and other servers use it.
const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that is taken from a request, in bytes.
const BYTES_MAX: usize = 64;

/// The name of a request.
#[derive(Clone)]
pub(super) struct RequestId(HeaderValue);

impl RequestId {
    /// The one that a proxy or the client has given in `X-Request-Id`, 1 to 64 letters, digits, `.`, `_` and `-`, so that
    /// it can stand in a log; else a new one, 16 hexadecimal digits.
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let given = headers.get(X_REQUEST_ID).filter(|id| is_fit(id.as_bytes()));
        Self(given.cloned().unwrap_or_else(fresh))
    }

    /// Writes it into the answer.
    pub(super) fn write(self, answer: &mut HeaderMap) {
        answer.insert(X_REQUEST_ID, self.0);
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

fn is_fit(id: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=BYTES_MAX).contains(&id.len()) && id.iter().all(is_plain)
}

fn fresh() -> HeaderValue {
    // Without randomness all would be one, which is a lesser evil than not to answer.
    let id = format!("{:016x}", getrandom::u64().unwrap_or_default());
    HeaderValue::try_from(id).unwrap_or_else(|_| HeaderValue::from_static("-"))
}

#[cfg(test)]
mod tests {
    use hyper::header::{HeaderMap, HeaderValue};

    use super::{RequestId, X_REQUEST_ID};

    fn id(given: Option<&str>) -> String {
        let mut headers = HeaderMap::new();
        if let Some(given) = given {
            headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(given.as_bytes()).unwrap());
        }
        RequestId::of(&headers).to_string()
    }

    #[test]
    fn what_is_fit_to_be_logged_is_taken_over() {
        let longest = "a".repeat(64);
        for given in ["7", "0af7651916cd43dd8448eb211c80319c", "a.b_c-D", &longest] {
            assert_eq!(id(Some(given)), given);
        }
        for given in [None, Some(""), Some("a b"), Some("a\u{fc}"), Some("{}"), Some(&(longest + "a"))] {
            let fresh = id(given);
            assert_eq!(fresh.len(), 16, "{given:?}");
            assert!(fresh.chars().all(|char| char.is_ascii_hexdigit()), "{fresh}");
            assert_ne!(fresh, id(given));
        }
    }
}
