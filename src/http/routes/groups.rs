//! Groups.

use std::num::NonZeroU32;
use std::time::Duration;

use hyper::Method;

use crate::chat::{Action, Caller, Chat, ChatResult, GroupChange};
use crate::compat::fastapi::{Form, Length, Problems};
use crate::http::body;
use crate::http::context::Context;
use crate::http::list::{self, Rows, write_rows};
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::{GroupView, JOIN_POLICIES};
use crate::model::limits::{
    GROUP_NAME_CHARS_MAX, PAGE_ROWS_MAX, RETAIN_MESSAGES_MAX, RETAIN_SECONDS_MAX, RETAIN_SECONDS_MIN,
    TOPIC_CHARS_MAX,
};
use crate::model::{Group, GroupId, JoinPolicy, RetentionRule};

pub(super) static GROUPS: Resource = Resource {
    paths: &["/api/v1/groups/"],
    serves: Serves::Methods(&[
        (Method::GET, Need::Caller, &list, &LIST),
        (Method::POST, Need::Caller, &create, &CREATE),
    ]),
};

pub(super) static GROUP: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}"],
    serves: Serves::Methods(&[
        (Method::GET, Need::Caller, &read, &READ),
        (Method::PATCH, Need::Caller, &change, &CHANGE),
        (Method::DELETE, Need::Caller, &delete, &DELETE),
    ]),
};

const NEW_GROUP: Table = Table::taken(
    "NewGroup",
    "A group that is to be.",
    &[NAME, Field::boolean("is_private", "Whether it has at most two members."), ACTOR],
)
.example(r#"{"name": "lobby", "is_private": false}"#);

const NAME: Field = Field::text("name", Length::Characters(GROUP_NAME_CHARS_MAX), "Unique.").storable();

const ACTOR: Field = Field::integer("user_id", "As the parameter, before which it goes.").optional();

const CREATE: Operation = Operation::new("createGroup", Tag::Groups, "Creates a group.")
    .about("Who creates it owns it.")
    .takes(&NEW_GROUP)
    .answers(Schemas::of::<GroupView<'_>>)
    .refuses(&[(400, "The name is taken.")]);

async fn create(mut context: Context<'_>) -> Answer {
    let (name, is_private, user) = context
        .form(|form| {
            let name = form.text("name", Length::Characters(GROUP_NAME_CHARS_MAX)).to_owned();
            (name, form.boolean("is_private"), form.optional_integer("user_id"))
        })
        .await?;
    let caller = context.acting_as(user).await?;
    let group = context.chat.create_group(&caller, &name, is_private).await?;
    Ok(response::json(&GroupView::new(context.chat, &group)))
}

const LIST: Operation = Operation::new("listGroups", Tag::Groups, "Lists the groups that one may see.")
    .about("In the order of their numbers.")
    .query(&[
        Field::count("skip", "So many are left out at the beginning.").or(0),
        Field::count("limit", "At most so many are given; without it all.").optional(),
    ])
    .answers(Schemas::list_of::<GroupView<'_>>);

/// All that one may see, unless `skip` and `limit` say otherwise.
async fn list(context: Context<'_>) -> Answer {
    let mut problems = Problems::default();
    let skip = context.query.count("skip", 0, &mut problems);
    let limit = context.query.count("limit", i64::MAX as u64, &mut problems);
    problems.check()?;
    let caller = context.acting().await?;
    if limit == 0 {
        return Ok(response::ok(body::full("[]")));
    }
    list::respond(context.chat, Groups { caller, after: GroupId(0), skip, limit }).await
}

const READ: Operation =
    Operation::new("readGroup", Tag::Groups, "Gives one group.").answers(Schemas::of::<GroupView<'_>>);

async fn read(context: Context<'_>) -> Answer {
    let id = context.group_id()?;
    let group = context.chat.group_for(&context.acting().await?, id, Action::Look).await?;
    show(&context, &group).await
}

/// One group, with its own rule about how much of its log is kept.
async fn show(context: &Context<'_>, group: &Group) -> Answer {
    let rule = context.chat.retention(group).await?;
    Ok(response::json(&GroupView::new(context.chat, group).with_retention(rule)))
}

const GROUP_CHANGES: Table = Table::taken(
    "GroupChange",
    "What changes about a group; what is absent stays.",
    &[
        NAME.optional(),
        Field::text("topic", Length::Characters(TOPIC_CHARS_MAX), "").storable().optional(),
        Field::word("join", JOIN_POLICIES, "Who may join: anybody, or who is brought in.").optional(),
        Field::other("retention", |schemas| RETENTION.schema(schemas)).optional(),
        ACTOR,
    ],
)
.example(r#"{"topic": "All about tea"}"#);

const RETENTION: Table = Table::taken(
    "RetentionChange",
    "The group's own rule about how much of its log is kept; null or without fields for none.",
    &[
        Field::within("max_age_s", RETAIN_SECONDS_MIN as i64, RETAIN_SECONDS_MAX as i64, "In seconds.")
            .optional(),
        Field::within("max_messages", 1, RETAIN_MESSAGES_MAX as i64, "").optional(),
    ],
);

const CHANGE: Operation = Operation::new("changeGroup", Tag::Groups, "Changes a group.")
    .by_somebody()
    .takes(&GROUP_CHANGES)
    .answers(Schemas::of::<GroupView<'_>>)
    .refuses(&[(400, "The name is taken.")]);

async fn change(mut context: Context<'_>) -> Answer {
    let id = context.group_id()?;
    let policies = [JoinPolicy::Open, JoinPolicy::Invite].map(|policy| (policy.name(), policy));
    let (change, user) = context
        .form(|form| {
            let name = form.optional_note("name", Length::Characters(GROUP_NAME_CHARS_MAX));
            let topic = form.optional_note("topic", Length::Characters(TOPIC_CHARS_MAX));
            let join = form.optional_choice("join", &policies);
            let (name, topic) = (name.map(str::to_owned), topic.map(str::to_owned));
            let retention = form.optional_object("retention", take_retention).map(Option::unwrap_or_default);
            (GroupChange { name, topic, join, retention }, form.optional_integer("user_id"))
        })
        .await?;
    let caller = context.changing_as(user).await?;
    let group = context.chat.change_group(&caller, id, change).await?;
    show(&context, &group).await
}

fn take_retention(form: &mut Form<'_>) -> RetentionRule {
    let age = form.optional_integer_within("max_age_s", RETAIN_SECONDS_MIN as i64, RETAIN_SECONDS_MAX as i64);
    let messages = form.optional_integer_within("max_messages", 1, RETAIN_MESSAGES_MAX.into());
    RetentionRule {
        max_age: age.map(|seconds| Duration::from_secs(seconds.unsigned_abs())),
        max_messages: messages.and_then(|count| NonZeroU32::new(count.try_into().ok()?)),
    }
}

const DELETE: Operation =
    Operation::new("deleteGroup", Tag::Groups, "Deletes a group and all that was said in it.").by_somebody();

async fn delete(context: Context<'_>) -> Answer {
    let id = context.group_id()?;
    context.chat.delete_group(&context.changing().await?, id).await?;
    Ok(response::done())
}

/// Groups with a higher `id`, in its order.
struct Groups {
    caller: Caller,
    after: GroupId,
    skip: u64,
    limit: u64,
}

impl Rows for Groups {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let limit = self.limit.min(PAGE_ROWS_MAX as u64);
        let page = chat.groups(&self.caller, self.after, self.skip, limit).await?;
        write_rows(out, &page, |out, group| response::write(out, &GroupView::new(chat, group)));
        let limit = self.limit.saturating_sub(page.len() as u64);
        let last = page.last().filter(|_| page.len() >= PAGE_ROWS_MAX && limit > 0);
        Ok(last.map(|last| Self { after: last.id, skip: 0, limit, ..self }))
    }
}
