//! Paths under which a WebSocket can be opened.

use hyper::StatusCode;

use crate::chat::SocketTarget;
use crate::compat::fastapi::integer::parse_integer;
use crate::http::error::HttpError;
use crate::http::params::Params;
use crate::http::resource::{Resource, Serves};
use crate::model::UserId;

pub(super) static GROUP_SOCKET: Resource = Resource {
    paths: &["/ws/group/{group_name}/{username}", "/api/v1/ws/group/{group_name}/{username}"],
    serves: Serves::Socket(group),
};

pub(super) static PRIVATE_SOCKET: Resource = Resource {
    paths: &["/ws/chat/{user_id}/{receiver_username}", "/api/v1/ws/chat/{user_id}/{receiver_username}"],
    serves: Serves::Socket(private),
};

pub(super) static SOCKET: Resource = Resource { paths: &["/ws", "/api/v1/ws"], serves: Serves::Socket(any) };

pub(super) static ECHO_SOCKET: Resource = Resource { paths: &["/ws/echo"], serves: Serves::Echo };

fn group(params: &Params<'_>) -> Result<SocketTarget, HttpError> {
    let (group, username) = (params.get("group_name").to_owned(), params.get("username").to_owned());
    Ok(SocketTarget::Group { group, username })
}

fn private(params: &Params<'_>) -> Result<SocketTarget, HttpError> {
    let number = parse_integer(params.get("user_id"))
        .map_err(|_| HttpError::Detail(StatusCode::FORBIDDEN, "The user id is not an integer".into()))?;
    // No user has number 0, as none has one that does not fit.
    let user = UserId(i64::try_from(number).unwrap_or(0));
    Ok(SocketTarget::Private { user, receiver: params.get("receiver_username").to_owned() })
}

fn any(_: &Params<'_>) -> Result<SocketTarget, HttpError> {
    Ok(SocketTarget::Any)
}
