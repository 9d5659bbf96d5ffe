//! What the server says in JSON mode, as far as it matters here.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::ids::{GroupId, MessageId, Seq, UserId};

/// A frame of the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
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
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: MessageId,
    #[serde(rename = "group_id")]
    pub(crate) group: GroupId,
    pub(crate) seq: Seq,
    #[serde(rename = "user_id")]
    pub(crate) user: UserId,
    pub(crate) username: String,
    pub(crate) client_id: Option<String>,
    pub(crate) content: String,
    pub(crate) created_at: String,
}

/// The numbers of a message that is stored.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Ack {
    pub(crate) client_id: String,
    #[serde(rename = "message_id")]
    pub(crate) id: MessageId,
    pub(crate) seq: Seq,
    #[serde(rename = "duplicate")]
    pub(crate) is_duplicate: bool,
}

/// The frames as `docs/protocol.md` has them.
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
    Message(Message),
    Ack(Ack),
    Error {
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

impl Event {
    /// Reads a frame. Fails with a reason.
    pub(crate) fn parse(frame: &str) -> Result<Self, String> {
        match serde_json::from_str::<Frame>(frame) {
            Ok(frame) => Ok(frame.into()),
            Err(error) => Err(format!("{error}: {frame}")),
        }
    }
}

impl From<Frame> for Event {
    fn from(frame: Frame) -> Self {
        match frame {
            Frame::Subscribed { id, group, after, head_seq, epoch } => Self::GoesOn {
                group: group.id,
                after: after.unwrap_or(head_seq),
                epoch: Some(epoch),
                is_answer: id.is_some(),
            },
            Frame::Lagged { group_id, seq } => {
                Self::GoesOn { group: group_id, after: seq, epoch: None, is_answer: false }
            }
            Frame::Message(message) => Self::Message(message),
            Frame::Ack(ack) => Self::Ack(ack),
            Frame::Error { code, message, retry, retry_after_ms } => Self::Error {
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

    #[test]
    fn what_matters_is_read_and_the_rest_read_over() {
        let subscribed =
            r#"{"type":"subscribed","id":"resume","group":{"id":7,"name":"g"},"head_seq":9,"epoch":"e""#;
        let goes_on = |after| Event::GoesOn {
            group: GroupId(7),
            after: Seq(after),
            epoch: Some("e".to_owned()),
            is_answer: true,
        };
        for (frame, event) in [
            (format!("{subscribed}}}"), goes_on(9)),
            (format!(r#"{subscribed},"after":3}}"#), goes_on(3)),
            (r#"{"type":"presence","online":3}"#.to_owned(), Event::Other),
            (
                r#"{"type":"ack","client_id":"0","message_id":5,"seq":2,"duplicate":true,"group_id":7}"#
                    .to_owned(),
                Event::Ack(Ack { client_id: "0".into(), id: MessageId(5), seq: Seq(2), is_duplicate: true }),
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
