//! Groups.

use hyper::Method;
use serde::Serialize;

use crate::chat::{Chat, ChatResult, Entity};
use crate::compat::fastapi::{Length, Problems};
use crate::http::body;
use crate::http::context::Context;
use crate::http::list::{self, Rows, write_rows};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::limits::{GROUP_NAME_CHARS_MAX, PAGE_ROWS_MAX};
use crate::model::{Group, GroupId};

pub(super) static GROUPS: Resource = Resource {
    paths: &["/api/v1/groups/"],
    serves: Serves::Methods(&[(Method::GET, &list), (Method::POST, &create)]),
};

pub(super) static GROUP: Resource =
    Resource { paths: &["/api/v1/groups/{group_id}"], serves: Serves::Methods(&[(Method::GET, &read)]) };

#[derive(Serialize)]
struct View<'g> {
    id: i64,
    name: &'g str,
    is_private: bool,
}

impl<'g> From<&'g Group> for View<'g> {
    fn from(group: &'g Group) -> Self {
        Self { id: group.id.0, name: &group.name, is_private: group.is_private }
    }
}

async fn create(mut context: Context<'_>) -> Answer {
    let (name, is_private) = context
        .form(|form| {
            let name = form.text("name", Length::Characters(GROUP_NAME_CHARS_MAX)).to_owned();
            (name, form.boolean("is_private"))
        })
        .await?;
    let group = context.chat.create_group(&name, is_private).await?;
    Ok(response::json(&View::from(&*group)))
}

/// All of them, unless `skip` and `limit` say otherwise.
async fn list(context: Context<'_>) -> Answer {
    let mut problems = Problems::default();
    let skip = context.query.count("skip", 0, &mut problems);
    let limit = context.query.count("limit", i64::MAX as u64, &mut problems);
    problems.check()?;
    if limit == 0 {
        return Ok(response::ok(body::full("[]")));
    }
    list::respond(context.chat, Groups { after: GroupId(0), skip, limit }).await
}

async fn read(context: Context<'_>) -> Answer {
    let id = context.row_id("group_id", Entity::Group)?;
    let group = context.chat.group(GroupId(id)).await?;
    Ok(response::json(&View::from(&*group)))
}

/// Groups with a higher `id`, in its order.
struct Groups {
    after: GroupId,
    skip: u64,
    limit: u64,
}

impl Rows for Groups {
    async fn write_page(self, chat: &Chat, out: &mut Vec<u8>) -> ChatResult<Option<Self>> {
        let page = chat.groups(self.after, self.skip, self.limit.min(PAGE_ROWS_MAX as u64)).await?;
        write_rows(out, &page, |out, group| response::write(out, &View::from(group)));
        let limit = self.limit.saturating_sub(page.len() as u64);
        let last = page.last().filter(|_| page.len() >= PAGE_ROWS_MAX && limit > 0);
        Ok(last.map(|last| Self { after: last.id, skip: 0, limit }))
    }
}
