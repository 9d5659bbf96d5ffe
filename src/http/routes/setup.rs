//! Making the first admin of a server that has none.

use hyper::Method;

use crate::compat::fastapi::Length;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::registration::{FIELDS, check_filled, take_registration};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Account;

pub(super) static SETUP: Resource = Resource {
    paths: &["/api/v1/setup/"],
    serves: Serves::Methods(&[(Method::POST, Need::Open, &set_up, &SET_UP)]),
};

/// Longest secret that is looked at, in bytes.
const TOKEN_BYTES_MAX: usize = 1024;

const FIRST_ADMIN: Table = Table::taken(
    "FirstAdmin",
    "Who is to govern the server.",
    &[Field::secret(
        "token",
        Length::Bytes(TOKEN_BYTES_MAX),
        "The secret of the link that the server printed.",
    )],
)
.behind(FIELDS);

const SET_UP: Operation =
    Operation::new("setUp", Tag::Server, "Makes the first admin of a server that has none.")
        .only_if(|offer| !offer.believes_names)
        .takes(&FIRST_ADMIN)
        .answers(Schemas::of::<Account<'_>>)
        .refuses(&[
            (400, "The name or the address is taken."),
            (401, "The secret is no good, or no longer."),
            (422, "A field is wrong or empty."),
        ]);

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
