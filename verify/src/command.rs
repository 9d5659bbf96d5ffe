//! What a client says in JSON mode.

use std::collections::BTreeMap;

use serde_json::json;

use crate::ids::{GroupId, Seq};

/// The frame that sends a message.
pub(crate) fn send(group: GroupId, client_id: &str, content: &str) -> String {
    json!({ "type": "send", "group_id": group, "client_id": client_id, "content": content }).to_string()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stand_under_the_numbers_of_their_groups() {
        let hello = hello("alice", [(GroupId(2), Seq(0)), (GroupId(1), Seq(7))]);
        let frame: serde_json::Value = serde_json::from_str(&hello).unwrap();
        assert_eq!(frame, json!({ "type": "hello", "username": "alice", "resume": { "1": 7, "2": 0 } }));
    }
}
