//! Groups, and who is in them.

use std::sync::Arc;

use hyper::Response;
use hyper::header::HeaderMap;

use crate::chat::{Chat, ChatError, Entity};
use crate::model::limits::GROUP_NAME_CHARS_MAX;
use crate::model::{Group, GroupId, UserId};
use crate::protocol::json::write_integer;

use super::body::Body;
use super::error::HttpError;
use super::list::{self, Rows};
use super::{receive, response};
use crate::compat::fastapi::Problems;
use crate::compat::fastapi::{Form, Length};
use crate::compat::fastapi::{Query, path_integer};

/// `POST /api/v1/groups/`
pub(super) async fn create(
    chat: &Chat,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Body>, HttpError> {
    let (name, is_private) = {
        let mut scratch = Vec::new();
        let object = receive::parse(headers, body, &mut scratch)?;
        let mut form = Form::new(&object);
        let name = form.text("name", Length::Characters(GROUP_NAME_CHARS_MAX));
        let is_private = form.boolean("is_private");
        form.finish()?;
        (name.to_owned(), is_private)
    };
    let group = chat.create_group(&name, is_private).await?;
    Ok(show(&group))
}

/// `GET /api/v1/groups/`: all of them, unless `skip` and `limit` say otherwise.
pub(super) async fn list(chat: &Arc<Chat>, query: Query<'_>) -> Result<Response<Body>, HttpError> {
    let mut problems = Problems::default();
    let skip = query.count("skip", 0, &mut problems);
    let limit = query.count("limit", i64::MAX as u64, &mut problems);
    problems.check()?;
    if limit == 0 {
        return Ok(response::json(b"[]".to_vec()));
    }
    list::respond(Arc::clone(chat), Rows::Groups { after: GroupId(0), skip, limit }).await
}

/// `GET /api/v1/groups/{group_id}`
pub(super) async fn read(chat: &Chat, id: &str) -> Result<Response<Body>, HttpError> {
    Ok(show(&*chat.group(parse_id(id)?).await?))
}

/// `GET /api/v1/groups/{group_id}/members/`
pub(super) async fn members(chat: &Arc<Chat>, id: &str) -> Result<Response<Body>, HttpError> {
    let group = chat.group(parse_id(id)?).await?.id;
    list::respond(Arc::clone(chat), Rows::Members { group, after: UserId(0) }).await
}

/// `GET /api/v1/groups/{group_id}/presence/`
pub(super) async fn presence(chat: &Chat, id: &str) -> Result<Response<Body>, HttpError> {
    let presence = chat.presence(parse_id(id)?).await?;
    let mut json = b"{\"online\":".to_vec();
    write_integer(&mut json, presence.online);
    if let Some(users) = presence.users {
        json.extend_from_slice(b",\"users\":[");
        for (index, user) in users.iter().enumerate() {
            if index > 0 {
                json.push(b',');
            }
            response::write_member(&mut json, user);
        }
        json.push(b']');
    }
    json.push(b'}');
    Ok(response::json(json))
}

fn parse_id(text: &str) -> Result<GroupId, HttpError> {
    let id = path_integer("group_id", text)?;
    let id = i64::try_from(id).map_err(|_| ChatError::NotFound(Entity::Group))?;
    Ok(GroupId(id))
}

fn show(group: &Group) -> Response<Body> {
    let mut json = Vec::new();
    response::write_group(&mut json, group);
    response::json(json)
}
