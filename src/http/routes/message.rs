//! One message.

use hyper::Method;

use crate::chat::{ChatResult, Draft, Entity};
use crate::compat::fastapi::Length;
use crate::http::body;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::idempotency::{CLIENT_ID, KEY, idempotency_key};
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::MESSAGE as VIEW;
use crate::model::limits::CLIENT_ID_BYTES_MAX;
use crate::model::{Message, MessageId};
use crate::protocol::annotated::write_annotated;

pub(super) static MESSAGE: Resource = Resource {
    paths: &["/api/v1/messages/{message_id}"],
    serves: Serves::Methods(&[
        (Method::GET, Need::Caller, &read, &READ),
        (Method::PATCH, Need::Caller, &edit, &EDIT),
        (Method::DELETE, Need::Caller, &delete, &DELETE),
    ]),
};

/// The message in the path.
pub(super) fn message_id(context: &Context<'_>) -> Result<MessageId, HttpError> {
    Ok(MessageId(context.row_id("message_id", Entity::Message)?))
}

const READ: Operation = Operation::new("readMessage", Tag::Messages, "Gives one message.")
    .answers(|schemas| VIEW.schema(schemas));

async fn read(context: Context<'_>) -> Answer {
    let id = message_id(&context)?;
    let message = context.chat.message(&context.acting().await?, id).await?;
    show(&context, &message).await
}

const MESSAGE_EDIT: Table = Table::taken(
    "MessageEdit",
    "The new content of a message.",
    &[
        Field::text("content", Length::Any, "Any text without NUL.").storable(),
        CLIENT_ID,
        Field::integer("user_id", "As the parameter, before which it goes.").optional(),
    ],
)
.example(r#"{"content": "Tea at four?"}"#);

const EDIT: Operation = Operation::new("editMessage", Tag::Messages, "Gives one's message another content.")
    .by_somebody()
    .headers(&[KEY])
    .takes(&MESSAGE_EDIT)
    .answers(|schemas| VIEW.schema(schemas));

async fn edit(mut context: Context<'_>) -> Answer {
    let id = message_id(&context)?;
    let (user, content, client_id) = context
        .form(|form| {
            let user = form.optional_integer("user_id");
            let content = form.text("content", Length::Any).to_owned();
            let client_id = form.optional_text("client_id", Length::Bytes(CLIENT_ID_BYTES_MAX));
            (user, content, client_id.map(str::to_owned))
        })
        .await?;
    let client_id = match &client_id {
        Some(client_id) => Some(client_id.as_str()),
        None => idempotency_key(&context.head.headers)?,
    };
    let draft = Draft::new(&content, client_id)?;
    let principal = context.chat.act_as(&context.changing_as(user).await?, None).await?;
    let message = context.chat.edit(&principal, id, draft).await?;
    show(&context, &message).await
}

const DELETE: Operation =
    Operation::new("deleteMessage", Tag::Messages, "Takes the content of a message away.")
        .by_somebody()
        .about("The message stays in its place.");

async fn delete(context: Context<'_>) -> Answer {
    let id = message_id(&context)?;
    context.chat.delete_message(&context.changing().await?, id).await?;
    Ok(response::done())
}

async fn show(context: &Context<'_>, message: &Message) -> Answer {
    let beside: ChatResult<_> = context.chat.annotations(std::slice::from_ref(message)).await;
    let mut json = Vec::new();
    write_annotated(&mut json, message, &beside?.pop().unwrap_or_default());
    Ok(response::ok(body::full(json)))
}
