//! `docs/asyncapi.json` says what the code does: each command and event with its fields, and no others.

use std::collections::BTreeSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::commands;
use crate::model::limits::UNREAD_MAX;
use crate::model::{
    Annotations, Change, ChangeKind, Group, GroupId, JoinPolicy, MemberChange, Mentions, Message,
    MessageDetails, MessageId, MessageKey, ReadMark, Removal, Role, Seq, Timestamp, Unread, User, UserId,
};
use crate::protocol::command::{CommandParser, RequestId};
use crate::protocol::event::{self, Ack, ErrorCode, EventType, Failure, Welcome};

type Names = BTreeSet<String>;

/// A frame as the document has it.
struct Documented {
    /// As it is named among the components.
    component: String,
    /// Its `type`.
    name: String,
    payload: Value,
}

impl Documented {
    /// Its fields.
    fn properties(&self) -> Names {
        keys(&self.payload["properties"])
    }

    /// The fields that every such frame has.
    fn required(&self) -> Names {
        names(&self.payload["required"])
    }

    /// Sets of fields of which a frame has one.
    fn alternatives(&self) -> Vec<Names> {
        let alternatives = ["anyOf", "oneOf"].into_iter().filter_map(|word| self.payload[word].as_array());
        alternatives.flatten().map(|alternative| names(&alternative["required"])).collect()
    }

    /// A value of this field that is allowed, and one that is not.
    fn values(&self, document: &Value, field: &str) -> (Value, Value) {
        let mut schema = &self.payload["properties"][field];
        if let Some(reference) = schema["$ref"].as_str() {
            schema = document.pointer(&reference[1..]).expect("what is referred to");
        }
        match schema["type"].as_str() {
            Some("string") => (json!("x"), json!(1)),
            Some("integer") => (json!(1), json!("1")),
            Some("boolean") => (json!(true), json!("true")),
            Some("object") => (json!({ "1": 1 }), json!([1])),
            _ => panic!("{}: {field} has no simple type", self.name),
        }
    }
}

fn document() -> Value {
    serde_json::from_str(include_str!("../../docs/asyncapi.json")).expect("JSON")
}

/// The frames of JSON mode whose components are named like this.
fn documented(document: &Value, prefix: &str) -> Vec<Documented> {
    let messages = document["components"]["messages"].as_object().expect("messages");
    let frames = messages.iter().filter(|(component, _)| component.starts_with(prefix));
    frames
        .map(|(component, message)| Documented {
            component: component.clone(),
            name: message["payload"]["properties"]["type"]["const"].as_str().expect("a type").to_owned(),
            payload: message["payload"].clone(),
        })
        .collect()
}

fn keys(object: &Value) -> Names {
    object.as_object().into_iter().flat_map(|fields| fields.keys().cloned()).collect()
}

fn names(list: &Value) -> Names {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What comes of reading this command, and the fields that were asked for.
fn read(frame: &Value) -> (Result<(), String>, Names) {
    CommandParser::default().parse(&frame.to_string(), |request| {
        let request = request.expect("a request");
        let result = commands::check(request.command, &request.fields);
        (result, request.fields.asked.take())
    })
}

#[test]
fn every_command_is_documented_with_its_fields() {
    let document = document();
    let commands = documented(&document, "request");
    let known: Names = commands.iter().map(|command| command.name.clone()).collect();
    assert_eq!(known, commands::NAMES.iter().map(ToString::to_string).collect());
    for command in commands {
        let mut whole = json!({ "type": command.name, "id": 1 });
        for field in command.properties() {
            if whole.get(&field).is_none() {
                whole[&field] = command.values(&document, &field).0;
            }
        }
        let (result, asked) = read(&whole);
        assert_eq!(result, Ok(()), "{whole}");
        assert_eq!(asked, command.properties(), "the fields of {}", command.name);
        for field in command.properties().iter().filter(|field| !["type", "id"].contains(&field.as_str())) {
            let mut without = whole.clone();
            without.as_object_mut().expect("an object").remove(field);
            let is_required = command.required().contains(field);
            assert_eq!(read(&without).0.is_err(), is_required, "{} without {field}", command.name);
            let mut wrong = whole.clone();
            wrong[field] = command.values(&document, field).1;
            let reason = read(&wrong).0.expect_err("a wrong type");
            assert!(reason.starts_with(&format!("{field}: ")), "{reason}");
        }
        if !command.alternatives().is_empty() {
            let mut without = whole;
            for field in command.alternatives().iter().flatten() {
                without.as_object_mut().expect("an object").remove(field);
            }
            assert!(read(&without).0.is_err(), "{without}");
        }
    }
}

/// Frames of this type that together have all fields that such frames may have.
fn samples(event_type: EventType) -> Vec<Bytes> {
    let id = RequestId::Integer(1);
    let request = Some(&id);
    let group = Group {
        id: GroupId(1),
        name: "g".into(),
        is_private: false,
        topic: "".into(),
        join: JoinPolicy::Open,
    };
    let user = User { id: UserId(2), username: "ann".into(), email: "".into(), is_admin: false };
    let details = MessageDetails {
        reply_to: Some(MessageId(2)),
        thread_id: Some(MessageId(1)),
        mentions: Box::new([UserId(2)]),
        edited_at: Some(Timestamp(0)),
        is_deleted: true,
    };
    let change = |kind| {
        let (group, user) = (group.clone().into(), user.clone().into());
        let change = Change { seq: Seq(4), group, user, kind, client_id: None, created_at: Timestamp(0) };
        let mut out = Vec::new();
        event::put_change(&mut out, &change);
        Bytes::from(out)
    };
    let key = MessageKey { id: MessageId(3), seq: Seq(2) };
    let message = |client_id: Option<&str>| Message {
        id: MessageId(3),
        seq: Seq(4),
        group: group.clone().into(),
        user: user.clone().into(),
        content: "hi".into(),
        client_id: client_id.map(Into::into),
        created_at: Timestamp(0),
        details: client_id.map(|_| Box::new(details.clone())),
    };
    let ack = Ack {
        id: MessageId(3),
        group: group.id,
        seq: Seq(4),
        created_at: Timestamp(0),
        client_id: Some("c"),
        duplicate: false,
    };
    let welcome = Welcome {
        connection_id: "0-1",
        user: &user,
        heartbeat_ms: 25_000,
        content_bytes: 1,
        frame_bytes: 2,
        groups: 3,
    };
    let unavailable = Failure::new(ErrorCode::Unavailable, "away");
    let forbidden = Failure::new(ErrorCode::Forbidden, "no");
    match event_type {
        EventType::Message => {
            let stored = [Some("c"), None].map(|client_id| {
                let mut out = Vec::new();
                event::put_message(&mut out, &message(client_id));
                Bytes::from(out)
            });
            let ephemeral = |client_id| event::ephemeral(&group, &user, "hi", client_id, Timestamp(0));
            stored.into_iter().chain([ephemeral(Some("c")), ephemeral(None)]).collect()
        }
        EventType::Edited => [Mentions::default(), Box::new([UserId(2)])]
            .map(|mentions| change(ChangeKind::Edited { message: key, content: "x".into(), mentions }))
            .to_vec(),
        EventType::Deleted => vec![change(ChangeKind::Deleted { message: key })],
        EventType::Reaction => {
            vec![change(ChangeKind::Reaction { message: key, emoji: "+".into(), on: true })]
        }
        EventType::Member => [(None, None), (Some(Role::Admin), Some(Timestamp(0)))]
            .map(|(role, until)| {
                let (member, kind) = (user.clone().into(), MemberChange::Role);
                change(ChangeKind::Member { member, change: kind, role, until })
            })
            .to_vec(),
        EventType::Group => vec![
            change(ChangeKind::Group { name: Some("n".into()), topic: None, join: None }),
            change(ChangeKind::Group { name: None, topic: Some("t".into()), join: Some(JoinPolicy::Open) }),
        ],
        EventType::Welcome => vec![event::welcome(request, &welcome), event::welcome(None, &welcome)],
        EventType::Subscribed => {
            let subscribed =
                |request, first| event::subscribed(request, &group, "e", Seq(9), Seq(5), Seq(first));
            vec![subscribed(request, 1), subscribed(None, 4)]
        }
        EventType::Unsubscribed => {
            vec![event::unsubscribed(request, group.id), event::removed(group.id, Removal::Kicked)]
        }
        EventType::CaughtUp => vec![event::caught_up(group.id, Seq(1))],
        EventType::Lagged => vec![event::lagged(group.id, Seq(1))],
        EventType::Ack => vec![
            event::ack(request, &ack),
            event::ack(None, &Ack { client_id: None, ..ack }),
            event::ephemeral_ack(request, group.id, Some("c")),
        ],
        EventType::History => {
            vec![event::history(request, group.id, &[(message(None), Annotations::default())], false)]
        }
        EventType::Presence => vec![
            event::presence(request, group.id, 1, Some([&user].into_iter())),
            event::presence(None, group.id, 1, None::<std::iter::Empty<&User>>),
        ],
        EventType::Joined => vec![event::movement(true, group.id, &user)],
        EventType::Left => vec![event::movement(false, group.id, &user)],
        EventType::Typing => vec![event::typing(group.id, &user, true)],
        EventType::Read => {
            let unread = Unread::new(UNREAD_MAX, 1);
            let mark = ReadMark { seq: Seq(1), has_moved: true, unread };
            vec![event::marked(request, group.id, &mark), event::read(group.id, user.id, Seq(1))]
        }
        EventType::Pong => vec![event::pong(request)],
        EventType::Added => vec![event::added(&group, Role::Admin)],
        EventType::Expiring => vec![event::expiring(Duration::from_secs(60))],
        EventType::Refreshed => {
            vec![event::refreshed(request, Some(Duration::from_secs(1))), event::refreshed(None, None)]
        }
        EventType::Error => {
            vec![event::error(request, Some(group.id), &unavailable), event::error(None, None, &forbidden)]
        }
        EventType::Closing => vec![event::closing("server is stopping", 500)],
    }
}

#[test]
fn every_event_is_documented_with_its_fields() {
    let document = document();
    let events = documented(&document, "server");
    let known: Names = events.iter().map(|event| event.name.clone()).collect();
    assert_eq!(known, EventType::ALL.iter().map(|event| event.name().to_owned()).collect());
    for &event_type in EventType::ALL {
        let event = events.iter().find(|event| event.name == event_type.name()).expect("documented");
        let samples: Vec<Names> = samples(event_type)
            .iter()
            .map(|frame| {
                let start = frame.windows(2).position(|bytes| bytes == b"{\"").expect("an object");
                let sample: Value = serde_json::from_slice(&frame[start..]).expect("JSON");
                assert_eq!(sample["type"], event.name);
                keys(&sample)
            })
            .collect();
        let all: Names = samples.iter().flatten().cloned().collect();
        assert_eq!(all, event.properties(), "the fields of {}", event.name);
        for sample in &samples {
            assert!(event.required().is_subset(sample), "{}: {sample:?}", event.name);
            let alternatives = event.alternatives();
            let chosen = alternatives.iter().filter(|alternative| alternative.is_subset(sample)).count();
            assert!(alternatives.is_empty() || chosen == 1, "{}: {sample:?}", event.name);
        }
    }
    let codes = events.iter().find(|event| event.name == "error").map(|error| error.payload.clone());
    let codes = names(&codes.expect("an error")["properties"]["code"]["enum"]);
    assert_eq!(codes, ErrorCode::ALL.iter().map(|code| code.name().to_owned()).collect());
}

#[test]
fn every_frame_belongs_to_a_channel_and_an_operation() {
    let document = document();
    let frames = [documented(&document, "request"), documented(&document, "server")];
    let operations = document["operations"].to_string();
    for (channel, socket) in document["channels"].as_object().expect("channels") {
        let messages = keys(&socket["messages"]);
        for frame in frames.iter().flatten() {
            // The path of the other sockets has said who it is.
            let is_expected = frame.name != "hello" || channel == "socket";
            let component = &frame.component;
            assert_eq!(messages.contains(component), is_expected, "{component} in {channel}");
            let reference = format!("\"#/channels/{channel}/messages/{component}\"");
            assert_eq!(operations.contains(&reference), is_expected, "{component} in {channel}");
        }
    }
}
