//! Who of a group is online.

use hyper::Method;
use serde::Serialize;

use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Person;

pub(super) static PRESENCE: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/presence/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &read)]),
};

#[derive(Serialize)]
struct View<'u> {
    online: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<Person<'u>>>,
}

async fn read(context: Context<'_>) -> Answer {
    let id = context.group_id()?;
    let presence = context.chat.presence(&context.acting().await?, id).await?;
    let users = presence.users.as_ref().map(|users| users.iter().map(|user| Person::from(&**user)).collect());
    Ok(response::json(&View { online: presence.online, users }))
}
