//! Frames that the server sends.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use groupcast::model::{
    Annotations, Change, ChangeKind, Entry, GroupId, JoinPolicy, MemberChange, Message, MessageId,
    MessageKey, ReactionCount, Role, Seq, Timestamp, UserId,
};
use groupcast::protocol::command::RequestId;
use groupcast::protocol::event::{self, Ack, ErrorCode, Failure};
use groupcast::protocol::{CloseCode, Logged, encode_json, encode_text, frame};
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::protocol::Role as Side;
use tokio_tungstenite::tungstenite::{self, WebSocket};

use crate::input::Input;
use crate::message::message;

/// What is encoded is what tungstenite and serde_json decode: each entry of a log one frame, in both modes, with its
/// fields and no others; and so are answers.
pub fn outgoing(data: &[u8]) {
    let mut input = Input(data);
    let entries: Vec<Entry> = input.list(6, |input| match input.flag() {
        true => Entry::Message(message(input)),
        false => Entry::Change(change(input)),
    });
    let logged: Vec<Logged<'_>> = entries.iter().map(Logged::from).collect();
    let json = encode_json(&logged);
    let texts = decode(&json);
    assert_eq!(texts.len(), entries.len());
    for (text, entry) in texts.iter().zip(&entries) {
        assert_eq!(parse(text), expected(entry), "{text}");
    }
    for count in [1, texts.len() / 2, texts.len()] {
        let count = count.min(texts.len());
        assert_eq!(decode(&frame::skip(&json, count)), texts[count..]);
    }
    let lines: Vec<String> = entries.iter().filter_map(line).collect();
    assert_eq!(decode(&encode_text(&logged)), lines);
    answers(&mut input);
    control(&mut input);
}

fn change(input: &mut Input<'_>) -> Change {
    let key = |input: &mut Input<'_>| MessageKey { id: MessageId(input.number()), seq: Seq(input.number()) };
    let kind = match input.byte() % 5 {
        0 => ChangeKind::Edited {
            message: key(input),
            content: input.text().into(),
            mentions: input.list(20, |input| UserId(input.number())).into(),
        },
        1 => ChangeKind::Deleted { message: key(input) },
        2 => ChangeKind::Reaction { message: key(input), emoji: input.text().into(), on: input.flag() },
        3 => ChangeKind::Member {
            member: input.user(),
            change: MemberChange::ALL[usize::from(input.byte()) % MemberChange::ALL.len()],
            role: input
                .maybe(|input| [Role::Member, Role::Admin, Role::Owner][usize::from(input.byte() % 3)]),
            until: input.maybe(Input::time),
        },
        _ => ChangeKind::Group {
            name: input.maybe(|input| input.text().into()),
            topic: input.maybe(|input| input.text().into()),
            join: input.maybe(|input| [JoinPolicy::Open, JoinPolicy::Invite][usize::from(input.flag())]),
        },
    };
    Change {
        seq: Seq(input.number()),
        group: input.group(),
        user: input.user(),
        kind,
        client_id: None,
        created_at: input.time(),
    }
}

/// The texts of frames laid end to end.
fn decode(frames: &[u8]) -> Vec<String> {
    read(frames).into_iter().map(|message| message.into_text().expect("text").as_str().to_owned()).collect()
}

/// The messages of frames laid end to end, which are whole.
fn read(frames: &[u8]) -> Vec<tungstenite::Message> {
    let stream = io::Cursor::new(frames.to_vec());
    let mut socket = WebSocket::from_raw_socket(stream, Side::Client, None);
    let mut messages = Vec::new();
    loop {
        match socket.read() {
            Ok(message) => messages.push(message),
            // The stream has ended.
            Err(tungstenite::Error::Protocol(
                tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
            )) => {
                return messages;
            }
            Err(tungstenite::Error::ConnectionClosed) => return messages,
            Err(error) => panic!("{error}"),
        }
    }
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The object of these pairs, without those that are null.
fn object(pairs: Value) -> Value {
    let Value::Object(fields) = pairs else { panic!("no object") };
    Value::Object(fields.into_iter().filter(|(_, value)| !value.is_null()).collect())
}

fn time(at: Timestamp) -> Value {
    Value::String(at.to_string())
}

fn ids(users: &[UserId]) -> Value {
    match users {
        [] => Value::Null,
        users => users.iter().map(|user| user.0).collect(),
    }
}

fn expected(entry: &Entry) -> Value {
    match entry {
        Entry::Message(message) => {
            let Value::Object(mut fields) = message_object(message) else { panic!("no object") };
            fields.insert("type".into(), "message".into());
            Value::Object(fields)
        }
        Entry::Change(change) => change_object(change),
    }
}

fn message_object(message: &Message) -> Value {
    let details = message.details.clone().unwrap_or_default();
    object(json!({
        "id": message.id.0,
        "content": message.content,
        "user_id": message.user.id.0,
        "username": &*message.user.username,
        "group_id": message.group.id.0,
        "group_name": &*message.group.name,
        "created_at": time(message.created_at),
        "seq": message.seq.0,
        "client_id": message.client_id,
        "reply_to": details.reply_to.map(|id| id.0),
        "thread_id": details.thread_id.map(|id| id.0),
        "mentions": ids(&details.mentions),
        "edited_at": details.edited_at.map(time),
        "deleted": details.is_deleted.then_some(true),
    }))
}

fn change_object(change: &Change) -> Value {
    let (kind, fields) = match &change.kind {
        ChangeKind::Edited { content, mentions, .. } => {
            ("edited", json!({ "content": content, "mentions": ids(mentions) }))
        }
        ChangeKind::Deleted { .. } => ("deleted", json!({})),
        ChangeKind::Reaction { emoji, on, .. } => ("reaction", json!({ "emoji": emoji, "on": on })),
        ChangeKind::Member { member, change, role, until } => {
            let member = json!({ "id": member.id.0, "username": &*member.username });
            let (role, until) = (role.map(Role::name), until.map(time));
            ("member", json!({ "member": member, "change": change.name(), "role": role, "until": until }))
        }
        ChangeKind::Group { name, topic, join } => {
            ("group", json!({ "name": name, "topic": topic, "join": join.map(JoinPolicy::name) }))
        }
    };
    let target = change.kind.target();
    let mut all = json!({
        "type": kind,
        "group_id": change.group.id.0,
        "seq": change.seq.0,
        "user_id": change.user.id.0,
        "username": &*change.user.username,
        "created_at": time(change.created_at),
        "message_id": target.map(|message| message.id.0),
        "message_seq": target.map(|message| message.seq.0),
    });
    let Some(object_of_all) = all.as_object_mut() else { panic!("no object") };
    object_of_all.extend(fields.as_object().cloned().unwrap_or_default());
    object(all)
}

/// The line of an entry in text mode.
fn line(entry: &Entry) -> Option<String> {
    match entry {
        Entry::Message(message) => Some(format!("{}: {}", message.user.username, message.content)),
        Entry::Change(Change { user, kind: ChangeKind::Edited { content, .. }, .. }) => {
            Some(format!("{} (edited): {content}", user.username))
        }
        Entry::Change(_) => None,
    }
}

/// Asserts that a frame has this object and the name of the request that it answers.
fn answer(frame: Bytes, request: Option<&RequestId>, fields: Value) {
    let texts = decode(&frame);
    let mut expected: Map<String, Value> = object(fields).as_object().cloned().unwrap_or_default();
    match request {
        Some(RequestId::Integer(id)) => drop(expected.insert("id".into(), (*id).into())),
        Some(RequestId::Text(id)) => drop(expected.insert("id".into(), (**id).into())),
        None => {}
    }
    assert_eq!(texts.iter().map(|text| parse(text)).collect::<Vec<_>>(), [Value::Object(expected)]);
}

fn answers(input: &mut Input<'_>) {
    let request = input.maybe(|input| match input.flag() {
        true => RequestId::Integer(input.number()),
        false => RequestId::Text(input.text().into()),
    });
    let request = request.as_ref();
    let (group, user, content, at) = (input.group(), input.user(), input.text(), input.time());
    let client_id = input.maybe(Input::text);
    let client_id = client_id.as_deref();
    let sent = json!({
        "type": "message", "content": content, "user_id": user.id.0, "username": &*user.username,
        "group_id": group.id.0, "group_name": &*group.name, "created_at": time(at), "client_id": client_id,
        "ephemeral": true,
    });
    answer(event::ephemeral(&group, &user, &content, client_id, at), None, sent);
    let (head, after, first) = (Seq(input.number()), Seq(input.number()), Seq(input.number()));
    let subscribed = json!({
        "type": "subscribed", "group": { "id": group.id.0, "name": &*group.name, "is_private": group.is_private },
        "group_id": group.id.0, "epoch": content, "head_seq": head.0, "after": after.0,
        "first_seq": (first.0 > 1).then_some(first.0),
    });
    answer(event::subscribed(request, &group, &content, head, after, first), request, subscribed);
    let duplicate = input.flag();
    let numbers =
        Ack { id: MessageId(head.0), group: group.id, seq: after, created_at: at, client_id, duplicate };
    let ack = json!({
        "type": "ack", "message_id": head.0, "group_id": group.id.0, "seq": after.0, "created_at": time(at),
        "client_id": client_id, "duplicate": duplicate,
    });
    answer(event::ack(request, &numbers), request, ack);
    let retry_after = input.maybe(|input| Duration::from_millis(input.number().unsigned_abs() >> 1));
    let failure = Failure { code: ErrorCode::RateLimited, message: content.clone(), retry_after };
    let error = json!({
        "type": "error", "code": "rate_limited", "message": content, "retry": retry_after.is_some(),
        "retry_after_ms": retry_after.map(|wait| wait.as_millis() as u64), "group_id": group.id.0,
    });
    answer(event::error(request, Some(group.id), &failure), request, error);
    history(input, request, group.id);
    let typing = json!({
        "type": "typing", "group_id": group.id.0, "user_id": user.id.0, "username": &*user.username, "on": duplicate,
    });
    answer(event::typing(group.id, &user, duplicate), None, typing);
}

fn history(input: &mut Input<'_>, request: Option<&RequestId>, group: GroupId) {
    let more = input.flag();
    let messages: Vec<(Message, Annotations)> = input.list(3, |input| {
        let beside = Annotations {
            reactions: input.list(3, |input| ReactionCount {
                emoji: input.text().into(),
                count: input.number().unsigned_abs(),
                users: input.list(10, |input| UserId(input.number())),
            }),
            replies: input.number().unsigned_abs(),
            last_reply_at: input.maybe(Input::time),
        };
        (message(input), beside)
    });
    let listed: Vec<Value> = messages.iter().map(|(message, beside)| annotated(message, beside)).collect();
    let fields = json!({ "type": "history", "group_id": group.0, "messages": listed, "more": more });
    answer(event::history(request, group, &messages, more), request, fields);
}

fn annotated(message: &Message, beside: &Annotations) -> Value {
    let reactions = beside.reactions.iter().map(|reaction| {
        let users: Vec<i64> = reaction.users.iter().map(|user| user.0).collect();
        json!({ "emoji": reaction.emoji, "count": reaction.count, "user_ids": users })
    });
    let reactions: Vec<Value> = reactions.collect();
    let mut all = message_object(message);
    let Some(fields) = all.as_object_mut() else { panic!("no object") };
    fields.insert("reactions".into(), if reactions.is_empty() { Value::Null } else { reactions.into() });
    fields.insert("replies".into(), if beside.replies == 0 { Value::Null } else { beside.replies.into() });
    fields.insert("last_reply_at".into(), beside.last_reply_at.map_or(Value::Null, time));
    object(all)
}

/// Control frames are as long as they may be, and say what fits into them.
fn control(input: &mut Input<'_>) {
    let payload = input.bytes();
    let pong = &payload[..payload.len().min(125)];
    assert_eq!(read(&frame::pong(payload)), [tungstenite::Message::Pong(pong.to_vec().into())]);
    let reason = input.text();
    let close = frame::close(CloseCode::TOO_SLOW, &reason);
    match read(&close).as_slice() {
        [tungstenite::Message::Close(Some(frame))] => {
            assert_eq!(u16::from(frame.code), CloseCode::TOO_SLOW.0);
            let told = frame.reason.as_str();
            assert!(
                reason.starts_with(told) && (told == reason || told.len() > 123 - 4),
                "{told:?} of {reason:?}"
            );
        }
        other => panic!("{other:?}"),
    }
}
