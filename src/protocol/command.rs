//! JSON mode: the frames that clients send.
//!
//! Each frame is one object whose `type` names a command and whose other fields belong to it. Parsing works in
//! buffers that are used again, and borrows from them: a plain `send` allocates nothing here. What the commands are,
//! this module does not know.

mod fields;

use simd_json::{Buffers, Node, Tape};

pub use self::fields::{Fields, FromField};

use crate::compat::fastapi::json;
use crate::model::GroupId;
use crate::model::limits::REQUEST_ID_BYTES_MAX;

/// A group as a client names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRef<'a> {
    /// By `group_id`.
    Id(GroupId),
    /// By `group`, its name.
    Name(&'a str),
}

/// A request's own name, returned in its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestId {
    /// Any JSON integer of 64 bits.
    Integer(i64),
    /// A string of at most [`REQUEST_ID_BYTES_MAX`] bytes.
    Text(Box<str>),
}

/// A command that is yet to be looked at more closely.
#[derive(Debug)]
pub struct Request<'t, 'a> {
    /// The `id` of the frame, if it has one.
    pub id: Option<RequestId>,
    /// The `type` of the frame.
    pub command: &'a str,
    /// All fields of the frame.
    pub fields: Fields<'t, 'a>,
}

/// Why a frame is not a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame {
    /// The `id` of the frame. `None` too for a frame that is not JSON.
    pub id: Option<RequestId>,
    /// What is wrong, naming the field where it is one.
    pub reason: String,
}

/// The parser and its buffers; one serves any number of sockets of a thread.
#[derive(Default)]
pub struct CommandParser {
    text: Vec<u8>,
    buffers: Buffers,
    /// Empty between calls; kept for its memory.
    tape: Option<Tape<'static>>,
}

/// Memory that the parser keeps between calls, in bytes; a larger frame's is given back.
const KEPT_BYTES_MAX: usize = 256 * 1024;

impl CommandParser {
    /// Parses a frame and hands the request to `take`.
    pub fn parse<R>(&mut self, frame: &str, take: impl FnOnce(Result<Request<'_, '_>, BadFrame>) -> R) -> R {
        self.text.clear();
        self.text.extend_from_slice(frame.as_bytes());
        let mut tape = self.tape.take().unwrap_or_else(|| Tape(Vec::new())).reset();
        let result = match simd_json::fill_tape(&mut self.text, &mut self.buffers, &mut tape) {
            Ok(()) => request(&tape.0),
            Err(_) => {
                let reason = format!("the frame is not valid JSON: {}", json::diagnose(frame));
                Err(BadFrame { id: None, reason })
            }
        };
        let answer = take(result);
        self.tape = Some(tape.reset());
        if self.text.capacity() > KEPT_BYTES_MAX {
            *self = Self::default();
        }
        answer
    }
}

fn request<'t, 'a>(nodes: &'t [Node<'a>]) -> Result<Request<'t, 'a>, BadFrame> {
    let Some(fields) = Fields::of(nodes) else {
        return Err(BadFrame { id: None, reason: "the frame is not a JSON object".into() });
    };
    let id = fields.optional("id").map_err(|reason| BadFrame { id: None, reason })?;
    match fields.required("type") {
        Ok(command) => Ok(Request { id, command, fields }),
        Err(reason) => Err(BadFrame { id, reason }),
    }
}

impl<'a> FromField<'a> for RequestId {
    fn from_field(name: &str, value: &Node<'a>, inner: &[Node<'a>]) -> Result<Self, String> {
        match value {
            Node::String(text) if text.len() > REQUEST_ID_BYTES_MAX => {
                Err(format!("{name}: longer than {REQUEST_ID_BYTES_MAX} bytes"))
            }
            Node::String(text) => Ok(Self::Text((*text).into())),
            value => match i64::from_field(name, value, inner) {
                Ok(id) => Ok(Self::Integer(id)),
                Err(_) => Err(format!("{name}: should be a string or an integer")),
            },
        }
    }
}

#[cfg(test)]
mod tests;
