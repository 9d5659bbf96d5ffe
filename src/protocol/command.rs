//! JSON mode: what clients send.
//!
//! Each frame is one object whose `type` says what it asks for. Parsing works in buffers that are used again,
//! and borrows from them: a plain `send` allocates nothing here.

use simd_json::{Buffers, Node, StaticNode, Tape};

use super::json::{Salvage, Value};
use crate::model::limits::{CLIENT_ID_BYTES_MAX, REQUEST_ID_BYTES_MAX};
use crate::model::{GroupId, Seq};

/// What a client may ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Says who speaks; must come first where the handshake did not.
    Hello {
        /// Identity by name, where names are trusted.
        username: Option<&'a str>,
        /// Groups to subscribe to, each from after a place.
        resume: Vec<(GroupId, Seq)>,
    },
    /// Reads a group from now on.
    Subscribe {
        /// Which.
        group: GroupRef<'a>,
        /// Replay what came after this place first.
        after: Option<Seq>,
    },
    /// Reads a group no more.
    Unsubscribe {
        /// Which.
        group: GroupId,
    },
    /// Sends a message.
    Send {
        /// To whom.
        group: GroupId,
        /// What it says.
        content: &'a str,
        /// The sender's name for it.
        client_id: Option<&'a str>,
        /// Not to be stored.
        ephemeral: bool,
    },
    /// Tells the others that the user is typing, or has stopped.
    Typing {
        /// Where.
        group: GroupId,
        /// Whether they type.
        on: bool,
    },
    /// Asks for stored messages.
    History {
        /// Of which group.
        group: GroupId,
        /// Only those with a lower place.
        before: Option<Seq>,
        /// Only those with a higher place.
        after: Option<Seq>,
        /// How many at most.
        limit: Option<u64>,
    },
    /// Asks who is online.
    Presence {
        /// In which group.
        group: GroupId,
    },
    /// Asks for a sign of life.
    Ping,
}

/// A group by number or by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRef<'a> {
    /// `group_id`
    Id(GroupId),
    /// `group`
    Name(&'a str),
}

/// A request's own name, returned in its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestId {
    /// A JSON integer.
    Integer(i64),
    /// A string of at most [`REQUEST_ID_BYTES_MAX`] bytes.
    Text(Box<str>),
}

/// A command and what its answer is to be named by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// The `id`, if there was one.
    pub id: Option<RequestId>,
    /// What is asked.
    pub command: Command<'a>,
}

/// Why a frame is not a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFrame {
    /// The `id`, if it could be read.
    pub id: Option<RequestId>,
    /// What is wrong, naming the field.
    pub reason: String,
}

impl BadFrame {
    /// What is told about a frame that is not JSON.
    fn salvaged(frame: &str) -> Self {
        let salvage = Salvage::of(frame);
        let id = salvage.read("id", ESCAPED_ID_BYTES_MAX, |value| match value {
            Value::Integer(id) => i64::try_from(*id).ok().map(RequestId::Integer),
            Value::String(id) if id.len() <= REQUEST_ID_BYTES_MAX => Some(RequestId::Text((*id).into())),
            _ => None,
        });
        let error = salvage.error;
        let reason = match salvage.field {
            Some(field) if field.len() <= FIELD_BYTES_MAX => {
                format!("{field}: {}", error.reason.to_lowercase())
            }
            _ => format!("the frame is not valid JSON: {error}"),
        };
        Self { id, reason }
    }
}

/// The longest `id` as it may be written, in bytes: each of its bytes escaped, and the quotes.
const ESCAPED_ID_BYTES_MAX: usize = 6 * REQUEST_ID_BYTES_MAX + 2;

/// The longest name of a field that is told, in bytes; those of this protocol are far shorter.
const FIELD_BYTES_MAX: usize = 64;

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
    /// Parses a frame and hands the command to `take`.
    pub fn parse<R>(&mut self, frame: &str, take: impl FnOnce(Result<Request<'_>, BadFrame>) -> R) -> R {
        self.text.clear();
        self.text.extend_from_slice(frame.as_bytes());
        let mut tape = self.tape.take().unwrap_or_else(|| Tape(Vec::new())).reset();
        let result = match simd_json::fill_tape(&mut self.text, &mut self.buffers, &mut tape) {
            Ok(()) => request(&tape.0),
            Err(_) => Err(BadFrame::salvaged(frame)),
        };
        let answer = take(result);
        self.tape = Some(tape.reset());
        if self.text.capacity() > KEPT_BYTES_MAX {
            *self = Self::default();
        }
        answer
    }
}

/// The fields of a frame that any command knows, unparsed.
#[derive(Default)]
struct Fields<'t, 'a> {
    id: Option<&'t Node<'a>>,
    kind: Option<&'t Node<'a>>,
    username: Option<&'t Node<'a>>,
    resume: Option<&'t [Node<'a>]>,
    group_id: Option<&'t Node<'a>>,
    group: Option<&'t Node<'a>>,
    after: Option<&'t Node<'a>>,
    before: Option<&'t Node<'a>>,
    limit: Option<&'t Node<'a>>,
    content: Option<&'t Node<'a>>,
    client_id: Option<&'t Node<'a>>,
    ephemeral: Option<&'t Node<'a>>,
    on: Option<&'t Node<'a>>,
}

fn request<'a>(nodes: &[Node<'a>]) -> Result<Request<'a>, BadFrame> {
    let Some(fields) = Fields::of(nodes) else {
        return Err(BadFrame { id: None, reason: "the frame is not a JSON object".into() });
    };
    let id = request_id(fields.id).map_err(|reason| BadFrame { id: None, reason })?;
    match fields.command() {
        Ok(command) => Ok(Request { id, command }),
        Err(reason) => Err(BadFrame { id, reason }),
    }
}

impl<'t, 'a> Fields<'t, 'a> {
    /// The fields of the object that these nodes are; of several with one name the last counts.
    fn of(nodes: &'t [Node<'a>]) -> Option<Self> {
        let (Node::Object { len, .. }, mut rest) = nodes.split_first()? else { return None };
        let mut fields = Self::default();
        for _ in 0..*len {
            let [Node::String(name), value, ..] = rest else { return None };
            let size = 1 + size(value);
            let whole = rest.get(1..size + 1)?;
            match *name {
                "id" => fields.id = Some(value),
                "type" => fields.kind = Some(value),
                "username" => fields.username = Some(value),
                "resume" => fields.resume = Some(whole),
                "group_id" => fields.group_id = Some(value),
                "group" => fields.group = Some(value),
                "after" => fields.after = Some(value),
                "before" => fields.before = Some(value),
                "limit" => fields.limit = Some(value),
                "content" => fields.content = Some(value),
                "client_id" => fields.client_id = Some(value),
                "ephemeral" => fields.ephemeral = Some(value),
                "on" => fields.on = Some(value),
                _ => {}
            }
            rest = rest.get(size + 1..)?;
        }
        Some(fields)
    }

    fn command(&self) -> Result<Command<'a>, String> {
        let kind = required("type", string("type", self.kind)?)?;
        Ok(match kind {
            "hello" => {
                Command::Hello { username: string("username", self.username)?, resume: resume(self.resume)? }
            }
            "subscribe" => {
                Command::Subscribe { group: self.group_ref()?, after: place("after", self.after)? }
            }
            "unsubscribe" => Command::Unsubscribe { group: self.group_id()? },
            "send" => Command::Send {
                group: self.group_id()?,
                content: no_nul("content", required("content", string("content", self.content)?)?)?,
                client_id: self.client_id()?,
                ephemeral: boolean("ephemeral", self.ephemeral)?.unwrap_or(false),
            },
            "typing" => {
                Command::Typing { group: self.group_id()?, on: required("on", boolean("on", self.on)?)? }
            }
            "history" => Command::History {
                group: self.group_id()?,
                before: place("before", self.before)?,
                after: place("after", self.after)?,
                limit: match integer("limit", self.limit)? {
                    Some(limit) => Some(
                        u64::try_from(limit).ok().filter(|&n| n > 0).ok_or("limit: should be at least 1")?,
                    ),
                    None => None,
                },
            },
            "presence" => Command::Presence { group: self.group_id()? },
            "ping" => Command::Ping,
            _ => return Err("type: unknown".into()),
        })
    }

    fn group_id(&self) -> Result<GroupId, String> {
        Ok(GroupId(required("group_id", integer("group_id", self.group_id)?)?))
    }

    fn group_ref(&self) -> Result<GroupRef<'a>, String> {
        match (integer("group_id", self.group_id)?, string("group", self.group)?) {
            (Some(id), _) => Ok(GroupRef::Id(GroupId(id))),
            (None, Some(name)) => Ok(GroupRef::Name(name)),
            (None, None) => Err("group_id: missing, and group too".into()),
        }
    }

    fn client_id(&self) -> Result<Option<&'a str>, String> {
        match string("client_id", self.client_id)? {
            Some(text) if text.len() > CLIENT_ID_BYTES_MAX => {
                Err(format!("client_id: longer than {CLIENT_ID_BYTES_MAX} bytes"))
            }
            Some(text) => Ok(Some(no_nul("client_id", text)?)),
            None => Ok(None),
        }
    }
}

/// How many nodes stand behind this one and belong to it.
fn size(node: &Node<'_>) -> usize {
    match node {
        Node::Object { count, .. } | Node::Array { count, .. } => *count,
        Node::String(_) | Node::Static(_) => 0,
    }
}

fn required<T>(field: &str, value: Option<T>) -> Result<T, String> {
    value.ok_or_else(|| format!("{field}: missing"))
}

fn string<'a>(field: &str, node: Option<&Node<'a>>) -> Result<Option<&'a str>, String> {
    match node {
        None | Some(Node::Static(StaticNode::Null)) => Ok(None),
        Some(Node::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("{field}: should be a string")),
    }
}

fn boolean(field: &str, node: Option<&Node<'_>>) -> Result<Option<bool>, String> {
    match node {
        None | Some(Node::Static(StaticNode::Null)) => Ok(None),
        Some(Node::Static(StaticNode::Bool(value))) => Ok(Some(*value)),
        Some(_) => Err(format!("{field}: should be true or false")),
    }
}

fn integer(field: &str, node: Option<&Node<'_>>) -> Result<Option<i64>, String> {
    match node {
        None | Some(Node::Static(StaticNode::Null)) => Ok(None),
        Some(Node::Static(StaticNode::I64(value))) => Ok(Some(*value)),
        Some(Node::Static(StaticNode::U64(value))) => {
            i64::try_from(*value).map(Some).map_err(|_| format!("{field}: too large"))
        }
        Some(_) => Err(format!("{field}: should be an integer")),
    }
}

fn place(field: &str, node: Option<&Node<'_>>) -> Result<Option<Seq>, String> {
    match integer(field, node)? {
        Some(value) if value < 0 => Err(format!("{field}: should not be negative")),
        value => Ok(value.map(Seq)),
    }
}

fn no_nul<'a>(field: &str, text: &'a str) -> Result<&'a str, String> {
    if text.as_bytes().contains(&0) { Err(format!("{field}: should not contain NUL")) } else { Ok(text) }
}

fn request_id(node: Option<&Node<'_>>) -> Result<Option<RequestId>, String> {
    match node {
        Some(Node::String(text)) if text.len() > REQUEST_ID_BYTES_MAX => {
            Err(format!("id: longer than {REQUEST_ID_BYTES_MAX} bytes"))
        }
        Some(Node::String(text)) => Ok(Some(RequestId::Text((*text).into()))),
        None | Some(Node::Static(StaticNode::Null)) => Ok(None),
        node => match integer("id", node) {
            Ok(value) => Ok(value.map(RequestId::Integer)),
            Err(_) => Err("id: should be a string or an integer".into()),
        },
    }
}

/// `{"<group_id>": seq}`
fn resume(nodes: Option<&[Node<'_>]>) -> Result<Vec<(GroupId, Seq)>, String> {
    let wrong = || "resume: should be an object of places by group_id".to_owned();
    let Some(nodes) = nodes else { return Ok(Vec::new()) };
    match nodes.split_first() {
        Some((Node::Static(StaticNode::Null), _)) => Ok(Vec::new()),
        Some((Node::Object { len, count }, rest)) if *count == 2 * len => rest
            .chunks_exact(2)
            .map(|pair| {
                let Node::String(group) = &pair[0] else { return Err(wrong()) };
                let group = group.parse().map(GroupId).map_err(|_| wrong())?;
                let after = place("resume", Some(&pair[1]))?.ok_or_else(wrong)?;
                Ok((group, after))
            })
            .collect(),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests;
