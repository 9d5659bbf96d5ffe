//! What the head of a request must say before anything is done for it (RFC 9110 and 9112).
//!
//! hyper refuses what is no head. What it lets pass and another server in front may understand otherwise is refused here,
//! so that nobody can hide a request in another.

use hyper::header::{EXPECT, HOST, HeaderValue, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};

use super::error::HttpError;
use super::host::check_host;

/// The target of a request that is for the server as a whole (RFC 9112, section 3.2.4).
const ASTERISK: &str = "*";

/// Checks a head and has `Host` say whom the request is for, which is the authority of its target if that has one.
///
/// # Errors
/// 400 for a target or a `Host` that names nothing of this server, 501 for what it does not do, 417 for an expectation
/// that it does not know. Nothing more is read from the connection.
pub(super) fn check_head(head: &mut Parts) -> Result<(), HttpError> {
    check_host(head)?;
    check_target(head)?;
    check_coding(head)?;
    check_expectation(head)
}

/// Whether this is a request for the server as a whole.
pub(super) fn is_for_all(head: &Parts) -> bool {
    head.uri.path() == ASTERISK
}

/// RFC 9112, section 3.2: a path, a URI of `http` or `https`, or `*` for `OPTIONS`. Only a proxy makes tunnels.
fn check_target(head: &mut Parts) -> Result<(), HttpError> {
    if head.method == Method::CONNECT {
        return Err(HttpError::Last(StatusCode::NOT_IMPLEMENTED, "This server is no proxy"));
    }
    if is_for_all(head) && head.method != Method::OPTIONS {
        return Err(bad("Only OPTIONS is for all of the server"));
    }
    let Some(authority) = head.uri.authority() else { return Ok(()) };
    // Names of users in it serve to deceive (RFC 9110, section 4.2.4).
    if !matches!(head.uri.scheme_str(), Some("http" | "https")) || authority.as_str().contains('@') {
        return Err(bad("The target is not of this server"));
    }
    let Ok(host) = HeaderValue::from_str(authority.as_str()) else {
        return Err(bad("The target is not of this server"));
    };
    // Whatever it said: RFC 9112, section 3.2.2.
    head.headers.insert(HOST, host);
    Ok(())
}

/// RFC 9112, section 6.1: no other coding than `chunked` is known here, and that one at most once.
fn check_coding(head: &Parts) -> Result<(), HttpError> {
    let mut codings = head.headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(HttpError::Last(StatusCode::NOT_IMPLEMENTED, "The only transfer coding is chunked")),
    }
}

/// RFC 9110, section 10.1.1. hyper says 100 when the body is asked for. HTTP/1.0 knows no expectations.
fn check_expectation(head: &Parts) -> Result<(), HttpError> {
    let is_known = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if head.version < Version::HTTP_11 || head.headers.get_all(EXPECT).iter().all(is_known) {
        return Ok(());
    }
    Err(HttpError::Last(StatusCode::EXPECTATION_FAILED, "The only expectation is 100-continue"))
}

fn bad(text: &'static str) -> HttpError {
    HttpError::Last(StatusCode::BAD_REQUEST, text)
}
