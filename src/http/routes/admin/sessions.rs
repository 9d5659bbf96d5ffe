//! The sessions of all users.

use hyper::Method;

use super::Page;
use crate::chat::{Entity, SessionEntry};
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::admin::SessionRow;
use crate::model::SessionId;

pub(in crate::http::routes) static SESSIONS: Resource = Resource {
    paths: &["/api/v1/admin/sessions/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &list)]),
};

pub(in crate::http::routes) static USER_SESSIONS: Resource = Resource {
    paths: &["/api/v1/admin/users/{user_id}/sessions/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &list_of_user)]),
};

pub(in crate::http::routes) static SESSION: Resource = Resource {
    paths: &["/api/v1/admin/sessions/{session_id}"],
    serves: Serves::Methods(&[(Method::DELETE, Need::Governor, &end)]),
};

async fn list(context: Context<'_>) -> Answer {
    let Page { after, limit, .. } = Page::of(&context)?;
    let after = (after > 0).then_some(SessionId(after));
    respond(&context.chat.list_sessions(&context.caller, after, limit).await?)
}

async fn list_of_user(context: Context<'_>) -> Answer {
    let user = context.user_id()?;
    respond(&context.chat.sessions_of(&context.caller, user).await?)
}

fn respond(sessions: &[SessionEntry]) -> Answer {
    let rows: Vec<SessionRow<'_>> = sessions.iter().map(SessionRow::from).collect();
    Ok(response::json(&rows))
}

async fn end(context: Context<'_>) -> Answer {
    let id = SessionId(context.row_id("session_id", Entity::Session)?);
    context.chat.end_anybodys_session(&context.caller, id).await?;
    Ok(response::done())
}
