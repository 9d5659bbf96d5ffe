//! The events of changes in a group's log.

use super::{EventType, Object, close_up};
use crate::model::{Change, ChangeKind, MessageKey, Timestamp, UserId};
use crate::protocol::frame;
use crate::protocol::json::{write_integer, write_string};

/// Fields of a change around its texts, in bytes, with room for every number.
const CHANGE_OVERHEAD_BYTES: usize = 320;

/// The usual size of a change's frame, in bytes.
pub fn change_bytes(change: &Change) -> usize {
    let texts = match &change.kind {
        ChangeKind::Edited { content, .. } => content.len(),
        ChangeKind::Group { name, topic, .. } => {
            name.as_deref().map_or(0, str::len) + topic.as_deref().map_or(0, str::len)
        }
        ChangeKind::Deleted { .. } | ChangeKind::Reaction { .. } | ChangeKind::Member { .. } => 64,
    };
    CHANGE_OVERHEAD_BYTES + texts + change.user.username.len()
}

/// Appends the frame of a change.
pub fn put_change(out: &mut Vec<u8>, change: &Change) {
    let start = out.len();
    out.extend_from_slice(&[0; frame::HEADER_BYTES_MAX]);
    write_change(out, change);
    close_up(out, start);
}

/// Writes a change as the JSON object that its event is.
pub fn write_change(out: &mut Vec<u8>, change: &Change) {
    let kind = match &change.kind {
        ChangeKind::Edited { .. } => EventType::Edited,
        ChangeKind::Deleted { .. } => EventType::Deleted,
        ChangeKind::Reaction { .. } => EventType::Reaction,
        ChangeKind::Member { .. } => EventType::Member,
        ChangeKind::Group { .. } => EventType::Group,
    };
    let object = Object::new(kind, None)
        .integer("group_id", change.group.id.0)
        .integer("seq", change.seq.0)
        .integer("user_id", change.user.id.0)
        .string("username", &change.user.username)
        .time("created_at", change.created_at);
    let object = match &change.kind {
        ChangeKind::Edited { message, content, mentions } => {
            object.message(*message).string("content", content).mentions(mentions)
        }
        ChangeKind::Deleted { message } => object.message(*message),
        ChangeKind::Reaction { message, emoji, on } => {
            object.message(*message).string("emoji", emoji).boolean("on", *on)
        }
        ChangeKind::Member { member, change, role, until } => {
            let object = object.raw("member", |out| {
                out.extend_from_slice(b"{\"id\":");
                write_integer(out, member.id.0);
                out.extend_from_slice(b",\"username\":");
                write_string(out, &member.username);
                out.push(b'}');
            });
            let object = object.string("change", change.name());
            let object = match role {
                Some(role) => object.string("role", role.name()),
                None => object,
            };
            match until {
                Some(until) => object.time("until", *until),
                None => object,
            }
        }
        ChangeKind::Group { name, topic, join } => {
            let object = object.optional("name", name.as_deref()).optional("topic", topic.as_deref());
            object.optional("join", join.map(|join| join.name()))
        }
    };
    out.extend_from_slice(&object.json());
}

impl Object {
    fn message(self, message: MessageKey) -> Self {
        self.integer("message_id", message.id.0).integer("message_seq", message.seq.0)
    }

    fn mentions(self, mentions: &[UserId]) -> Self {
        if mentions.is_empty() {
            return self;
        }
        self.raw("mentions", |out| super::write_ids(out, mentions.iter().map(|user| user.0)))
    }

    fn time(self, name: &str, at: Timestamp) -> Self {
        self.raw(name, |out| {
            out.push(b'"');
            out.extend_from_slice(&at.to_text());
            out.push(b'"');
        })
    }

    fn optional(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.string(name, value),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::write_change;
    use crate::model::{
        Change, ChangeKind, Group, GroupId, JoinPolicy, MemberChange, MessageId, MessageKey, Role, Seq,
        Timestamp, User, UserId,
    };

    fn written(kind: ChangeKind) -> String {
        let user = User { id: UserId(4), username: "ann".into(), email: "".into(), is_admin: false };
        let group = Group {
            id: GroupId(3),
            name: "g".into(),
            is_private: false,
            topic: "".into(),
            join: JoinPolicy::Open,
        };
        let change = Change {
            seq: Seq(2),
            group: Arc::new(group),
            user: Arc::new(user),
            kind,
            client_id: None,
            created_at: Timestamp(0),
        };
        let mut out = Vec::new();
        write_change(&mut out, &change);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn what_does_not_apply_is_absent() {
        let message = MessageKey { id: MessageId(9), seq: Seq(1) };
        let bob = Arc::new(User { id: UserId(5), username: "bob".into(), email: "".into(), is_admin: false });
        let head = |kind: &str| {
            format!(
                r#"{{"type":"{kind}","group_id":3,"seq":2,"user_id":4,"username":"ann","created_at":"1970-01-01T00:00:00.000000Z","#
            )
        };
        for (kind, expected) in [
            (
                ChangeKind::Edited { message, content: "x\"".into(), mentions: Box::new([UserId(5)]) },
                head("edited") + r#""message_id":9,"message_seq":1,"content":"x\"","mentions":[5]}"#,
            ),
            (ChangeKind::Deleted { message }, head("deleted") + r#""message_id":9,"message_seq":1}"#),
            (
                ChangeKind::Reaction { message, emoji: "👍".into(), on: true },
                head("reaction") + r#""message_id":9,"message_seq":1,"emoji":"👍","on":true}"#,
            ),
            (
                ChangeKind::Member {
                    member: bob,
                    change: MemberChange::Role,
                    role: Some(Role::Admin),
                    until: None,
                },
                head("member") + r#""member":{"id":5,"username":"bob"},"change":"role","role":"admin"}"#,
            ),
            (
                ChangeKind::Group { name: None, topic: Some("t".into()), join: Some(JoinPolicy::Invite) },
                head("group") + r#""topic":"t","join":"invite"}"#,
            ),
        ] {
            assert_eq!(written(kind), expected);
        }
    }
}
