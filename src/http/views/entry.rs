//! An entry of a group's log, as `protocol::event` writes it.

use utoipa::openapi::schema::Discriminator;
use utoipa::openapi::{OneOfBuilder, RefOr, Schema};

use super::message::STORED;
use super::words::{JOIN_POLICIES, ROLES};
use crate::compat::fastapi::Length;
use crate::http::openapi::{Field, Schemas, Table, list};
use crate::model::MemberChange;
use crate::model::limits::{EMOJI_BYTES_MAX, GROUP_NAME_CHARS_MAX, TOPIC_CHARS_MAX};
use crate::protocol::event::EventType;

/// The field that tells entries apart.
const TYPE: &str = "type";

/// What every change has.
const CHANGE: &[Field] = &[
    Field::integer("group_id", ""),
    Field::integer("seq", "The place in the log."),
    Field::integer("user_id", "Who did it."),
    Field::text("username", Length::Any, "Their name of today."),
    Field::instant("created_at", ""),
];

const MESSAGE_ID: Field = Field::integer("message_id", "The message that it is about.");
const MESSAGE_SEQ: Field = Field::integer("message_seq", "The place of that message in the log.");

const MESSAGE_EVENT: Table = Table::given(
    "MessageEntry",
    "A message, with its content of today.",
    &[Field::word(TYPE, &[EventType::Message.name()], "")],
)
.behind(STORED);

const EDITED: Table = Table::given(
    "EditedEntry",
    "A message has another content, which is told as it is today.",
    &[
        Field::word(TYPE, &[EventType::Edited.name()], ""),
        MESSAGE_ID,
        MESSAGE_SEQ,
        Field::text("content", Length::Any, ""),
        Field::ids("mentions", "The users whom it mentions.").optional(),
    ],
)
.behind(CHANGE);

const DELETED: Table = Table::given(
    "DeletedEntry",
    "A message has no content any more.",
    &[Field::word(TYPE, &[EventType::Deleted.name()], ""), MESSAGE_ID, MESSAGE_SEQ],
)
.behind(CHANGE);

const REACTION: Table = Table::given(
    "ReactionEntry",
    "A reaction has come or gone.",
    &[
        Field::word(TYPE, &[EventType::Reaction.name()], ""),
        MESSAGE_ID,
        MESSAGE_SEQ,
        Field::text("emoji", Length::Bytes(EMOJI_BYTES_MAX), "").filled(),
        Field::boolean("on", "Whether it has come."),
    ],
)
.behind(CHANGE);

const MEMBER: Table = Table::given(
    "MemberEntry",
    "Something has become of a member.",
    &[
        Field::word(TYPE, &[EventType::Member.name()], ""),
        Field::other("member", Schemas::of::<super::Person<'_>>),
        Field::word("change", &MEMBER_CHANGES, ""),
        Field::word("role", ROLES, "The new role.").optional(),
        Field::instant("until", "When a ban or a mute ends.").optional(),
    ],
)
.behind(CHANGE);

const GROUP: Table = Table::given(
    "GroupEntry",
    "The group has another name, topic, or way to join.",
    &[
        Field::word(TYPE, &[EventType::Group.name()], ""),
        Field::text("name", Length::Characters(GROUP_NAME_CHARS_MAX), "").optional(),
        Field::text("topic", Length::Characters(TOPIC_CHARS_MAX), "").optional(),
        Field::word("join", JOIN_POLICIES, "").optional(),
    ],
)
.behind(CHANGE);

/// The words for all changes of a member.
const MEMBER_CHANGES: [&str; MemberChange::ALL.len()] = {
    let mut names = [""; MemberChange::ALL.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = MemberChange::ALL[index].name();
        index += 1;
    }
    names
};

/// A list of entries.
pub(in crate::http) fn entries(schemas: &mut Schemas) -> RefOr<Schema> {
    let kinds = [
        (EventType::Message, MESSAGE_EVENT),
        (EventType::Edited, EDITED),
        (EventType::Deleted, DELETED),
        (EventType::Reaction, REACTION),
        (EventType::Member, MEMBER),
        (EventType::Group, GROUP),
    ];
    let names = kinds.map(|(kind, table)| (kind.name(), format!("#/components/schemas/{}", table.name)));
    let one_of =
        kinds.iter().fold(OneOfBuilder::new(), |one_of, (_, table)| one_of.item(table.schema(schemas)));
    let entry = one_of
        .description(Some("An entry of a group's log."))
        .discriminator(Some(Discriminator::with_mapping(TYPE, names)));
    list(schemas.name("Entry", Schema::from(entry.build())))
}
