//! One's reactions to a message.

use hyper::Method;
use percent_encoding::percent_decode_str;

use super::message::message_id;
use crate::chat::ChatError;
use crate::compat::fastapi::Length;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::limits::EMOJI_BYTES_MAX;

pub(super) static REACTION: Resource = Resource {
    paths: &[
        "/api/v1/messages/{message_id}/reactions/{emoji}",
        // A slash may be part of it.
        "/api/v1/messages/{message_id}/reactions/{emoji:path}",
    ],
    serves: Serves::Methods(&[
        (Method::PUT, Need::Caller, &add, &ADD),
        (Method::DELETE, Need::Caller, &take_back, &TAKE_BACK),
    ]),
};

const EMOJI: Field =
    Field::text("emoji", Length::Bytes(EMOJI_BYTES_MAX), "Any text without white space and NUL.")
        .filled()
        .like(r"^[^\s\u0000]+$");

const ADD: Operation = Operation::new("addReaction", Tag::Messages, "Reacts to a message.")
    .by_somebody()
    .path(&[EMOJI])
    .refuses(&[(409, "The message has as many different reactions as it can have.")]);

async fn add(context: Context<'_>) -> Answer {
    react(context, true).await
}

const TAKE_BACK: Operation =
    Operation::new("takeBackReaction", Tag::Messages, "Takes one's reaction to a message back.")
        .by_somebody()
        .path(&[EMOJI]);

async fn take_back(context: Context<'_>) -> Answer {
    react(context, false).await
}

async fn react(context: Context<'_>, on: bool) -> Answer {
    let id = message_id(&context)?;
    let principal = context.chat.act_as(&context.changing().await?, None).await?;
    context.chat.react(&principal, id, &emoji(&context)?, on).await?;
    Ok(response::done())
}

/// What stands in the path, decoded by itself: in the path as a whole a slash that is part of it, and comes last, is not
/// told apart from one that ends the path.
fn emoji(context: &Context<'_>) -> Result<String, HttpError> {
    let path = context.head.uri.path();
    let emoji = path.split_once("/reactions/").map_or("", |(_, emoji)| emoji);
    let emoji = emoji.strip_suffix('/').unwrap_or(emoji);
    let not_utf8 = |_| ChatError::Invalid { field: "emoji", reason: "not UTF-8".to_owned() };
    Ok(percent_decode_str(emoji).decode_utf8().map_err(not_utf8)?.into_owned())
}
