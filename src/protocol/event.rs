//! JSON mode: what the server sends, as finished frames.

mod access;
mod change;
mod failure;
mod mark;
mod names;
mod object;
mod welcome;

use bytes::Bytes;

pub use self::access::{added, expiring, refreshed, removed};
pub use self::change::{change_bytes, put_change, write_change};
pub use self::failure::{ErrorCode, Failure};
pub use self::mark::{marked, read};
pub use self::welcome::{Welcome, welcome};
use object::Object;

use super::annotated::write_annotated;
use super::command::RequestId;
use super::frame;
use super::json::{write_integer, write_string};
use super::message::write_message_fields;
use crate::model::{Annotations, Group, GroupId, Message, MessageId, Seq, Timestamp, User};

names::names! {
    /// The `type` of what the server sends.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum EventType {
        /// A stored message, live or replayed, or an ephemeral one.
        Message = "message",
        /// A message has another content.
        Edited = "edited",
        /// A message has no content any more.
        Deleted = "deleted",
        /// A reaction has come or gone.
        Reaction = "reaction",
        /// A member has come, gone, or is something else.
        Member = "member",
        /// The group has another name, topic, or way to join.
        Group = "group",
        /// Answers `hello`.
        Welcome = "welcome",
        /// Answers `subscribe`.
        Subscribed = "subscribed",
        /// Answers `unsubscribe`, or tells that the user is no member any more.
        Unsubscribed = "unsubscribed",
        /// Somebody else has made the user a member of a group, whatever groups the socket reads.
        Added = "added",
        /// A replay has ended.
        CaughtUp = "caught_up",
        /// The socket fell behind.
        Lagged = "lagged",
        /// Answers `send`.
        Ack = "ack",
        /// Answers `history`.
        History = "history",
        /// Answers `presence`, or tells a large group how many are online.
        Presence = "presence",
        /// A user has come online.
        Joined = "joined",
        /// A user has been offline for the grace period.
        Left = "left",
        /// A user types, or has stopped.
        Typing = "typing",
        /// Answers `read`, or tells how far a member has read.
        Read = "read",
        /// Answers `ping`.
        Pong = "pong",
        /// What the socket speaks by runs out soon.
        Expiring = "expiring",
        /// Answers `refresh`.
        Refreshed = "refreshed",
        /// Answers what failed.
        Error = "error",
        /// The server stops.
        Closing = "closing",
    }
}

/// The numbers of a stored message or change.
#[derive(Clone, Copy, Debug)]
pub struct Ack<'a> {
    /// The message, or the one that the change is about.
    pub id: MessageId,
    /// Where it was sent to.
    pub group: GroupId,
    /// 1 for the first of the group, without gaps.
    pub seq: Seq,
    /// When the server took it.
    pub created_at: Timestamp,
    /// The sender's name for it.
    pub client_id: Option<&'a str>,
    /// Whether it was stored before.
    pub duplicate: bool,
}

/// Fields of a message around its texts, in bytes, with room for every number.
const MESSAGE_OVERHEAD_BYTES: usize = 320;

/// The usual size of a message's frame, in bytes. Escaped characters take more.
pub fn message_bytes(message: &Message) -> usize {
    MESSAGE_OVERHEAD_BYTES + message.content.len() + message.user.username.len() + message.group.name.len()
}

/// Writes a message as the JSON object that its event is.
pub fn write_message_event(out: &mut Vec<u8>, message: &Message) {
    out.extend_from_slice(b"{\"type\":\"message\",");
    write_message_fields(out, message);
    out.push(b'}');
}

/// Appends the frame of a `message` event: the same bytes for everyone, live or replayed.
pub fn put_message(out: &mut Vec<u8>, message: &Message) {
    // The header's size depends on the payload's: room for the longest is left, and the rest closed up.
    let start = out.len();
    out.extend_from_slice(&[0; frame::HEADER_BYTES_MAX]);
    write_message_event(out, message);
    close_up(out, start);
}

fn close_up(out: &mut Vec<u8>, start: usize) {
    let payload = start + frame::HEADER_BYTES_MAX;
    let length = out.len() - payload;
    let mut header = Vec::with_capacity(frame::HEADER_BYTES_MAX);
    frame::put_text_header(&mut header, length);
    let end = start + header.len();
    out[start..end].copy_from_slice(&header);
    out.copy_within(payload.., end);
    out.truncate(end + length);
}

/// A message that is not stored.
pub fn ephemeral(
    group: &Group,
    user: &User,
    content: &str,
    client_id: Option<&str>,
    created_at: Timestamp,
) -> Bytes {
    let object = Object::new(EventType::Message, None)
        .string("content", content)
        .integer("user_id", user.id.0)
        .string("username", &user.username)
        .integer("group_id", group.id.0)
        .string("group_name", &group.name)
        .string("created_at", &created_at.to_string());
    match client_id {
        Some(client_id) => object.string("client_id", client_id),
        None => object,
    }
    .boolean("ephemeral", true)
    .frame()
}

/// `subscribed`; of a log of which nothing was cut off it is not said where it begins.
pub fn subscribed(
    request: Option<&RequestId>,
    group: &Group,
    epoch: &str,
    head: Seq,
    after: Seq,
    first: Seq,
) -> Bytes {
    let subscribed = Object::new(EventType::Subscribed, request)
        .group(group)
        .integer("group_id", group.id.0)
        .string("epoch", epoch)
        .integer("head_seq", head.0)
        .integer("after", after.0);
    if first > Seq(1) { subscribed.integer("first_seq", first.0) } else { subscribed }.frame()
}

/// `unsubscribed`
pub fn unsubscribed(request: Option<&RequestId>, group: GroupId) -> Bytes {
    Object::new(EventType::Unsubscribed, request).integer("group_id", group.0).frame()
}

/// `caught_up`
pub fn caught_up(group: GroupId, seq: Seq) -> Bytes {
    Object::new(EventType::CaughtUp, None).integer("group_id", group.0).integer("seq", seq.0).frame()
}

/// `lagged`
pub fn lagged(group: GroupId, seq: Seq) -> Bytes {
    Object::new(EventType::Lagged, None).integer("group_id", group.0).integer("seq", seq.0).frame()
}

/// `ack` of a stored message.
pub fn ack(request: Option<&RequestId>, ack: &Ack<'_>) -> Bytes {
    let object = Object::new(EventType::Ack, request)
        .integer("message_id", ack.id.0)
        .integer("group_id", ack.group.0)
        .integer("seq", ack.seq.0)
        .raw("created_at", |out| {
            out.push(b'"');
            out.extend_from_slice(&ack.created_at.to_text());
            out.push(b'"');
        });
    match ack.client_id {
        Some(client_id) => object.string("client_id", client_id),
        None => object,
    }
    .boolean("duplicate", ack.duplicate)
    .frame()
}

/// `ack` of an ephemeral message.
pub fn ephemeral_ack(request: Option<&RequestId>, group: GroupId, client_id: Option<&str>) -> Bytes {
    let object = Object::new(EventType::Ack, request).integer("group_id", group.0);
    match client_id {
        Some(client_id) => object.string("client_id", client_id),
        None => object,
    }
    .boolean("ephemeral", true)
    .frame()
}

/// `history`
pub fn history(
    request: Option<&RequestId>,
    group: GroupId,
    messages: &[(Message, Annotations)],
    more: bool,
) -> Bytes {
    Object::new(EventType::History, request)
        .integer("group_id", group.0)
        .raw("messages", |out| {
            out.push(b'[');
            for (index, (message, beside)) in messages.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_annotated(out, message, beside);
            }
            out.push(b']');
        })
        .boolean("more", more)
        .frame()
}

/// `presence`, an answer or an event.
pub fn presence<'a>(
    request: Option<&RequestId>,
    group: GroupId,
    online: usize,
    users: Option<impl Iterator<Item = &'a User>>,
) -> Bytes {
    let object = Object::new(EventType::Presence, request)
        .integer("group_id", group.0)
        .integer("online", online as i64);
    match users {
        None => object,
        Some(users) => object.raw("users", |out| {
            out.push(b'[');
            for (index, user) in users.enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_user(out, user);
            }
            out.push(b']');
        }),
    }
    .frame()
}

/// `joined` or `left`
pub fn movement(joined: bool, group: GroupId, user: &User) -> Bytes {
    Object::new(if joined { EventType::Joined } else { EventType::Left }, None)
        .integer("group_id", group.0)
        .integer("user_id", user.id.0)
        .string("username", &user.username)
        .frame()
}

/// `typing`
pub fn typing(group: GroupId, user: &User, on: bool) -> Bytes {
    Object::new(EventType::Typing, None)
        .integer("group_id", group.0)
        .integer("user_id", user.id.0)
        .string("username", &user.username)
        .boolean("on", on)
        .frame()
}

/// `pong`
pub fn pong(request: Option<&RequestId>) -> Bytes {
    Object::new(EventType::Pong, request).frame()
}

/// `error`
pub fn error(request: Option<&RequestId>, group: Option<GroupId>, failure: &Failure) -> Bytes {
    let mut object = Object::new(EventType::Error, request)
        .string("code", failure.code.name())
        .string("message", &failure.message)
        .boolean("retry", failure.retry_after.is_some());
    if let Some(retry_after) = failure.retry_after {
        let ms = retry_after.as_nanos().div_ceil(1_000_000).try_into().unwrap_or(i64::MAX);
        object = object.integer("retry_after_ms", ms);
    }
    if let Some(group) = group {
        object = object.integer("group_id", group.0);
    }
    object.frame()
}

/// `closing`
pub fn closing(reason: &str, reconnect_in_ms: u64) -> Bytes {
    Object::new(EventType::Closing, None)
        .string("reason", reason)
        .integer("reconnect_in_ms", reconnect_in_ms as i64)
        .frame()
}

fn write_ids(out: &mut Vec<u8>, ids: impl Iterator<Item = i64>) {
    out.push(b'[');
    for (index, id) in ids.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_integer(out, id);
    }
    out.push(b']');
}

fn write_user(out: &mut Vec<u8>, user: &User) {
    out.extend_from_slice(b"{\"id\":");
    write_integer(out, user.id.0);
    out.extend_from_slice(b",\"username\":");
    write_string(out, &user.username);
    out.push(b'}');
}
