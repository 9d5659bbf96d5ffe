//! What the server says in JSON mode, as far as it matters here.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::entry::{Entry, Message};
use crate::ids::{GroupId, MessageId, Seq};

/// A frame of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A subscription goes on after a place: it has begun, or it fell behind and is served from there.
    GoesOn {
        /// In which group.
        group: GroupId,
        /// After which place.
        after: Seq,
        /// Of which log it is, when it has begun.
        begun: Option<Begun>,
        /// Whether the server answers a request with it.
        is_answer: bool,
    },
    /// An entry of a group's log.
    Entry(Entry),
    /// Something is stored.
    Ack(Ack),
    /// A page of a group's messages.
    History {
        messages: Vec<Message>,
        /// Whether more follow them.
        more: bool,
    },
    /// Something did not work.
    Error {
        /// Which action of a sender, if it was one.
        number: Option<usize>,
        /// Whether there is no such message, or none any more.
        is_not_found: bool,
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

/// What is said of a group's log when a subscription begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Begun {
    /// The history that its places belong to.
    pub(crate) epoch: String,
    /// How far it goes as far as the server knows.
    pub(crate) head: Seq,
}

/// The numbers of an entry that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Ack {
    /// Which action of its sender.
    #[serde(rename = "id")]
    pub(crate) number: usize,
    pub(crate) client_id: Option<String>,
    /// The message that it is or changes.
    #[serde(rename = "message_id")]
    pub(crate) message: MessageId,
    pub(crate) seq: Seq,
    #[serde(rename = "duplicate")]
    pub(crate) is_duplicate: bool,
}

/// The frames as `docs/protocol.md` has them, but for entries.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    Subscribed {
        id: Option<IgnoredAny>,
        group: Group,
        /// Only where it was asked for; else the subscription begins at the head.
        after: Option<Seq>,
        head_seq: Seq,
        epoch: String,
    },
    Lagged {
        group_id: GroupId,
        seq: Seq,
    },
    Ack(Ack),
    History {
        messages: Vec<Message>,
        more: bool,
    },
    Error {
        id: Option<Value>,
        code: String,
        message: String,
        retry: bool,
        retry_after_ms: Option<u64>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Group {
    id: GroupId,
}

/// The types of entries.
const ENTRIES: [&str; 4] = ["message", "edited", "deleted", "reaction"];

#[derive(Deserialize)]
struct Typed<'f> {
    #[serde(rename = "type", borrow)]
    kind: std::borrow::Cow<'f, str>,
}

impl Event {
    /// Reads a frame. Fails with a reason.
    pub(crate) fn parse(frame: &str) -> Result<Self, String> {
        let read = serde_json::from_str::<Typed<'_>>(frame).and_then(|typed| {
            match ENTRIES.contains(&&*typed.kind) {
                true => serde_json::from_str(frame).map(Self::Entry),
                false => serde_json::from_str::<Frame>(frame).map(Self::from),
            }
        });
        read.map_err(|error| format!("{error}: {frame}"))
    }
}

impl From<Frame> for Event {
    fn from(frame: Frame) -> Self {
        match frame {
            Frame::Subscribed { id, group, after, head_seq, epoch } => Self::GoesOn {
                group: group.id,
                after: after.unwrap_or(head_seq),
                begun: Some(Begun { epoch, head: head_seq }),
                is_answer: id.is_some(),
            },
            Frame::Lagged { group_id, seq } => {
                Self::GoesOn { group: group_id, after: seq, begun: None, is_answer: false }
            }
            Frame::Ack(ack) => Self::Ack(ack),
            Frame::History { messages, more } => Self::History { messages, more },
            Frame::Error { id, code, message, retry, retry_after_ms } => Self::Error {
                number: id.as_ref().and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok()),
                is_not_found: code == "not_found",
                retry,
                retry_after_ms: retry_after_ms.unwrap_or(0),
                what: format!("{code}: {message}"),
            },
            Frame::Other => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Change, Reaction};
    use crate::ids::UserId;

    #[test]
    fn what_matters_is_read_and_the_rest_read_over() {
        let subscribed =
            r#"{"type":"subscribed","id":"resume","group":{"id":7,"name":"g"},"head_seq":9,"epoch":"e""#;
        let goes_on = |after| Event::GoesOn {
            group: GroupId(7),
            after: Seq(after),
            begun: Some(Begun { epoch: "e".to_owned(), head: Seq(9) }),
            is_answer: true,
        };
        for (frame, event) in [
            (format!("{subscribed}}}"), goes_on(9)),
            (format!(r#"{subscribed},"after":3}}"#), goes_on(3)),
            (r#"{"type":"presence","online":3}"#.to_owned(), Event::Other),
            (
                r#"{"type":"ack","id":9,"client_id":"9","message_id":5,"seq":2,"duplicate":true,"group_id":7}"#
                    .to_owned(),
                Event::Ack(Ack {
                    number: 9,
                    client_id: Some("9".into()),
                    message: MessageId(5),
                    seq: Seq(2),
                    is_duplicate: true,
                }),
            ),
            (
                r#"{"type":"reaction","group_id":7,"seq":3,"user_id":4,"username":"u","created_at":"t","message_id":5,
                "message_seq":2,"emoji":"+","on":true}"#
                    .to_owned(),
                Event::Entry(Entry::Reaction(Change {
                    group: GroupId(7),
                    seq: Seq(3),
                    user: UserId(4),
                    username: "u".into(),
                    created_at: "t".into(),
                    message: MessageId(5),
                    message_seq: Seq(2),
                    kind: Reaction { emoji: "+".into(), on: true },
                })),
            ),
        ] {
            assert_eq!(Event::parse(&frame), Ok(event));
        }
        for frame in ["", "{", "[]", "{}", r#"{"type":"lagged","group_id":7}"#, r#"{"type":"ack","seq":"2"}"#]
        {
            assert!(Event::parse(frame).is_err_and(|reason| reason.ends_with(frame)), "{frame}");
        }
    }
}
