//! An event that is being written.

use bytes::Bytes;

use super::EventType;
use crate::model::Group;
use crate::protocol::command::RequestId;
use crate::protocol::frame;
use crate::protocol::json::{write_integer, write_string};

/// An object under construction.
pub(super) struct Object(Vec<u8>);

impl Object {
    pub(super) fn new(kind: EventType, request: Option<&RequestId>) -> Self {
        let mut out = Vec::with_capacity(160);
        out.extend_from_slice(b"{\"type\":\"");
        out.extend_from_slice(kind.name().as_bytes());
        out.push(b'"');
        let object = Self(out);
        match request {
            None => object,
            Some(RequestId::Integer(id)) => object.integer("id", *id),
            Some(RequestId::Text(id)) => object.string("id", id),
        }
    }

    fn name(&mut self, name: &str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    pub(super) fn integer(mut self, name: &str, value: i64) -> Self {
        self.name(name);
        write_integer(&mut self.0, value);
        self
    }

    pub(super) fn string(mut self, name: &str, value: &str) -> Self {
        self.name(name);
        write_string(&mut self.0, value);
        self
    }

    pub(super) fn boolean(mut self, name: &str, value: bool) -> Self {
        self.name(name);
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
        self
    }

    /// A group, as far as it is known by everybody who may see it.
    pub(super) fn group(self, group: &Group) -> Self {
        self.raw("group", |out| {
            out.extend_from_slice(b"{\"id\":");
            write_integer(out, group.id.0);
            out.extend_from_slice(b",\"name\":");
            write_string(out, &group.name);
            out.extend_from_slice(b",\"is_private\":");
            out.extend_from_slice(if group.is_private { b"true}" } else { b"false}" });
        })
    }

    pub(super) fn raw(mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) -> Self {
        self.name(name);
        write(&mut self.0);
        self
    }

    pub(super) fn json(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    pub(super) fn frame(self) -> Bytes {
        let json = self.json();
        let mut out = Vec::with_capacity(frame::HEADER_BYTES_MAX + json.len());
        frame::put_text_header(&mut out, json.len());
        out.extend_from_slice(&json);
        out.into()
    }
}
