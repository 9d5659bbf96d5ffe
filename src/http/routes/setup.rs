//! Making the first admin of a server that has none.

use hyper::Method;

use crate::compat::fastapi::Length;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::need::Need;
use crate::http::registration::{check_filled, take_registration};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Account;

pub(super) static SETUP: Resource =
    Resource { paths: &["/api/v1/setup/"], serves: Serves::Methods(&[(Method::POST, Need::Open, &set_up)]) };

/// Longest secret that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 1024;

async fn set_up(mut context: Context<'_>) -> Answer {
    // Where names are believed nobody governs.
    if context.chat.believes_names() {
        return Err(HttpError::NOT_FOUND);
    }
    let (token, registration) = context
        .form(|form| {
            let token = form.secret("token", Length::Bytes(TOKEN_BYTES_MAX)).to_owned();
            (token, take_registration(form))
        })
        .await?;
    check_filled(&registration)?;
    let user = context.chat.set_up(&token, registration).await?;
    Ok(response::json(&Account::from(&user)))
}
