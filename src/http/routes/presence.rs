//! Who of a group is online.

use hyper::Method;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Operation, Schemas, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Person;

pub(super) static PRESENCE: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/presence/"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &read, &READ)]),
};

/// Who of a group is online.
#[derive(Serialize, ToSchema)]
#[schema(as = Presence)]
struct View<'u> {
    online: usize,
    /// Absent where they are many.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    users: Option<Vec<Person<'u>>>,
}

const READ: Operation = Operation::new("readPresence", Tag::Members, "Tells who of a group is online.")
    .answers(Schemas::of::<View<'_>>);

async fn read(context: Context<'_>) -> Answer {
    let id = context.group_id()?;
    let presence = context.chat.presence(&context.acting().await?, id).await?;
    let users = presence.users.as_ref().map(|users| users.iter().map(|user| Person::from(&**user)).collect());
    Ok(response::json(&View { online: presence.online, users }))
}
