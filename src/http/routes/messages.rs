//! Messages.

use hyper::Method;

use crate::chat::{Chat, ChatError, ChatResult, Draft, Entity, MessageFilter, MessagePage};
use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::{Length, Location, Problem, Problems, Query};
use crate::http::body;
use crate::http::context::Context;
use crate::http::idempotency::{CLIENT_ID, KEY, idempotency_key};
use crate::http::list::{self, Rows, write_rows};
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Table, Tag, list as list_schema};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::MESSAGE;
use crate::model::limits::{CLIENT_ID_BYTES_MAX, PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use crate::model::{GroupId, MessageId, Seq, UserId};
use crate::protocol::annotated::write_annotated;
use crate::protocol::message::write_message;

pub(super) static MESSAGES: Resource = Resource {
    paths: &["/api/v1/messages/"],
    serves: Serves::Methods(&[
        (Method::GET, Need::Caller, &list, &LIST),
        (Method::POST, Need::Caller, &send, &SEND),
    ]),
};

/// Rows of a list unless `limit` says otherwise.
const LIMIT_DEFAULT: u64 = 100;

const LIST: Operation = Operation::new("listMessages", Tag::Messages, "Lists messages, oldest first.")
    .about(
        "Without `group_id` of all groups that one may read. A group, user or thread that does not exist has no \
         messages. `before_seq` without `after_seq` gives the newest before it.",
    )
    .without_actor()
    .query(&[
        Field::count("skip", "So many are left out at the beginning.").or(0),
        Field::count("limit", "At most so many are given.").or(LIMIT_DEFAULT),
        Field::integer("group_id", "Those of this group.").optional(),
        Field::integer("user_id", "Those of this sender.").optional(),
        Field::integer("thread_id", "The thread that this message begins.").optional(),
        Field::integer("after_seq", "Those behind this place; needs `group_id`.").optional(),
        Field::integer("before_seq", "Those before this place; needs `group_id`.").optional(),
    ])
    .answers(|schemas| list_schema(MESSAGE.schema(schemas)));

/// `user_id` is the sender here, and not who acts.
async fn list(context: Context<'_>) -> Answer {
    let Context { chat, query, ref caller, .. } = context;
    let mut problems = Problems::default();
    let skip = query.count("skip", 0, &mut problems);
    let limit = query.count("limit", LIMIT_DEFAULT, &mut problems);
    let user = query.integer("user_id", &mut problems);
    let group = query.integer("group_id", &mut problems);
    let after_seq = seq(query, "after_seq", &mut problems);
    let before_seq = seq(query, "before_seq", &mut problems);
    let thread = query.integer("thread_id", &mut problems);
    problems.check()?;

    let numbers = (group.map(row_number), user.map(row_number), thread.map(row_number));
    let (Ok(group), Ok(user), Ok(thread)) =
        (numbers.0.transpose(), numbers.1.transpose(), numbers.2.transpose())
    else {
        return Ok(response::ok(body::full("[]")));
    };
    if limit == 0 {
        return Ok(response::ok(body::full("[]")));
    }
    let (group, user, thread) = (group.map(GroupId), user.map(UserId), thread.map(MessageId));
    let filter = MessageFilter { group, user, thread, after_seq, before_seq, ..MessageFilter::default() };
    let Some(filter) = chat.readable(caller, filter).await? else {
        return Ok(response::ok(body::full("[]")));
    };
    let after = match (after_seq, before_seq) {
        (None, Some(_)) => chat.newest(filter, limit).await?,
        _ => MessageId(0),
    };
    list::respond(chat, MessagePage { filter, after, skip, limit }).await
}

/// A number that a row can have: positive, and of 63 bits at most.
fn row_number(number: i128) -> Result<i64, NoSuchRow> {
    i64::try_from(number).ok().filter(|&number| number > 0).ok_or(NoSuchRow)
}

struct NoSuchRow;

/// A `seq` of the group that is asked for; one beyond all others is as good as the last.
fn seq(query: Query<'_>, name: &'static str, problems: &mut Problems) -> Option<Seq> {
    let value = query.integer(name, problems)?;
    if query.get("group_id").is_none() {
        problems.add(Problem {
            kind: "value_error",
            location: Location::Query,
            field: Some(name),
            message: &format!("Value error, {name} needs group_id"),
            input: &Value::String(&query.get(name).unwrap_or_default()),
            context: None,
        });
    }
    Some(Seq(value.clamp(0, i64::MAX.into()) as i64))
}

impl Rows for MessagePage {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let page = chat.messages(Self { limit: self.limit.min(PAGE_ROWS_MAX as u64), ..self }).await?;
        let beside = chat.annotations(&page).await?;
        let rows: Vec<_> = page.iter().zip(&beside).collect();
        write_rows(out, &rows, |out, (message, beside)| write_annotated(out, message, beside));
        let limit = self.limit.saturating_sub(page.len() as u64);
        // A page of long messages ends early.
        let is_full = page.len() >= PAGE_ROWS_MAX
            || page.iter().map(|message| message.content.len()).sum::<usize>() >= PAGE_BYTES_MAX;
        let last = page.last().filter(|_| is_full && limit > 0);
        Ok(last.map(|last| Self { after: last.id, skip: 0, limit, ..self }))
    }
}

const NEW_MESSAGE: Table = Table::taken(
    "NewMessage",
    "A message that is to be sent.",
    &[
        Field::integer("group_id", ""),
        Field::integer("user_id", "The sender; a token of one user tells it by itself.").required_by_name(),
        Field::text("content", Length::Any, "Any text without NUL.").storable(),
        CLIENT_ID,
        Field::integer("reply_to", "The message of the same group that it answers.").optional(),
    ],
)
.example(r#"{"group_id": 1, "user_id": 1, "content": "Tea?", "client_id": "order-17"}"#);

const SEND: Operation = Operation::new("sendMessage", Tag::Messages, "Sends a message.")
    .about("It is answered when the message is stored. In an open group it makes a member where a name is enough.")
    .headers(&[KEY])
    .takes(&NEW_MESSAGE)
    .answers(|schemas| MESSAGE.schema(schemas));

async fn send(mut context: Context<'_>) -> Answer {
    let is_open_who_acts = context.leaves_open_who_acts();
    let (group, user, content, client_id, reply_to) = context
        .form(|form| {
            let group = form.integer("group_id");
            let user = match is_open_who_acts {
                true => Some(form.integer("user_id")),
                false => form.optional_integer("user_id"),
            };
            let content = form.text("content", Length::Any).to_owned();
            let client_id = form.optional_text("client_id", Length::Bytes(CLIENT_ID_BYTES_MAX));
            let reply_to = form.optional_integer("reply_to");
            (group, user, content, client_id.map(str::to_owned), reply_to)
        })
        .await?;
    let client_id = match &client_id {
        Some(client_id) => Some(client_id.as_str()),
        None => idempotency_key(&context.head.headers)?,
    };
    let sender = context.acting_as(user).await?;
    let group = i64::try_from(group).map_err(|_| ChatError::NotFound(Entity::Group))?;
    let reply_to =
        reply_to.map(i64::try_from).transpose().map_err(|_| ChatError::NotFound(Entity::Message))?;
    let draft = Draft::new(&content, client_id)?.answering(reply_to.map(MessageId));
    let principal = context.chat.act_as(&sender, None).await?;
    let message = context.chat.post(&principal, GroupId(group), draft).await?;
    let mut json = Vec::new();
    write_message(&mut json, &message);
    Ok(response::ok(body::full(json)))
}
