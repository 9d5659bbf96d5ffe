//! Origins of pages (RFC 6454).

use hyper::header::{HOST, HeaderMap, ORIGIN};

/// The origins whose pages may call.
#[derive(Clone, Debug)]
pub(super) struct Origins {
    /// Empty: any.
    listed: Vec<String>,
}

impl Origins {
    /// Admits these origins, as browsers write them (`https://chat.example`, `null`); none means any, and so does `*`.
    pub(super) fn new(listed: Vec<String>) -> Self {
        let any = listed.iter().any(|origin| origin == "*");
        Self { listed: if any { Vec::new() } else { listed } }
    }

    pub(super) fn admits_any(&self) -> bool {
        self.listed.is_empty()
    }

    /// Whether a page of this origin may call.
    pub(super) fn admits(&self, origin: &[u8]) -> bool {
        self.admits_any() || self.listed.iter().any(|listed| listed.as_bytes().eq_ignore_ascii_case(origin))
    }

    /// Whether a socket may be opened with these headers. Browsers keep no page from that, so the server has to. Beside
    /// the listed origins its own is admitted, that of the `Host` that was asked; and who names no origin, or an empty
    /// one, is no browser.
    pub(super) fn admits_handshake(&self, headers: &HeaderMap) -> bool {
        let host = headers.get(HOST).map(|host| host.as_bytes());
        headers.get_all(ORIGIN).iter().map(|origin| origin.as_bytes()).all(|origin| {
            let is_own = || host.is_some_and(|host| is_origin_of(origin, host));
            origin.is_empty() || self.admits(origin) || is_own()
        })
    }
}

/// Whether this is the origin of what a server says under this `Host`, over TLS or not: a proxy may have taken that
/// away. Without a port it is the one of the origin's scheme.
fn is_origin_of(origin: &[u8], host: &[u8]) -> bool {
    const SCHEMES: [(&[u8], u16); 2] = [(b"http://", 80), (b"https://", 443)];
    SCHEMES.iter().any(|&(scheme, default)| {
        let Some((found, authority)) = origin.split_at_checked(scheme.len()) else { return false };
        let (Some((name, port)), Some((own_name, own_port))) = (split(authority), split(host)) else {
            return false;
        };
        found.eq_ignore_ascii_case(scheme)
            && !name.is_empty()
            && name.eq_ignore_ascii_case(own_name)
            && port.unwrap_or(default) == own_port.unwrap_or(default)
    })
}

/// Name and port of a host; `None` if the port is no number.
fn split(host: &[u8]) -> Option<(&[u8], Option<u16>)> {
    // The colons of an IPv6 address stand in brackets.
    let colon = host.iter().rposition(|&byte| byte == b':' || byte == b']').filter(|&at| host[at] == b':');
    let (name, port) = match colon {
        Some(colon) => (&host[..colon], &host[colon + 1..]),
        None => (host, &b""[..]),
    };
    match port {
        b"" => Some((name, None)),
        port => Some((name, Some(str::from_utf8(port).ok()?.parse().ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::{HOST, HeaderMap, HeaderValue, ORIGIN};

    use super::{Origins, is_origin_of};

    #[test]
    fn the_own_origin_is_that_of_the_host() {
        for (origin, host, is_own) in [
            ("http://h", "h", true),
            ("http://h", "h:80", true),
            ("http://h:80", "h", true),
            ("https://h", "h", true),
            ("https://h", "h:443", true),
            ("https://h:443", "h", true),
            ("http://h:8000", "h:8000", true),
            ("https://h:8000", "h:8000", true),
            ("HTTP://H", "h", true),
            ("http://h", "h:", true),
            ("http://[::1]:8000", "[::1]:8000", true),
            ("http://[::1]", "[::1]", true),
            ("http://h", "h:443", false),
            ("https://h", "h:80", false),
            ("http://h", "h:8000", false),
            ("http://h:8000", "h", false),
            ("http://h.example", "h", false),
            ("http://a", "b", false),
            ("ws://h", "h", false),
            ("h", "h", false),
            ("http://", "", false),
            ("http://h:x", "h", false),
            ("http://h:99999", "h:99999", false),
            ("null", "h", false),
            ("http://h/", "h", false),
        ] {
            assert_eq!(is_origin_of(origin.as_bytes(), host.as_bytes()), is_own, "{origin} {host}");
        }
    }

    #[test]
    fn handshakes() {
        let admits = |listed: &[&str], origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, HeaderValue::from_static("own.example"));
            for origin in origins {
                headers.append(ORIGIN, HeaderValue::from_static(origin));
            }
            let listed = listed.iter().map(ToString::to_string).collect();
            Origins::new(listed).admits_handshake(&headers)
        };
        let listed = ["https://a.example"];
        for origin in ["https://a.example", "HTTPS://A.example", "https://own.example", ""] {
            assert!(admits(&listed, &[origin]), "{origin}");
        }
        for origin in ["http://a.example", "https://a.example:1", "https://b.example", "null", "x"] {
            assert!(!admits(&listed, &[origin]), "{origin}");
            assert!(admits(&[], &[origin]) && admits(&["*", "https://a.example"], &[origin]), "{origin}");
        }
        assert!(admits(&listed, &[]));
        assert!(admits(&["null"], &["null"]));
        assert!(!admits(&listed, &["https://a.example", "https://b.example"]));
    }
}
