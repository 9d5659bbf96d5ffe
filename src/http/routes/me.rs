//! Oneself.

use hyper::Method;

use crate::chat::{AccountChange, Caller, ChatError, Entity, Principal};
use crate::compat::fastapi::Length;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Account;
use crate::model::limits::{EMAIL_CHARS_MAX, PASSWORD_BYTES_MAX};

pub(super) static ME: Resource = Resource {
    paths: &["/api/v1/users/me"],
    serves: Serves::Methods(&[
        (Method::GET, Need::User, &read, &READ),
        (Method::PATCH, Need::User, &change, &CHANGE),
    ]),
};

const READ: Operation =
    Operation::new("readMe", Tag::Users, "Gives oneself.").answers(Schemas::of::<Account<'_>>);

async fn read(context: Context<'_>) -> Answer {
    let principal = oneself(&context).await?;
    Ok(response::json(&Account::of_oneself(principal.user())))
}

const ACCOUNT_CHANGE: Table = Table::taken(
    "AccountChange",
    "What changes about one's account; what is absent stays.",
    &[
        PASSWORD,
        Field::secret("current_password", Length::Bytes(PASSWORD_BYTES_MAX), "Which a new password needs.")
            .filled()
            .optional(),
        Field::email("email", "").optional(),
    ],
)
.example(r#"{"email": "alice@example.com"}"#);

const PASSWORD: Field =
    Field::secret("password", Length::Bytes(PASSWORD_BYTES_MAX), "Ends all other sessions.")
        .filled()
        .optional();

const CHANGE: Operation = Operation::new("changeMe", Tag::Users, "Changes one's own account.")
    .takes(&ACCOUNT_CHANGE)
    .answers(Schemas::of::<Account<'_>>)
    .refuses(&[(400, "The address is taken."), (403, "The password of today is another, or a key asks.")]);

async fn change(mut context: Context<'_>) -> Answer {
    let change = context
        .form(|form| AccountChange {
            password: form.optional_secret("password", Length::Bytes(PASSWORD_BYTES_MAX)).map(str::to_owned),
            current_password: form
                .optional_secret("current_password", Length::Bytes(PASSWORD_BYTES_MAX))
                .map(str::to_owned),
            email: form.optional_email("email", Length::Characters(EMAIL_CHARS_MAX)),
        })
        .await?;
    let principal = oneself(&context).await?;
    let user = context.chat.change_account(&principal, change, context.address).await?;
    Ok(response::json(&Account::of_oneself(&user)))
}

/// The one who asks. A key that acts as nobody is no user, so there is none to be shown.
pub(super) async fn oneself(context: &Context<'_>) -> Result<Principal, HttpError> {
    match context.caller {
        Caller::Server(_) => Err(ChatError::NotFound(Entity::User).into()),
        _ => context.principal().await,
    }
}
