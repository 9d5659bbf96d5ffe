//! What the server was started with.

use hyper::Method;

use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Operation, Schemas, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::admin::SettingRow;

pub(in crate::http::routes) static SETTINGS: Resource = Resource {
    paths: &["/api/v1/admin/settings/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &list, &LIST)]),
};

const LIST: Operation =
    Operation::new("adminListSettings", Tag::Admin, "Lists the settings in force, without secrets.")
        .answers(Schemas::list_of::<SettingRow<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let settings = context.chat.settings(&context.caller)?;
    let rows: Vec<SettingRow<'_>> = settings.iter().map(SettingRow::from).collect();
    Ok(response::json(&rows))
}
