//! Users.

use hyper::Method;

use crate::compat::fastapi::Problems;
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::registration::{FIELDS, check_filled, take_registration};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Account;

pub(super) static USERS: Resource = Resource {
    paths: &["/api/v1/users/"],
    serves: Serves::Methods(&[(Method::POST, Need::Shown, &create, &CREATE)]),
};

pub(super) static USER: Resource = Resource {
    paths: &["/api/v1/users/{user_id}", "/api/users/{user_id}"],
    serves: Serves::Methods(&[
        (Method::GET, Need::Caller, &read, &READ),
        (Method::DELETE, Need::Caller, &erase, &ERASE),
    ]),
};

const NEW_USER: Table = Table::taken("NewUser", "Who wants to be a user.", &[]).behind(FIELDS).example(
    r#"{"username": "alice", "email": "alice@example.com", "password": "correct horse battery staple"}"#,
);

const CREATE: Operation = Operation::new("createUser", Tag::Users, "Creates a user.")
    .takes(&NEW_USER)
    .answers(Schemas::of::<Account<'_>>)
    .refuses(&[
        (400, "The name or the address is taken."),
        (403, "Only admins of this server create users."),
        (422, "A field is wrong or empty."),
    ]);

async fn create(mut context: Context<'_>) -> Answer {
    let registration = context.form(take_registration).await?;
    check_filled(&registration)?;
    let user = context.chat.create_user(&context.caller, registration).await?;
    Ok(response::json(&Account::from(&user)))
}

const READ: Operation =
    Operation::new("readUser", Tag::Users, "Gives one user.").answers(Schemas::of::<Account<'_>>);

async fn read(context: Context<'_>) -> Answer {
    let id = context.user_id()?;
    let caller = context.acting().await?;
    let user = context.chat.user(id).await?;
    let account = match context.chat.may_see_email(&caller, &user) {
        true => Account::from(&*user),
        false => Account::without_email(&user),
    };
    Ok(response::json(&account))
}

/// What becomes of their messages.
const CHOICES: [(&str, bool); 2] = [("keep", false), ("erase", true)];

const ERASE: Operation = Operation::new("eraseUser", Tag::Users, "Erases a user.")
    .about("Their name and address are taken away, and their sessions end.")
    .query(&[Field::word("messages", &[CHOICES[0].0, CHOICES[1].0], "What becomes of what they have sent.")
        .optional()])
    .refuses(&[(401, "It takes a token of the user or of an admin of the server.")]);

/// The contents of their messages stay unless `messages` says otherwise.
async fn erase(context: Context<'_>) -> Answer {
    let id = context.user_id()?;
    let mut problems = Problems::default();
    let with_messages = context.query.choice("messages", &CHOICES, &mut problems).unwrap_or(false);
    problems.check()?;
    let caller = context.acting().await?;
    context.chat.erase_user(&caller, id, with_messages).await?;
    Ok(response::done())
}
