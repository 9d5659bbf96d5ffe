//! All users, and which of them are admins.

use hyper::Method;

use super::{AFTER, LIMIT, PREFIX, Page};
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::admin::{RankedUser, UserRow};
use crate::model::UserId;

pub(in crate::http::routes) static USERS: Resource = Resource {
    paths: &["/api/v1/admin/users/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &list, &LIST)]),
};

pub(in crate::http::routes) static USER: Resource = Resource {
    paths: &["/api/v1/admin/users/{user_id}"],
    serves: Serves::Methods(&[(Method::PATCH, Need::Governor, &change, &CHANGE)]),
};

const LIST: Operation = Operation::new("adminListUsers", Tag::Admin, "Lists all users, by number.")
    .query(&[PREFIX, AFTER, LIMIT])
    .answers(Schemas::list_of::<UserRow<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let Page { prefix, after, limit } = Page::of(&context)?;
    let users = context.chat.list_users(&context.caller, &prefix, UserId(after), limit).await?;
    let rows: Vec<UserRow<'_>> = users.iter().map(UserRow::from).collect();
    Ok(response::json(&rows))
}

const RANK: Table = Table::taken(
    "Rank",
    "Whether somebody governs the server.",
    &[Field::boolean("is_admin", "Whether they do from now on.")],
);

const CHANGE: Operation =
    Operation::new("adminChangeUser", Tag::Admin, "Makes a user an admin of the server, or no longer.")
        .takes(&RANK)
        .answers(Schemas::of::<RankedUser<'_>>)
        .refuses(&[(400, "Nobody else is one.")]);

async fn change(mut context: Context<'_>) -> Answer {
    let id = context.user_id()?;
    let is_admin = context.form(|form| form.boolean("is_admin")).await?;
    let user = context.chat.set_admin(&context.caller, id, is_admin).await?;
    Ok(response::json(&RankedUser::from(&*user)))
}
