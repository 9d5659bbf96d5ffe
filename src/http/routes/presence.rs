//! Who of a group is online.

use hyper::Method;
use serde::Serialize;

use super::members::Member;
use crate::chat::Entity;
use crate::http::context::Context;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::GroupId;

pub(super) static PRESENCE: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/presence/"],
    serves: Serves::Methods(&[(Method::GET, &read)]),
};

#[derive(Serialize)]
struct View<'u> {
    online: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<Vec<Member<'u>>>,
}

async fn read(context: Context<'_>) -> Answer {
    let id = context.row_id("group_id", Entity::Group)?;
    let presence = context.chat.presence(GroupId(id)).await?;
    let users = presence.users.as_ref().map(|users| users.iter().map(|user| Member::from(&**user)).collect());
    Ok(response::json(&View { online: presence.online, users }))
}
