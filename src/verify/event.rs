//! JSON mode as a client sees it.

use crate::model::{GroupId, MessageId, Seq, UserId};
use crate::protocol::json::{self, Value, write_string};

/// What the server says, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A subscription goes on after a place: it has begun, or it fell behind and is served from there.
    GoesOn {
        /// In which group.
        group: GroupId,
        /// After which place.
        after: Seq,
        /// The history that the place belongs to, when it has begun.
        epoch: Option<String>,
        /// Whether the server answers a request with it.
        is_answer: bool,
    },
    /// A message.
    Message(Message),
    /// A message is stored.
    Ack(Ack),
    /// Something did not work.
    Error {
        /// Whether it may work later.
        retry: bool,
        /// When, in milliseconds.
        retry_after_ms: u64,
        /// Code and explanation.
        what: String,
    },
    /// Anything else.
    Other,
}

/// A message, as it was seen or is stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) group: GroupId,
    pub(super) seq: Seq,
    pub(super) user: UserId,
    pub(super) username: String,
    pub(super) client_id: Option<String>,
    pub(super) content: String,
    pub(super) created_at: String,
}

/// The numbers of a message that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ack {
    pub(super) client_id: String,
    pub(super) id: MessageId,
    pub(super) seq: Seq,
    pub(super) is_duplicate: bool,
}

impl Event {
    /// Reads a frame. Fails with a reason.
    pub(super) fn parse(frame: &str) -> Result<Self, String> {
        let mut scratch = Vec::new();
        let value = json::parse(frame, &mut scratch).map_err(|error| format!("{}: {frame}", error.reason))?;
        Self::read(&value).ok_or_else(|| format!("a field is missing or wrong: {frame}"))
    }

    fn read(value: &Value<'_>) -> Option<Self> {
        Some(match string(value, "type")? {
            "subscribed" => Self::GoesOn {
                group: GroupId(integer(value.get("group")?, "id")?),
                after: Seq(integer(value, "after").or_else(|| integer(value, "head_seq"))?),
                epoch: Some(string(value, "epoch")?.to_owned()),
                is_answer: value.get("id").is_some(),
            },
            "lagged" => Self::GoesOn {
                group: GroupId(integer(value, "group_id")?),
                after: Seq(integer(value, "seq")?),
                epoch: None,
                is_answer: false,
            },
            "message" => Self::Message(Message::read(value)?),
            "ack" => Self::Ack(Ack {
                client_id: string(value, "client_id")?.to_owned(),
                id: MessageId(integer(value, "message_id")?),
                seq: Seq(integer(value, "seq")?),
                is_duplicate: *value.get("duplicate")? == Value::Bool(true),
            }),
            "error" => Self::Error {
                retry: *value.get("retry")? == Value::Bool(true),
                retry_after_ms: integer(value, "retry_after_ms").map_or(0, |millis| millis.unsigned_abs()),
                what: format!("{}: {}", string(value, "code")?, string(value, "message")?),
            },
            _ => Self::Other,
        })
    }
}

impl Message {
    /// Reads a message's object, as REST and sockets have it.
    pub(super) fn read(value: &Value<'_>) -> Option<Self> {
        Some(Self {
            id: MessageId(integer(value, "id")?),
            group: GroupId(integer(value, "group_id")?),
            seq: Seq(integer(value, "seq")?),
            user: UserId(integer(value, "user_id")?),
            username: string(value, "username")?.to_owned(),
            client_id: string(value, "client_id").map(ToOwned::to_owned),
            content: string(value, "content")?.to_owned(),
            created_at: string(value, "created_at")?.to_owned(),
        })
    }
}

/// The string in the field `name`.
fn string<'v>(value: &'v Value<'_>, name: &str) -> Option<&'v str> {
    match value.get(name)? {
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// The integer in the field `name`.
pub(super) fn integer(value: &Value<'_>, name: &str) -> Option<i64> {
    match value.get(name)? {
        Value::Integer(number) => i64::try_from(*number).ok(),
        _ => None,
    }
}

/// A JSON string, quotes included.
pub(super) fn quoted(text: &str) -> String {
    let mut out = Vec::new();
    write_string(&mut out, text);
    String::from_utf8_lossy(&out).into_owned()
}

/// The frame that sends a message.
pub(super) fn send(group: GroupId, client_id: &str, content: &str) -> String {
    format!(
        r#"{{"type":"send","group_id":{group},"client_id":{},"content":{}}}"#,
        quoted(client_id),
        quoted(content),
    )
}

/// The frame that subscribes to a group from after a place.
pub(super) fn subscribe(group: GroupId, after: Seq) -> String {
    format!(r#"{{"type":"subscribe","id":"resume","group_id":{group},"after":{}}}"#, after.0)
}

/// The frame that says who speaks and subscribes to groups, each from after a place.
pub(super) fn hello(username: &str, groups: impl IntoIterator<Item = (GroupId, Seq)>) -> String {
    let places: Vec<String> =
        groups.into_iter().map(|(group, after)| format!(r#""{group}":{}"#, after.0)).collect();
    format!(r#"{{"type":"hello","username":{},"resume":{{{}}}}}"#, quoted(username), places.join(","))
}
