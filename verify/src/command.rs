//! What a client says in JSON mode.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::action::Request;
use crate::content::Key;
use crate::ids::{GroupId, Seq};

/// The frame that asks for an action. Its answer has the number of `key` as its `id`.
pub(crate) fn request(group: GroupId, key: Key, request: Request, content: &str) -> String {
    let (id, client_id) = (key.number, key.client_id());
    match request {
        Request::Send { reply_to } => {
            let mut frame = json!({
                "type": "send", "id": id, "group_id": group, "client_id": client_id, "content": content
            });
            if let Some(reply_to) = reply_to {
                frame["reply_to"] = json!(reply_to);
            }
            frame
        }
        Request::Edit { message } => json!({
            "type": "edit", "id": id, "group_id": group, "message_id": message, "client_id": client_id,
            "content": content
        }),
        Request::Delete { message } => {
            json!({ "type": "delete", "id": id, "group_id": group, "message_id": message })
        }
        Request::React { message, emoji, on } => json!({
            "type": "react", "id": id, "group_id": group, "message_id": message, "emoji": emoji.text(), "on": on
        }),
    }
    .to_string()
}

/// The frame that subscribes to a group from after a place.
pub(crate) fn subscribe(group: GroupId, after: Seq) -> String {
    json!({ "type": "subscribe", "id": "resume", "group_id": group, "after": after }).to_string()
}

/// The frame that says who speaks and subscribes to groups, each from after a place.
pub(crate) fn hello(username: &str, groups: impl IntoIterator<Item = (GroupId, Seq)>) -> String {
    let resume: BTreeMap<GroupId, Seq> = groups.into_iter().collect();
    json!({ "type": "hello", "username": username, "resume": resume }).to_string()
}

/// The frame that asks for messages of a group after a place.
pub(crate) fn history(group: GroupId, after: Seq, limit: usize) -> String {
    let frame: Value =
        json!({ "type": "history", "id": "page", "group_id": group, "after": after, "limit": limit });
    frame.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_under_the_numbers_of_their_groups() {
        let hello = hello("alice", [(GroupId(2), Seq(0)), (GroupId(1), Seq(7))]);
        let frame: Value = serde_json::from_str(&hello).unwrap();
        assert_eq!(frame, json!({ "type": "hello", "username": "alice", "resume": { "1": 7, "2": 0 } }));
    }
}
