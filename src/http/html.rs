//! Pages for people.

use bytes::Bytes;
use hyper::Response;
use hyper::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};

use super::asset::tagged;
use super::body::Body;

const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
    // Kept, but asked for each time: a new program has a new page.
    (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// A page under an entity tag, which is held to a Content-Security-Policy.
pub(super) fn respond(
    request: &HeaderMap,
    tag: &str,
    page: impl Into<Bytes>,
    policy: HeaderValue,
) -> Response<Body> {
    let mut response = tagged(request, tag, page);
    let headers = response.headers_mut();
    headers.extend(HEADERS);
    headers.insert(CONTENT_SECURITY_POLICY, policy);
    response
}
