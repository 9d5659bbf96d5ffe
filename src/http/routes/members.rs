//! Who belongs to a group.

use hyper::Method;
use serde::Serialize;

use crate::chat::{Chat, ChatResult, Entity};
use crate::http::context::Context;
use crate::http::list::{self, Rows, write_rows};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{GroupId, User, UserId};

pub(super) static MEMBERS: Resource = Resource {
    paths: &["/api/v1/groups/{group_id}/members/"],
    serves: Serves::Methods(&[(Method::GET, &list)]),
};

/// A user as others in a group see them: without the e-mail address, which a name in a list should not give away.
#[derive(Serialize)]
pub(super) struct Member<'u> {
    id: i64,
    username: &'u str,
}

impl<'u> From<&'u User> for Member<'u> {
    fn from(user: &'u User) -> Self {
        Self { id: user.id.0, username: &user.username }
    }
}

async fn list(context: Context<'_>) -> Answer {
    let id = context.row_id("group_id", Entity::Group)?;
    let group = context.chat.group(GroupId(id)).await?.id;
    list::respond(context.chat, Members { group, after: UserId(0) }).await
}

/// Members with a higher `id`, in its order.
struct Members {
    group: GroupId,
    after: UserId,
}

impl Rows for Members {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let page = chat.members(self.group, self.after, PAGE_ROWS_MAX as u64).await?;
        write_rows(out, &page, |out, user| response::write(out, &Member::from(user)));
        let last = page.last().filter(|_| page.len() >= PAGE_ROWS_MAX);
        Ok(last.map(|last| Self { after: last.id, ..self }))
    }
}
