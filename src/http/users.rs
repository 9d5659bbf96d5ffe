//! Users.

use hyper::header::HeaderMap;
use hyper::{Response, StatusCode};

use crate::chat::{Chat, ChatError, Entity};
use crate::model::limits::{EMAIL_CHARS_MAX, PASSWORD_BYTES_MAX, USERNAME_CHARS_MAX};
use crate::model::{User, UserId};

use super::body::Body;
use super::error::HttpError;
use super::{receive, response};
use crate::compat::fastapi::path_integer;
use crate::compat::fastapi::{Form, Length};

/// `POST /api/v1/users/`
pub(super) async fn create(
    chat: &Chat,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Response<Body>, HttpError> {
    let (username, email, password) = {
        let mut scratch = Vec::new();
        let object = receive::parse(headers, body, &mut scratch)?;
        let mut form = Form::new(&object);
        let username = form.text("username", Length::Characters(USERNAME_CHARS_MAX));
        let email = form.email("email", Length::Characters(EMAIL_CHARS_MAX));
        let password = form.secret("password", Length::Bytes(PASSWORD_BYTES_MAX));
        form.finish()?;
        (username.to_owned(), email, password.to_owned())
    };
    if username.is_empty() || password.is_empty() {
        let text = "username, email, and password are required";
        return Err(HttpError::Detail(StatusCode::UNPROCESSABLE_ENTITY, text.into()));
    }
    Ok(show(&chat.create_user(username, email, password).await?))
}

/// `GET /api/v1/users/{user_id}`
pub(super) async fn read(chat: &Chat, id: &str) -> Result<Response<Body>, HttpError> {
    let id = path_integer("user_id", id)?;
    let id = i64::try_from(id).map_err(|_| ChatError::NotFound(Entity::User))?;
    Ok(show(&*chat.user(UserId(id)).await?))
}

fn show(user: &User) -> Response<Body> {
    let mut json = Vec::new();
    response::write_user(&mut json, user);
    response::json(json)
}
