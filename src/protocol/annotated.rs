//! Messages as lists show them: with what stands beside them and in no log.

use super::json::{write_integer, write_string};
use super::message::write_message_fields;
use crate::model::{Annotations, Message};

/// Writes a message with what stands beside it, where there is any.
pub fn write_annotated(out: &mut Vec<u8>, message: &Message, beside: &Annotations) {
    out.push(b'{');
    write_message_fields(out, message);
    write_annotations(out, beside);
    out.push(b'}');
}

fn write_annotations(out: &mut Vec<u8>, beside: &Annotations) {
    for (index, reaction) in beside.reactions.iter().enumerate() {
        out.extend_from_slice(if index == 0 { b",\"reactions\":[" } else { b"," });
        out.extend_from_slice(b"{\"emoji\":");
        write_string(out, &reaction.emoji);
        out.extend_from_slice(b",\"count\":");
        write_integer(out, reaction.count);
        out.extend_from_slice(b",\"user_ids\":[");
        for (index, user) in reaction.users.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            write_integer(out, user.0);
        }
        out.extend_from_slice(b"]}");
    }
    if !beside.reactions.is_empty() {
        out.push(b']');
    }
    if beside.replies > 0 {
        out.extend_from_slice(b",\"replies\":");
        write_integer(out, beside.replies);
    }
    if let Some(last_reply_at) = beside.last_reply_at {
        out.extend_from_slice(b",\"last_reply_at\":\"");
        out.extend_from_slice(&last_reply_at.to_text());
        out.push(b'"');
    }
}
