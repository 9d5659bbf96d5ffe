//! Messages by their words.

use hyper::Method;

use crate::chat::{Found, SearchFilter};
use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::{Location, Problem, Problems};
use crate::http::body;
use crate::http::context::Context;
use crate::http::list::write_rows;
use crate::http::need::Need;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::{GroupId, MessageId, UserId};
use crate::protocol::annotated::write_annotated;
use crate::search::{Highlight, SearchQuery};

pub(super) static SEARCH: Resource = Resource {
    paths: &["/api/v1/search/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &search)]),
};

/// Messages in the answer unless `limit` says otherwise.
const LIMIT_DEFAULT: u64 = 20;

async fn search(context: Context<'_>) -> Answer {
    let mut problems = Problems::default();
    let text = context.query.required("q", &mut problems);
    let group = context.query.integer("group_id", &mut problems);
    let sender = context.query.integer("from_id", &mut problems);
    let before = context.query.integer("before_id", &mut problems);
    let limit = context.query.count("limit", LIMIT_DEFAULT, &mut problems);
    let query = SearchQuery::parse(&text).unwrap_or_else(|error| {
        problems.add(Problem {
            kind: "value_error",
            location: Location::Query,
            field: Some("q"),
            message: &format!("Value error, {error}"),
            input: &Value::String(&text),
            context: None,
        });
        SearchQuery::default()
    });
    problems.check()?;
    let caller = context.acting().await?;
    // A number that no row can have is as good as 0, which none has.
    let id = |number: i128| i64::try_from(number).unwrap_or_default().max(0);
    let filter = SearchFilter {
        group: group.map(|number| GroupId(id(number))),
        sender: sender.map(|number| UserId(id(number))),
        before: before.map(|number| MessageId(number.clamp(0, i64::MAX.into()) as i64)),
    };
    let found = context.chat.search(&caller, query, filter, limit).await?;
    let mut json = b"[".to_vec();
    write_rows(&mut json, &found, write);
    json.push(b']');
    Ok(response::ok(body::full(json)))
}

fn write(out: &mut Vec<u8>, Found { message, beside, highlights }: &Found) {
    out.extend_from_slice(b"{\"message\":");
    write_annotated(out, message, beside);
    out.extend_from_slice(b",\"highlights\":");
    let ranges: Vec<[u32; 2]> =
        highlights.iter().map(|Highlight { start, length }| [*start, *length]).collect();
    response::write(out, &ranges);
    out.push(b'}');
}
