//! How far one has read a group.

use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::{GroupId, ReadMark, Seq};

pub(super) static READ: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/read/"],
    serves: Serves::Methods(&[(Method::PUT, Need::Caller, &mark, &MARK)]),
};

/// How far one has read a group.
#[derive(Serialize, ToSchema)]
#[schema(as = ReadMark)]
struct View {
    group_id: i64,
    seq: i64,
    /// Messages of others behind it, as far as they are counted.
    unread: u64,
    /// Those of them that mention one.
    mentions: u64,
    /// True where there may be more than are counted; absent where both are exact.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    capped: bool,
}

impl View {
    fn new(group: GroupId, mark: &ReadMark) -> Self {
        let (unread, capped) = (mark.unread, mark.unread.is_capped());
        Self {
            group_id: group.0,
            seq: mark.seq.0,
            unread: unread.messages,
            mentions: unread.mentions,
            capped,
        }
    }
}

const NEW_MARK: Table = Table::taken(
    "NewReadMark",
    "How far one has read.",
    &[
        Field::number("seq", "The last entry that one has read; above the head it counts as the head."),
        Field::integer("user_id", "As the parameter, before which it goes.").optional(),
    ],
)
.example(r#"{"seq": 3}"#);

const MARK: Operation = Operation::new("markRead", Tag::Messages, "Moves one's read mark forward.")
    .by_somebody()
    .about("It never moves back.")
    .takes(&NEW_MARK)
    .answers(Schemas::of::<View>);

async fn mark(mut context: Context<'_>) -> Answer {
    let group = context.group_id()?;
    let (user, seq) = context.form(|form| (form.optional_integer("user_id"), form.count("seq"))).await?;
    let principal = context.chat.act_as(&context.changing_as(user).await?, None).await?;
    let mark = context.chat.mark_read(&principal, group, Seq(seq), None).await?;
    Ok(response::json(&View::new(group, &mark)))
}
