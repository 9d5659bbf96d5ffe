//! Messages by their words.

use hyper::Method;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{ArrayBuilder, Object};

use crate::chat::{Found, SearchFilter};
use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::{Length, Location, Problem, Problems};
use crate::http::body;
use crate::http::context::Context;
use crate::http::list::write_rows;
use crate::http::need::Need;
use crate::http::openapi::{Field, MakeSchema, Operation, Table, Tag, list};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::MESSAGE;
use crate::model::limits::FOUND_MAX;
use crate::model::{GroupId, MessageId, UserId};
use crate::protocol::annotated::write_annotated;
use crate::search::{Highlight, QUERY_CHARS_MAX, SearchQuery};

pub(super) static SEARCH: Resource = Resource {
    paths: &["/api/v1/search/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &find, &FIND)]),
};

/// Messages in the answer unless `limit` says otherwise.
const LIMIT_DEFAULT: u64 = 20;

const RANGE: MakeSchema = |_| {
    let number = || Object::with_type(Type::Integer);
    let range = ArrayBuilder::new().items(number()).min_items(Some(2)).max_items(Some(2));
    list(range.into())
};

const FOUND: Table = Table::given(
    "Found",
    "A message that answers, and where: `[start, length]` in characters (Unicode code points) of its content.",
    &[Field::other("message", |schemas| MESSAGE.schema(schemas)), Field::other("highlights", RANGE)],
);

const FIND: Operation = Operation::new("searchMessages", Tag::Search, "Finds messages by their words.")
    .by_somebody()
    .about(
        "Newest first, in the groups that one belongs to. Words stand in any order, `\"a phrase\"` in its own, and \
         `begin*` is the beginning of a word.",
    )
    .query(&[
        Field::text("q", Length::Characters(QUERY_CHARS_MAX), "What to look for."),
        Field::integer("group_id", "In this group.").optional(),
        Field::integer("from_id", "Of this sender.").optional(),
        Field::integer("before_id", "Before this message.").optional(),
        Field::count("limit", "At most so many are given.").or(LIMIT_DEFAULT).capped(FOUND_MAX),
    ])
    .answers(|schemas| list(FOUND.schema(schemas)));

async fn find(context: Context<'_>) -> Answer {
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
    let _turn = context.chat.untaken().turn().await?;
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
