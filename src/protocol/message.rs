//! The one encoding of a message, used by REST and by sockets alike.

use crate::model::Message;

use super::json::{write_integer, write_string};

/// Writes `message` as a JSON object.
pub fn write_message(out: &mut Vec<u8>, message: &Message) {
    out.push(b'{');
    write_message_fields(out, message);
    out.push(b'}');
}

/// Writes the fields of a message's JSON object without the braces, so that others may stand before them.
pub fn write_message_fields(out: &mut Vec<u8>, message: &Message) {
    out.extend_from_slice(b"\"id\":");
    write_integer(out, message.id.0);
    out.extend_from_slice(b",\"content\":");
    write_string(out, &message.content);
    out.extend_from_slice(b",\"user_id\":");
    write_integer(out, message.user.id.0);
    out.extend_from_slice(b",\"username\":");
    write_string(out, &message.user.username);
    out.extend_from_slice(b",\"group_id\":");
    write_integer(out, message.group.id.0);
    out.extend_from_slice(b",\"group_name\":");
    write_string(out, &message.group.name);
    out.extend_from_slice(b",\"created_at\":\"");
    out.extend_from_slice(&message.created_at.to_text());
    out.extend_from_slice(b"\",\"seq\":");
    write_integer(out, message.seq.0);
    if let Some(client_id) = &message.client_id {
        out.extend_from_slice(b",\"client_id\":");
        write_string(out, client_id);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::model::{Group, GroupId, JoinPolicy, Message, MessageId, Seq, Timestamp, User, UserId};

    #[test]
    fn fields_stand_in_their_order() {
        let mut message = Message {
            id: MessageId(9),
            seq: Seq(2),
            group: Arc::new(Group {
                id: GroupId(3),
                name: "g\"h".into(),
                is_private: false,
                topic: "".into(),
                join: JoinPolicy::Open,
            }),
            user: Arc::new(User {
                id: UserId(4),
                username: "ann".into(),
                email: "a@b.example".into(),
                is_admin: false,
            }),
            content: "hi\n".into(),
            client_id: None,
            created_at: Timestamp(0),
        };
        let expected = r#""id":9,"content":"hi\n","user_id":4,"username":"ann","group_id":3,"group_name":"g\"h","created_at":"1970-01-01T00:00:00.000000Z","seq":2"#;
        let mut out = Vec::new();
        super::write_message(&mut out, &message);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{{{expected}}}"));

        message.client_id = Some("c".into());
        let mut out = Vec::new();
        super::write_message_fields(&mut out, &message);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{expected},\"client_id\":\"c\""));
    }
}
