//! Making responses.

use std::borrow::Cow;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use crate::model::{Group, User};
use crate::protocol::json::{write_integer, write_string};

use super::body::Body;
use super::error::HttpError;

/// There is nothing under this path.
pub(super) const NOT_FOUND: HttpError = HttpError::Detail(StatusCode::NOT_FOUND, Cow::Borrowed("Not Found"));

const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// 200 with a body of JSON.
pub(super) fn with_body(body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, APPLICATION_JSON);
    response
}

/// 200 with this JSON.
pub(super) fn json(json: Vec<u8>) -> Response<Body> {
    with_body(Body::Full(json.into()))
}

/// An error with a text: `{"detail":"..."}`.
pub(super) fn detail(status: StatusCode, text: &str) -> Response<Body> {
    let mut out = b"{\"detail\":".to_vec();
    write_string(&mut out, text);
    out.push(b'}');
    let mut response = json(out);
    *response.status_mut() = status;
    response
}

/// Writes a user as their owner sees them.
pub(super) fn write_user(out: &mut Vec<u8>, user: &User) {
    write_identity(out, user);
    out.extend_from_slice(b",\"email\":");
    write_string(out, &user.email);
    out.push(b'}');
}

/// Writes a user as others in a group see them: without the e-mail address, which a name in a list should
/// not give away.
pub(super) fn write_member(out: &mut Vec<u8>, user: &User) {
    write_identity(out, user);
    out.push(b'}');
}

fn write_identity(out: &mut Vec<u8>, user: &User) {
    out.extend_from_slice(b"{\"id\":");
    write_integer(out, user.id.0);
    out.extend_from_slice(b",\"username\":");
    write_string(out, &user.username);
}

/// Writes a group.
pub(super) fn write_group(out: &mut Vec<u8>, group: &Group) {
    out.extend_from_slice(b"{\"id\":");
    write_integer(out, group.id.0);
    out.extend_from_slice(b",\"name\":");
    write_string(out, &group.name);
    out.extend_from_slice(if group.is_private {
        b",\"is_private\":true}"
    } else {
        b",\"is_private\":false}"
    });
}
