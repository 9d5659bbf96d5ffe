//! One's reactions to a message.

use hyper::Method;

use super::message::message_id;
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;

pub(super) static REACTION: Resource = Resource {
    paths: &["/api/v1/messages/{message_id}/reactions/{emoji}"],
    serves: Serves::Methods(&[(Method::PUT, Need::Caller, &add), (Method::DELETE, Need::Caller, &take_back)]),
};

async fn add(context: Context<'_>) -> Answer {
    react(context, true).await
}

async fn take_back(context: Context<'_>) -> Answer {
    react(context, false).await
}

async fn react(context: Context<'_>, on: bool) -> Answer {
    let id = message_id(&context)?;
    let principal = context.chat.act_as(&context.changing().await?, None).await?;
    context.chat.react(&principal, id, context.params.get("emoji"), on).await?;
    Ok(response::done())
}
