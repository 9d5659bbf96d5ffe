//! Users whose name begins with something.

use hyper::Method;

use crate::compat::fastapi::Problems;
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Person;

pub(super) static USER_SEARCH: Resource = Resource {
    paths: &["/api/v1/search/users/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &search)]),
};

/// Users in the answer unless `limit` says otherwise.
const LIMIT_DEFAULT: u64 = 20;

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
