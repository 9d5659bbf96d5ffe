//! Users.

use hyper::{Method, StatusCode};
use serde::Serialize;

use crate::chat::Entity;
use crate::compat::fastapi::Length;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::model::limits::{EMAIL_CHARS_MAX, PASSWORD_BYTES_MAX, USERNAME_CHARS_MAX};
use crate::model::{User, UserId};

pub(super) static USERS: Resource =
    Resource { paths: &["/api/v1/users/"], serves: Serves::Methods(&[(Method::POST, &create)]) };

pub(super) static USER: Resource = Resource {
    paths: &["/api/v1/users/{user_id}", "/api/users/{user_id}"],
    serves: Serves::Methods(&[(Method::GET, &read)]),
};

/// A user as their owner sees them.
#[derive(Serialize)]
struct Account<'u> {
    id: i64,
    username: &'u str,
    email: &'u str,
}

impl<'u> From<&'u User> for Account<'u> {
    fn from(user: &'u User) -> Self {
        Self { id: user.id.0, username: &user.username, email: &user.email }
    }
}

async fn create(mut context: Context<'_>) -> Answer {
    let (username, email, password) = context
        .form(|form| {
            let username = form.text("username", Length::Characters(USERNAME_CHARS_MAX)).to_owned();
            let email = form.email("email", Length::Characters(EMAIL_CHARS_MAX));
            let password = form.secret("password", Length::Bytes(PASSWORD_BYTES_MAX)).to_owned();
            (username, email, password)
        })
        .await?;
    if username.is_empty() || password.is_empty() {
        let text = "username, email, and password are required";
        return Err(HttpError::Detail(StatusCode::UNPROCESSABLE_ENTITY, text.into()));
    }
    let user = context.chat.create_user(username, email, password).await?;
    Ok(response::json(&Account::from(&user)))
}

async fn read(context: Context<'_>) -> Answer {
    let id = context.row_id("user_id", Entity::User)?;
    let user = context.chat.user(UserId(id)).await?;
    Ok(response::json(&Account::from(&*user)))
}
