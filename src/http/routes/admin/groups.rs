//! All groups.

use hyper::Method;

use super::{AFTER, LIMIT, PREFIX, Page};
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Operation, Schemas, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::admin::GroupRow;
use crate::model::GroupId;

pub(in crate::http::routes) static GROUPS: Resource = Resource {
    paths: &["/api/v1/admin/groups/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &list, &LIST)]),
};

const LIST: Operation = Operation::new("adminListGroups", Tag::Admin, "Lists all groups, by number.")
    .query(&[PREFIX, AFTER, LIMIT])
    .answers(Schemas::list_of::<GroupRow<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let Page { prefix, after, limit } = Page::of(&context)?;
    let groups = context.chat.list_groups(&context.caller, &prefix, GroupId(after), limit).await?;
    let rows: Vec<GroupRow<'_>> = groups.iter().map(GroupRow::from).collect();
    Ok(response::json(&rows))
}
