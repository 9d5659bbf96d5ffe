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
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::GroupView;
use crate::model::limits::{
    GROUP_NAME_CHARS_MAX, PAGE_ROWS_MAX, RETAIN_MESSAGES_MAX, RETAIN_SECONDS_MAX, RETAIN_SECONDS_MIN,
    TOPIC_CHARS_MAX,
};
use crate::model::{Group, GroupId, JoinPolicy, RetentionRule};

pub(super) static GROUPS: Resource = Resource {
    paths: &["/api/v1/groups/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &list), (Method::POST, Need::Caller, &create)]),
};

pub(super) static GROUP: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}"],
    serves: Serves::Methods(&[
        (Method::GET, Need::Caller, &read),
        (Method::PATCH, Need::Caller, &change),
        (Method::DELETE, Need::Caller, &delete),
    ]),
};

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
