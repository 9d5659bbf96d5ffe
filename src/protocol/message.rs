//! The one encoding of a message, used by REST and by sockets alike.

use crate::model::{Message, MessageDetails};

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
    if let Some(details) = &message.details {
        write_details(out, details);
    }
}

/// Writes what few messages have, as far as this one has it.
fn write_details(out: &mut Vec<u8>, details: &MessageDetails) {
    for (name, id) in [(&b"reply_to"[..], details.reply_to), (b"thread_id", details.thread_id)] {
        if let Some(id) = id {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name);
            out.extend_from_slice(b"\":");
            write_integer(out, id.0);
        }
    }
    for (index, user) in details.mentions.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b",\"mentions\":[" } else { b"," });
        write_integer(out, user.0);
    }
    if !details.mentions.is_empty() {
        out.push(b']');
    }
    if let Some(edited_at) = details.edited_at {
        out.extend_from_slice(b",\"edited_at\":\"");
        out.extend_from_slice(&edited_at.to_text());
        out.push(b'"');
    }
    if details.is_deleted {
        out.extend_from_slice(b",\"deleted\":true");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::model::{
        Group, GroupId, JoinPolicy, Message, MessageDetails, MessageId, Seq, Timestamp, User, UserId,
    };

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
            details: None,
        };
        let expected = r#""id":9,"content":"hi\n","user_id":4,"username":"ann","group_id":3,"group_name":"g\"h","created_at":"1970-01-01T00:00:00.000000Z","seq":2"#;
        let mut out = Vec::new();
        super::write_message(&mut out, &message);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{{{expected}}}"));

        let details = MessageDetails {
            reply_to: Some(MessageId(7)),
            thread_id: Some(MessageId(6)),
            mentions: Box::new([UserId(4), UserId(5)]),
            edited_at: Some(Timestamp(1)),
            is_deleted: true,
        };
        let with_details = Message { details: Some(Box::new(details)), ..message.clone() };
        let more = r#","reply_to":7,"thread_id":6,"mentions":[4,5],"edited_at":"1970-01-01T00:00:00.000001Z","deleted":true"#;
        let mut out = Vec::new();
        super::write_message_fields(&mut out, &with_details);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{expected}{more}"));

        message.client_id = Some("c".into());
        let mut out = Vec::new();
        super::write_message_fields(&mut out, &message);
        assert_eq!(String::from_utf8(out).unwrap(), format!("{expected},\"client_id\":\"c\""));
    }
}
