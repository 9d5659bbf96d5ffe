//! The `Host` of a request (RFC 9112, section 3.2).

use std::net::Ipv6Addr;

use hyper::header::HOST;
use hyper::http::request::Parts;
use hyper::{StatusCode, Version};

use super::error::HttpError;

/// Refuses a request that does not say which host it is for, or says it in two ways: one of several servers in a row
/// may understand it differently from the next.
///
/// # Errors
/// 400 if there are several `Host` headers or one that names no host, and if there is none in HTTP/1.1. In HTTP/1.0 it
/// may be missing.
pub(super) fn check_host(head: &Parts) -> Result<(), HttpError> {
    let mut values = head.headers.get_all(HOST).iter();
    match (values.next(), values.next()) {
        (None, _) if head.version < Version::HTTP_11 => Ok(()),
        (None, _) => Err(refuse("The Host header is missing")),
        (Some(_), Some(_)) => Err(refuse("There is more than one Host header")),
        (Some(value), None) if is_host(value.as_bytes()) => Ok(()),
        (Some(_), None) => Err(refuse("The Host header is not a host")),
    }
}

fn refuse(text: &'static str) -> HttpError {
    HttpError::Last(StatusCode::BAD_REQUEST, text)
}

/// Whether this is `uri-host [ ":" port ]` (RFC 3986, section 3.2.2). The host is empty if the target of the request has
/// none.
fn is_host(value: &[u8]) -> bool {
    let (is_host, port) = match value.strip_prefix(b"[") {
        Some(rest) => {
            let end = rest.iter().position(|&byte| byte == b']').unwrap_or(rest.len());
            let (address, rest) = rest.split_at(end);
            (
                str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok()),
                rest.strip_prefix(b"]"),
            )
        }
        None => {
            let end = value.iter().position(|&byte| byte == b':').unwrap_or(value.len());
            let (name, rest) = value.split_at(end);
            (name.iter().copied().all(is_of_name), Some(rest))
        }
    };
    let is_port = |port: &[u8]| match port {
        [] => true,
        [b':', digits @ ..] => digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_host && port.is_some_and(is_port)
}

/// Whether a `reg-name` may contain this byte.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use hyper::header::HOST;
    use hyper::{Request, Version};

    use super::{check_host, is_host};

    #[test]
    fn hosts() {
        for host in
            ["", "x", "a.example", "a_b", "127.0.0.1:80", "x:", "x:80", "[::1]", "[::1]:8000", "%41-~!"]
        {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "a b",
            "a/b",
            "/",
            "http://x/",
            "u@x",
            "@x",
            "x:y",
            "x:80:90",
            "::1",
            "[x]",
            "[::1",
            "[::1]x",
            "x,y z",
            "x?",
            "x#y",
            "x\\y",
            "\"x\"",
            "ü",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        for (version, hosts, is_good) in [
            (Version::HTTP_11, &["x"][..], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["x", "x"], false),
            (Version::HTTP_11, &["x", "y"], false),
            (Version::HTTP_11, &["a b"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["x"], true),
            (Version::HTTP_10, &["x", "x"], false),
            (Version::HTTP_10, &["a b"], false),
        ] {
            let mut request = Request::builder().version(version);
            for host in hosts {
                request = request.header(HOST, *host);
            }
            let (head, ()) = request.body(()).unwrap().into_parts();
            assert_eq!(check_host(&head).is_ok(), is_good, "{version:?} {hosts:?}");
        }
    }
}
