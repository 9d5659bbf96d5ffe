//! How the server is.

use hyper::Method;

use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Operation, Schemas, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::admin::StatusView;

pub(in crate::http::routes) static STATUS: Resource = Resource {
    paths: &["/api/v1/admin/status/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &show, &SHOW)]),
};

const SHOW: Operation = Operation::new("adminReadStatus", Tag::Admin, "Tells how the server is.")
    .answers(Schemas::of::<StatusView<'_>>);

async fn show(context: Context<'_>) -> Answer {
    let status = context.chat.status(&context.caller).await?;
    Ok(response::json(&StatusView::from(&status)))
}
