//! How the load client's sockets speak: text mode or JSON mode.

use std::io::Write;

use groupcast_kit::frame::{self, TEXT};

use super::message::{self, Message};
use crate::support::JSON_MODE;

/// The mode of all sockets of a load.
pub(crate) enum Wire {
    /// Lines `user: content`.
    Text {
        /// Length of each content.
        content_bytes: usize,
    },
    /// `send` frames and `message` events.
    Json {
        /// The server's number of each group.
        groups: Vec<i64>,
    },
}

/// What a frame is to the load client.
pub(super) enum Heard {
    Probe,
    Message(Message),
    /// Join lines, acks, presence and the like.
    Other,
}

/// A message event of the usual length, but for its content: numbers grow while a benchmark runs.
const JSON_EVENT: &str = r#"{"type":"message","id":100000,"content":"","user_id":1000,"username":"u000000","group_id":100,"group_name":"g000000","created_at":"2026-01-01T00:00:00.000000Z","seq":10000}"#;
/// What stands before the content in text mode.
const TEXT_PREFIX: &str = "u000000: ";

/// How each message event starts.
const MESSAGE: &[u8] = br#"{"type":"message","#;
/// What stands before the content in an event. The load's own contents need no escapes.
const CONTENT: &[u8] = br#""content":""#;

impl Wire {
    /// Text mode.
    pub(crate) fn text() -> Wire {
        Wire::Text { content_bytes: message::BYTES }
    }

    /// Text mode with frames as long as those of JSON mode, within a few bytes.
    pub(crate) fn text_as_long_as_json() -> Wire {
        Wire::Text { content_bytes: message::BYTES + JSON_EVENT.len() - TEXT_PREFIX.len() }
    }

    /// The subprotocol to ask for.
    pub(super) fn protocol(&self) -> Option<&'static str> {
        match self {
            Wire::Text { .. } => None,
            Wire::Json { .. } => Some(JSON_MODE),
        }
    }

    /// Appends the frame that sends this message to its group.
    pub(super) fn push_message(&self, frames: &mut Vec<u8>, message: Message) {
        let bytes = match self {
            Wire::Text { content_bytes } => *content_bytes,
            Wire::Json { .. } => message::BYTES,
        };
        self.push(frames, message.group, message.content(bytes).as_bytes());
    }

    /// Appends the frame that sends this content to the group.
    pub(super) fn push(&self, frames: &mut Vec<u8>, group: usize, content: &[u8]) {
        match self {
            Wire::Text { .. } => frame::push(frames, TEXT, content),
            Wire::Json { groups } => {
                let mut json = Vec::with_capacity(message::BYTES * 2);
                // Writing to memory does not fail.
                let _ = write!(json, r#"{{"type":"send","group_id":{},"content":""#, groups[group]);
                json.extend_from_slice(content);
                json.extend_from_slice(br#""}"#);
                frame::push(frames, TEXT, &json);
            }
        }
    }

    /// Reads what a text frame says.
    ///
    /// Events are searched and not parsed: the client must not be slower than the server.
    pub(super) fn hear(&self, payload: &[u8]) -> Heard {
        let content = match self {
            Wire::Text { .. } if payload.ends_with(message::PROBE) => return Heard::Probe,
            Wire::Text { content_bytes } => {
                payload.len().checked_sub(*content_bytes).map(|start| &payload[start..])
            }
            Wire::Json { .. } if payload.starts_with(MESSAGE) => {
                let start = payload.windows(CONTENT.len()).position(|bytes| bytes == CONTENT);
                start.map(|start| &payload[start + CONTENT.len()..])
            }
            Wire::Json { .. } => None,
        };
        match content {
            Some(content) if content.starts_with(message::PROBE) => Heard::Probe,
            Some(content) => Message::parse(content).map_or(Heard::Other, Heard::Message),
            None => Heard::Other,
        }
    }
}
