//! Names for which there are certificates, and who gives them.

use std::fmt;

/// A name in the domain name system, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain(String);

impl Domain {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Takes a name as RFC 1123, section 2.1, writes it: one with other letters in its form for the wire (`xn--`), and none
/// with a `*`, which cannot be shown over TLS.
pub(super) fn domain(text: &str) -> Result<Domain, String> {
    let text = text.trim();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // An address is all digits and dots.
    let is_name = text.split('.').all(is_label) && text.bytes().any(|byte| byte.is_ascii_alphabetic());
    if text.len() > 253 || !is_name {
        return Err(
            "expected a name such as chat.example.com, without *, one in other letters as xn--...".to_owned()
        );
    }
    Ok(Domain(text.to_ascii_lowercase()))
}

/// Takes the URL of a directory.
pub(super) fn directory(text: &str) -> Result<String, String> {
    let text = text.trim();
    match text.strip_prefix("https://") {
        Some(rest) if !rest.is_empty() && !rest.split('/').next().unwrap_or_default().contains('@') => {
            Ok(text.to_owned())
        }
        _ => Err("expected a URL that begins with https://, without a user name or password".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{directory, domain};

    #[test]
    fn names_are_those_of_hosts() {
        for text in ["chat.example.com", "localhost", "a-b.example", "xn--bcher-kva.example", "1.example"] {
            assert_eq!(domain(text).unwrap().as_str(), text);
        }
        assert_eq!(domain(" Chat.Example ").unwrap().as_str(), "chat.example");
        for text in [
            "",
            "*.example.com",
            "192.0.2.1",
            "::1",
            "a..b",
            "-a.b",
            "a-.b",
            "b\u{fc}cher.example",
            "a.b.",
            "a/b",
        ] {
            assert!(domain(text).is_err(), "{text}");
        }
    }

    #[test]
    fn directories_are_secure() {
        assert!(directory("https://acme.example/dir").is_ok());
        for text in ["", "http://acme.example/dir", "https://", "https://a:b@acme.example/dir"] {
            assert!(directory(text).is_err(), "{text}");
        }
    }
}
