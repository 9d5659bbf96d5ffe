//! Who belongs to a group.

use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::{Caller, Chat, ChatResult, Member};
use crate::http::context::Context;
use crate::http::list::{self, Rows, write_rows};
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::{Person, ROLES, role};
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{GroupId, Role, UserId};

pub(super) static MEMBERS: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/members/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &list, &LIST)]),
};

pub(super) static MEMBER: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/members/{user_id}"],
    serves: Serves::Methods(&[
        (Method::PUT, Need::Caller, &put, &PUT),
        (Method::DELETE, Need::Caller, &remove, &REMOVE),
    ]),
};

/// A member of a group.
#[derive(Serialize, ToSchema)]
#[schema(as = Member, examples(json!({"id": 1, "username": "alice", "role": "owner"})))]
struct View<'m> {
    #[serde(flatten)]
    person: Person<'m>,
    #[schema(schema_with = role)]
    role: &'static str,
}

impl<'m> From<&'m Member> for View<'m> {
    fn from(member: &'m Member) -> Self {
        Self { person: Person::from(&*member.user), role: member.role.name() }
    }
}

const LIST: Operation = Operation::new("listMembers", Tag::Members, "Lists who belongs to a group.")
    .answers(Schemas::list_of::<View<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let group = context.group_id()?;
    let caller = context.acting().await?;
    list::respond(context.chat, Members { caller, group, after: UserId(0) }).await
}

const MEMBERSHIP: Table = Table::taken(
    "Membership",
    "What somebody is to be in a group.",
    &[Field::word("role", ROLES, "Without it the one they have, at first `member`.").optional()],
)
.example(r#"{"role": "admin"}"#);

const PUT: Operation =
    Operation::new("putMember", Tag::Members, "Joins, adds somebody, or gives a member another role.")
        .by_somebody()
        .may_take(&MEMBERSHIP)
        .answers(Schemas::of::<View<'_>>);

/// Joins, adds somebody, or gives a member another role.
async fn put(mut context: Context<'_>) -> Answer {
    let (group, user) = (context.group_id()?, context.user_id()?);
    let roles = [Role::Owner, Role::Admin, Role::Member].map(|role| (role.name(), role));
    let role = context.optional_form(|form| form.optional_choice("role", &roles)).await?;
    let member = context.chat.put_member(&context.changing().await?, group, user, role).await?;
    Ok(response::json(&View::from(&member)))
}

const REMOVE: Operation =
    Operation::new("removeMember", Tag::Members, "Leaves, or takes somebody out.").by_somebody();

/// Leaves, or takes somebody out.
async fn remove(context: Context<'_>) -> Answer {
    let (group, user) = (context.group_id()?, context.user_id()?);
    context.chat.remove_member(&context.changing().await?, group, user).await?;
    Ok(response::done())
}

/// Members with a higher `id`, in its order.
struct Members {
    caller: Caller,
    group: GroupId,
    after: UserId,
}

impl Rows for Members {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let page = chat.members(&self.caller, self.group, self.after, PAGE_ROWS_MAX as u64).await?;
        write_rows(out, &page, |out, member| response::write(out, &View::from(member)));
        let last = page.last().filter(|_| page.len() >= PAGE_ROWS_MAX);
        Ok(last.map(|last| Self { after: last.user.id, ..self }))
    }
}
