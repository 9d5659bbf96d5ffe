//! The answer to `hello`.

use bytes::Bytes;

use super::{EventType, Object, write_user};
use crate::model::User;
use crate::protocol::command::RequestId;
use crate::protocol::json::write_integer;

/// What a socket is told when it is known who it is.
#[derive(Clone, Copy, Debug)]
pub struct Welcome<'a> {
    /// Unique while the server runs; opaque.
    pub connection_id: &'a str,
    /// The user on whose behalf it acts from now on.
    pub user: &'a User,
    /// Time between the server's pings, in milliseconds.
    pub heartbeat_ms: u64,
    /// Longest content, in bytes of UTF-8.
    pub content_bytes: usize,
    /// Longest frame that is taken, in bytes.
    pub frame_bytes: usize,
    /// Groups that one socket may read at a time.
    pub groups: usize,
}

/// `welcome`
pub fn welcome(request: Option<&RequestId>, welcome: &Welcome<'_>) -> Bytes {
    Object::new(EventType::Welcome, request)
        .string("connection_id", welcome.connection_id)
        .raw("user", |out| write_user(out, welcome.user))
        .integer("heartbeat_ms", welcome.heartbeat_ms as i64)
        .raw("limits", |out| {
            out.extend_from_slice(b"{\"content_bytes\":");
            write_integer(out, welcome.content_bytes);
            out.extend_from_slice(b",\"frame_bytes\":");
            write_integer(out, welcome.frame_bytes);
            out.extend_from_slice(b",\"groups\":");
            write_integer(out, welcome.groups);
            out.push(b'}');
        })
        .frame()
}
