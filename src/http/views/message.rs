//! A message, as `protocol::annotated` writes it.

use crate::compat::fastapi::Length;
use crate::http::openapi::{Field, Table, list};
use crate::model::limits::{CLIENT_ID_BYTES_MAX, EMOJI_BYTES_MAX};

const REACTION: Table = Table::given(
    "Reaction",
    "Who reacted to a message in one way.",
    &[
        Field::text("emoji", Length::Bytes(EMOJI_BYTES_MAX), "").filled(),
        Field::number("count", "How many did."),
        Field::ids("user_ids", "Some of them, those who came first."),
    ],
);

/// What a message has in the log and in lists.
pub(super) const STORED: &[Field] = &[
    Field::integer("id", "Unique over all groups."),
    Field::integer("seq", "The place in the log of the group, without gaps over messages and changes."),
    Field::text("content", Length::Any, "Any text without NUL."),
    Field::integer("user_id", "The sender."),
    Field::text("username", Length::Any, "The sender's name of today."),
    Field::integer("group_id", ""),
    Field::text("group_name", Length::Any, "The group's name of today."),
    Field::instant("created_at", ""),
    Field::text("client_id", Length::Bytes(CLIENT_ID_BYTES_MAX), "The sender's own name for it.").optional(),
    Field::integer("reply_to", "The message that it answers.").optional(),
    Field::integer("thread_id", "The first message of the thread that it is in.").optional(),
    Field::ids("mentions", "The users whom it mentions.").optional(),
    Field::instant("edited_at", "When it got its present content, if that is not its first.").optional(),
    Field::boolean("deleted", "True for a message that was deleted.").optional(),
];

/// A message as lists show it.
pub(in crate::http) const MESSAGE: Table = Table::given(
    "Message",
    "A message. A deleted one has an empty content; what does not apply is absent.",
    &[
        Field::other("reactions", |schemas| list(REACTION.schema(schemas))).optional(),
        Field::number("replies", "Answers in the thread that it begins.").optional(),
        Field::instant("last_reply_at", "When the newest of them came.").optional(),
    ],
)
.behind(STORED)
.example(
    r#"{"id": 7, "seq": 3, "content": "Tea?", "user_id": 1, "username": "alice", "group_id": 1,
        "group_name": "lobby", "created_at": "2026-01-31T12:00:00.000000Z", "mentions": [2],
        "reactions": [{"emoji": "👍", "count": 1, "user_ids": [2]}]}"#,
);
