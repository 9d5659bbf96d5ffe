//! Messages.

use std::sync::Arc;

use hyper::Response;
use hyper::header::{HeaderMap, HeaderName};

use crate::chat::{Chat, ChatError, Claim, Draft, Entity};
use crate::compat::fastapi::json::Value;
use crate::model::limits::CLIENT_ID_BYTES_MAX;
use crate::model::{GroupId, MessageId, Seq, UserId};
use crate::protocol::message::write_message;
use crate::store::{MessageFilter, MessagePage};

use super::body::Body;
use super::error::HttpError;
use super::list::{self, Rows};
use super::{receive, response};
use crate::compat::fastapi::Query;
use crate::compat::fastapi::{Form, Length};
use crate::compat::fastapi::{Location, Problem, Problems};

/// Rows of a list unless `limit` says otherwise.
const LIMIT_DEFAULT: u64 = 100;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// `GET /api/v1/messages/`
pub(super) async fn list(chat: &Arc<Chat>, query: Query<'_>) -> Result<Response<Body>, HttpError> {
    let mut problems = Problems::default();
    let skip = query.count("skip", 0, &mut problems);
    let limit = query.count("limit", LIMIT_DEFAULT, &mut problems);
    let user = query.integer("user_id", &mut problems);
    let group = query.integer("group_id", &mut problems);
    let after_seq = place(query, "after_seq", &mut problems);
    let before_seq = place(query, "before_seq", &mut problems);
    problems.check()?;

    let (Ok(group), Ok(user)) = (group.map(row_number).transpose(), user.map(row_number).transpose()) else {
        return Ok(response::json(b"[]".to_vec()));
    };
    if limit == 0 {
        return Ok(response::json(b"[]".to_vec()));
    }
    let filter = MessageFilter {
        group: group.map(GroupId),
        user: user.map(UserId),
        after_seq: after_seq.map(Seq),
        before_seq: before_seq.map(Seq),
    };
    let after = match (after_seq, before_seq) {
        (None, Some(_)) => chat.newest(filter, limit).await?,
        _ => MessageId(0),
    };
    list::respond(Arc::clone(chat), Rows::Messages(MessagePage { filter, after, skip, limit })).await
}

/// A number that a row can have: positive, and of 63 bits at most.
fn row_number(number: i128) -> Result<i64, NoSuchRow> {
    i64::try_from(number).ok().filter(|&number| number > 0).ok_or(NoSuchRow)
}

/// No row can have this number.
struct NoSuchRow;

/// A place in a group; one beyond all others is as good as the last.
fn place(query: Query<'_>, name: &'static str, problems: &mut Problems) -> Option<i64> {
    let value = query.integer(name, problems)?;
    if query.get("group_id").is_none() {
        problems.add(Problem {
            kind: "value_error",
            location: Location::Query,
            field: Some(name),
            message: &format!("Value error, {name} needs group_id"),
            input: &Value::String(&query.get(name).unwrap_or_default()),
            context: None,
        });
    }
    Some(value.clamp(0, i64::MAX.into()) as i64)
}

/// `POST /api/v1/messages/`
pub(super) async fn send(chat: &Chat, headers: &HeaderMap, body: &[u8]) -> Result<Response<Body>, HttpError> {
    let (group, user, content, client_id) = {
        let mut scratch = Vec::new();
        let object = receive::parse(headers, body, &mut scratch)?;
        let mut form = Form::new(&object);
        let group = form.integer("group_id");
        let user = form.integer("user_id");
        let content = form.text("content", Length::Any);
        let client_id = form.optional_text("client_id", Length::Bytes(CLIENT_ID_BYTES_MAX));
        form.finish()?;
        (group, user, content.to_owned(), client_id.map(str::to_owned))
    };
    let client_id = match client_id {
        Some(client_id) => Some(client_id),
        None => idempotency_key(headers)?,
    };
    let user = i64::try_from(user).map_err(|_| ChatError::NotFound(Entity::User))?;
    let group = i64::try_from(group).map_err(|_| ChatError::NotFound(Entity::Group))?;
    let draft = Draft::new(&content, client_id.as_deref())?;
    let principal = chat.principal(Claim::UserId(UserId(user))).await?;
    let message = chat.post(&principal, GroupId(group), draft).await?;
    let mut json = Vec::new();
    write_message(&mut json, &message);
    Ok(response::json(json))
}

/// The header that stands for `client_id` if the body has none.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problems> {
    let Some(value) = headers.get(IDEMPOTENCY_KEY) else { return Ok(None) };
    match str::from_utf8(value.as_bytes()) {
        Ok(key) if (1..=CLIENT_ID_BYTES_MAX).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => {
            let mut problems = Problems::default();
            problems.add(Problem {
                kind: "value_error",
                location: Location::Header,
                field: Some("idempotency-key"),
                message: &format!("Value error, must be 1 to {CLIENT_ID_BYTES_MAX} bytes of UTF-8"),
                input: &Value::String(&String::from_utf8_lossy(value.as_bytes())),
                context: None,
            });
            Err(problems)
        }
    }
}
