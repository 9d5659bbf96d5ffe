//! The sessions of all users.

use hyper::Method;

use super::{AFTER, LIMIT, Page};
use crate::chat::{Entity, SessionEntry};
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Operation, Schemas, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::admin::SessionRow;
use crate::model::SessionId;

pub(in crate::http::routes) static SESSIONS: Resource = Resource {
    paths: &["/api/v1/admin/sessions/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &list, &LIST)]),
};

pub(in crate::http::routes) static USER_SESSIONS: Resource = Resource {
    paths: &["/api/v1/admin/users/{user_id}/sessions/"],
    serves: Serves::Methods(&[(Method::GET, Need::Governor, &list_of_user, &LIST_OF_USER)]),
};

pub(in crate::http::routes) static SESSION: Resource = Resource {
    paths: &["/api/v1/admin/sessions/{session_id}"],
    serves: Serves::Methods(&[(Method::DELETE, Need::Governor, &end, &END)]),
};

const LIST: Operation =
    Operation::new("adminListSessions", Tag::Admin, "Lists the sessions of all users, the newest first.")
        .query(&[AFTER, LIMIT])
        .refuses(&[(404, "The session behind which the list was to begin has ended.")])
        .answers(Schemas::list_of::<SessionRow<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let Page { after, limit, .. } = Page::of(&context)?;
    let after = (after > 0).then_some(SessionId(after));
    respond(&context.chat.list_sessions(&context.caller, after, limit).await?)
}

const LIST_OF_USER: Operation = Operation::new(
    "adminListSessionsOf",
    Tag::Admin,
    "Lists the sessions of a user, the one renewed last first.",
)
.answers(Schemas::list_of::<SessionRow<'_>>);

async fn list_of_user(context: Context<'_>) -> Answer {
    let user = context.user_id()?;
    respond(&context.chat.sessions_of(&context.caller, user).await?)
}

fn respond(sessions: &[SessionEntry]) -> Answer {
    let rows: Vec<SessionRow<'_>> = sessions.iter().map(SessionRow::from).collect();
    Ok(response::json(&rows))
}

const END: Operation =
    Operation::new("adminEndSession", Tag::Admin, "Ends anybody's session, and closes its sockets.");

async fn end(context: Context<'_>) -> Answer {
    let id = SessionId(context.row_id("session_id", Entity::Session)?);
    context.chat.end_anybodys_session(&context.caller, id).await?;
    Ok(response::done())
}
