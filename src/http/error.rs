//! What goes wrong, and what the client is told.

use std::borrow::Cow;
use std::time::Duration;

use hyper::header::{ALLOW, CONNECTION, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};

use super::body::{self, Body};
use super::response;
use crate::chat::{ChatError, Unique};
use crate::compat::fastapi::json::Value;
use crate::compat::fastapi::{BodyError, Location, Problem, Problems};

/// What FastAPI says of a body that can not be read.
pub(super) const UNREADABLE: &str = "There was an error parsing the body";

/// How to show who asks (RFC 6750 section 3).
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");

/// Why a request was not carried out.
#[derive(Debug)]
pub(super) enum HttpError {
    /// 422: the body, the path or the query does not validate.
    Invalid(Problems),
    /// 405: the resource does not have this method.
    MethodNotAllowed {
        /// The methods it has, with commas between them.
        allow: String,
    },
    /// The connection can not be used again, since the body was not read to its end, or nobody can tell whom the next
    /// request would be for.
    Last(StatusCode, &'static str),
    /// 401: it is not known, or not proven, who asks.
    Unauthenticated(&'static str),
    /// Worth another try.
    TryLater {
        /// 429 or 503.
        status: StatusCode,
        text: &'static str,
        /// Told in whole seconds, rounded up: at least 1, at most 3,600.
        retry_after: Duration,
    },
    /// A use case failed.
    Chat(ChatError),
    /// Anything else, with its text.
    Detail(StatusCode, Cow<'static, str>),
}

impl HttpError {
    /// There is nothing under this path.
    pub(super) const NOT_FOUND: Self = Self::Detail(StatusCode::NOT_FOUND, Cow::Borrowed("Not Found"));

    /// The response that tells the client.
    pub(super) fn into_response(self) -> Response<Body> {
        match self {
            Self::Invalid(problems) => {
                let mut response = response::ok(body::full(problems.into_json()));
                *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
                response
            }
            Self::MethodNotAllowed { allow } => {
                let mut response = response::detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
                if let Ok(allow) = HeaderValue::try_from(allow) {
                    response.headers_mut().insert(ALLOW, allow);
                }
                response
            }
            Self::Last(status, text) => {
                let mut response = response::detail(status, text);
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                response
            }
            Self::Unauthenticated(text) => {
                let mut response = response::detail(StatusCode::UNAUTHORIZED, text);
                response.headers_mut().insert(WWW_AUTHENTICATE, BEARER);
                response
            }
            Self::TryLater { status, text, retry_after } => {
                let mut response = response::detail(status, text);
                let seconds = retry_after.as_millis().div_ceil(1000).clamp(1, 3600) as u64;
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
            Self::Chat(error) => {
                error.log();
                Self::of_chat(error).into_response()
            }
            Self::Detail(status, text) => response::detail(status, &text),
        }
    }
}

impl From<Problems> for HttpError {
    fn from(problems: Problems) -> Self {
        Self::Invalid(problems)
    }
}

impl From<BodyError> for HttpError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Invalid(problems) => Self::Invalid(problems),
            BodyError::Unreadable => Self::Detail(StatusCode::BAD_REQUEST, UNREADABLE.into()),
        }
    }
}

impl From<ChatError> for HttpError {
    fn from(error: ChatError) -> Self {
        Self::Chat(error)
    }
}

impl HttpError {
    /// What the client is told of a use case's failure.
    fn of_chat(error: ChatError) -> Self {
        let detail = |status, text: String| Self::Detail(status, text.into());
        let unavailable =
            |text, retry_after| Self::TryLater { status: StatusCode::SERVICE_UNAVAILABLE, text, retry_after };
        match error {
            ChatError::NotFound(entity) => detail(StatusCode::NOT_FOUND, format!("{entity} not found")),
            ChatError::Taken(what) => {
                let what = match what {
                    Unique::Email => "Email",
                    Unique::Username => "Username",
                    Unique::GroupName => "Group name",
                    Unique::KeyName => "Key name",
                };
                detail(StatusCode::BAD_REQUEST, format!("{what} already registered"))
            }
            ChatError::Invalid { field, reason } => {
                let mut problems = Problems::default();
                problems.add(Problem {
                    kind: "value_error",
                    location: Location::Body,
                    field: Some(field),
                    message: &format!("Value error, {reason}"),
                    input: &Value::Null,
                    context: None,
                });
                Self::Invalid(problems)
            }
            ChatError::Unnamed => Self::Invalid(missing_user()),
            ChatError::NotAuthenticated => Self::Unauthenticated("Not authenticated"),
            ChatError::BadCredentials => Self::Unauthenticated("Could not validate credentials"),
            ChatError::WrongLogin => Self::Unauthenticated("Incorrect username or password"),
            ChatError::GroupFull
            | ChatError::NotMember
            | ChatError::Forbidden(_)
            | ChatError::Banned
            | ChatError::Muted => detail(StatusCode::FORBIDDEN, error.to_string()),
            ChatError::Locked { retry_after } => Self::TryLater {
                status: StatusCode::TOO_MANY_REQUESTS,
                text: "Too many wrong passwords",
                retry_after,
            },
            ChatError::LastAdmin => detail(StatusCode::BAD_REQUEST, error.to_string()),
            ChatError::TooManyReactions => detail(StatusCode::CONFLICT, error.to_string()),
            ChatError::TooLarge { .. } => detail(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            ChatError::RateLimited { retry_after } => Self::TryLater {
                status: StatusCode::TOO_MANY_REQUESTS,
                text: "Too many messages in too short a time",
                retry_after,
            },
            ChatError::Busy { retry_after } => unavailable("The server is busy", retry_after),
            ChatError::Unavailable(_) => unavailable("Service Unavailable", Duration::from_secs(1)),
            ChatError::Internal(_) => {
                Self::Detail(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error".into())
            }
        }
    }
}

/// What is said if nobody is named to act, and somebody has to be.
fn missing_user() -> Problems {
    let mut problems = Problems::default();
    problems.add(Problem::missing(Location::Query, "user_id"));
    problems
}
