//! Making responses.

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{self, Body};

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The `Cache-Control` of what is kept by nobody on the way, such as tokens (RFC 6749 section 5.1).
pub(super) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// 200 with a body of JSON.
pub(super) fn ok(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, APPLICATION_JSON);
    response
}

/// 200 with this value as JSON.
pub(super) fn json(value: &impl Serialize) -> Response<Body> {
    let mut out = Vec::new();
    write(&mut out, value);
    ok(body::full(out))
}

/// 200 with a text of this type.
pub(super) fn text(content_type: &'static str, text: String) -> Response<Body> {
    let mut response = Response::new(body::full(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// 204: it is done, and there is nothing to tell.
pub(super) fn done() -> Response<Body> {
    let mut response = Response::new(body::full(""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Why a request was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct Detail<'t> {
    detail: &'t str,
}

/// An error with a text: `{"detail":"..."}`.
pub(super) fn detail(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = json(&Detail { detail: text });
    *response.status_mut() = status;
    response
}

/// Appends a value as JSON.
pub(super) fn write(out: &mut Vec<u8>, value: &impl Serialize) {
    // Memory takes all of it, and the names of all fields are strings.
    if let Err(error) = serde_json::to_writer(out, value) {
        tracing::error!(%error, "an answer is not JSON");
    }
}
