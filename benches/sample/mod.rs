//! Messages as a busy group writes them, for the benchmarks of single parts.

#![allow(dead_code, reason = "each benchmark is a program of its own and uses a part of this")]

use std::sync::Arc;

use groupcast::model::{
    Group, GroupId, JoinPolicy, MemberState, Message, MessageId, NewEntry, NewEntryKind, Role, Seq, Standing,
    Timestamp, User, UserId,
};

/// Messages in a full batch.
pub(crate) const BATCH: usize = 1_000;
/// Groups that the messages of a batch are spread over.
const GROUPS: usize = 10;
/// 64 bytes: a short sentence, with one character that JSON has to escape.
const CONTENT: &str = "Shall we say \"noon\" at the usual place, or is that too early now";
/// 2026-01-01.
const STARTED_AT: i64 = 1_767_225_600_000_000;

/// Messages as they come from sockets.
pub(crate) fn new_messages(count: usize) -> Vec<NewEntry> {
    let user = Arc::new(User {
        id: UserId(4_711),
        username: "alice".into(),
        email: "alice@example.org".into(),
        is_admin: false,
    });
    let groups: Vec<_> = (1..=GROUPS as i64)
        .map(|id| {
            Arc::new(Group {
                id: GroupId(id),
                name: "lunch".into(),
                is_private: false,
                topic: "".into(),
                join: JoinPolicy::Open,
            })
        })
        .collect();
    let standing = Standing { role: Some(Role::Member), ..Standing::default() };
    let member = Arc::new(MemberState::new(standing));
    (0..count)
        .map(|number| NewEntry {
            group: Arc::clone(&groups[number % GROUPS]),
            user: Arc::clone(&user),
            kind: NewEntryKind::Message { content: CONTENT.into(), reply_to: None, mentions_all: false },
            client_id: None,
            received_at: Timestamp(STARTED_AT + number as i64),
            member: Arc::clone(&member),
            validity: None,
        })
        .collect()
}

/// Messages as they are stored.
pub(crate) fn messages(count: usize) -> Vec<Message> {
    (1..)
        .zip(new_messages(count))
        .map(|(number, message)| Message {
            id: MessageId(1_000_000 + number),
            seq: Seq(number),
            group: message.group,
            user: message.user,
            content: CONTENT.into(),
            client_id: message.client_id,
            created_at: message.received_at,
            details: None,
        })
        .collect()
}
