//! Users whose name begins with something.

use hyper::Method;

use crate::compat::fastapi::{Length, Problems};
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Person;
use crate::model::limits::FOUND_USERS_MAX;

pub(super) static USER_SEARCH: Resource = Resource {
    paths: &["/api/v1/search/users/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &search, &SEARCH)]),
};

/// Users in the answer unless `limit` says otherwise.
const LIMIT_DEFAULT: u64 = 20;

const SEARCH: Operation =
    Operation::new("searchUsers", Tag::Search, "Finds users whose name begins with something.")
        .query(&[
            Field::text("q", Length::Any, "The beginning, in upper or lower case."),
            Field::count("limit", "At most so many are given.").or(LIMIT_DEFAULT).capped(FOUND_USERS_MAX),
        ])
        .answers(Schemas::list_of::<Person<'_>>);

async fn search(context: Context<'_>) -> Answer {
    let mut problems = Problems::default();
    let prefix = context.query.required("q", &mut problems);
    let limit = context.query.count("limit", LIMIT_DEFAULT, &mut problems);
    problems.check()?;
    let caller = context.acting().await?;
    let users = context.chat.search_users(&caller, &prefix, limit).await?;
    let users: Vec<Person<'_>> = users.iter().map(Person::from).collect();
    Ok(response::json(&users))
}
