//! Users.

use hyper::Method;

use crate::compat::fastapi::Problems;
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::registration::{check_filled, take_registration};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Account;

pub(super) static USERS: Resource =
    Resource { paths: &["/api/v1/users/"], serves: Serves::Methods(&[(Method::POST, Need::Shown, &create)]) };

pub(super) static USER: Resource = Resource {
    paths: &["/api/v1/users/{user_id}", "/api/users/{user_id}"],
    serves: Serves::Methods(&[(Method::GET, Need::Caller, &read), (Method::DELETE, Need::Caller, &erase)]),
};

async fn create(mut context: Context<'_>) -> Answer {
    let registration = context.form(take_registration).await?;
    check_filled(&registration)?;
    let user = context.chat.create_user(&context.caller, registration).await?;
    Ok(response::json(&Account::from(&user)))
}

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

/// The contents of their messages stay unless `messages` says otherwise.
async fn erase(context: Context<'_>) -> Answer {
    let id = context.user_id()?;
    let mut problems = Problems::default();
    let choices = [("keep", false), ("erase", true)];
    let with_messages = context.query.choice("messages", &choices, &mut problems).unwrap_or(false);
    problems.check()?;
    let caller = context.acting().await?;
    context.chat.erase_user(&caller, id, with_messages).await?;
    Ok(response::done())
}
