//! The keys for programs.

use hyper::Method;
use hyper::header::CACHE_CONTROL;

use crate::compat::fastapi::{Form, Length};
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::admin::{KeyRow, NewKeyRow};
use crate::model::limits::KEY_NAME_CHARS_MAX;
use crate::model::{KeyActor, Scope, UserId};

pub(in crate::http::routes) static KEYS: Resource = Resource {
    paths: &["/api/v1/admin/keys/"],
    serves: Serves::Methods(&[
        (Method::GET, Need::Governor, &list, &LIST),
        (Method::POST, Need::Governor, &make, &MAKE),
    ]),
};

pub(in crate::http::routes) static KEY: Resource = Resource {
    paths: &[
        "/api/v1/admin/keys/{name}",
        // A slash may be part of it.
        "/api/v1/admin/keys/{name:path}",
    ],
    serves: Serves::Methods(&[(Method::DELETE, Need::Governor, &revoke, &REVOKE)]),
};

const LIST: Operation =
    Operation::new("adminListKeys", Tag::Admin, "Lists all API keys, without the keys themselves.")
        .answers(Schemas::list_of::<KeyRow<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let keys = context.chat.list_keys(&context.caller).await?;
    let rows: Vec<KeyRow<'_>> = keys.iter().map(KeyRow::from).collect();
    Ok(response::json(&rows))
}

/// As whom a key may act, as it is sent.
#[derive(Clone, Copy)]
enum As {
    User,
    Any,
    Server,
}

fn take(form: &mut Form<'_>) -> (String, Scope, KeyActor) {
    let name = form.text("name", Length::Characters(KEY_NAME_CHARS_MAX)).to_owned();
    let scopes = [Scope::Read, Scope::Write, Scope::Admin].map(|scope| (scope.name(), scope));
    let scope = form.choice("scope", &scopes).unwrap_or(Scope::Read);
    let actor = match form.choice("as", &[("user", As::User), ("any", As::Any), ("server", As::Server)]) {
        // A number that no user can have is nobody's.
        Some(As::User) => KeyActor::User(UserId(i64::try_from(form.integer("user_id")).unwrap_or(0))),
        Some(As::Any) => KeyActor::Any,
        Some(As::Server) | None => KeyActor::Server,
    };
    (name, scope, actor)
}

const NEW_KEY: Table = Table::taken(
    "NewKey",
    "A key for a program.",
    &[
        NAME,
        Field::word(
            "scope",
            &["read", "write", "admin"],
            "What it is good for; each includes those before it.",
        ),
        Field::word("as", &["user", "any", "server"], "As whom it acts: one user, whom it names, or nobody."),
        Field::integer("user_id", "The user as whom it acts, if it acts as one.").optional(),
    ],
)
.example(r#"{"name": "bridge", "scope": "write", "as": "any"}"#);

const NAME: Field =
    Field::text("name", Length::Characters(KEY_NAME_CHARS_MAX), "To know it by.").filled().storable();

const MAKE: Operation =
    Operation::new("adminMakeKey", Tag::Admin, "Makes an API key, which is told this once.")
        .takes(&NEW_KEY)
        .answers(Schemas::of::<NewKeyRow<'_>>)
        .refuses(&[(400, "The name is taken."), (404, "There is no such user.")]);

/// The key is told this once.
async fn make(mut context: Context<'_>) -> Answer {
    let (name, scope, actor) = context.form(take).await?;
    let (entry, secret) = context.chat.make_key(&context.caller, name, scope, actor).await?;
    let mut response = response::json(&NewKeyRow::new(&entry, &secret));
    response.headers_mut().insert(CACHE_CONTROL, response::NO_STORE);
    Ok(response)
}

const REVOKE: Operation =
    Operation::new("adminRevokeKey", Tag::Admin, "Takes an API key back: it counts no more.")
        .path(&[Field::text("name", Length::Any, "The key's name.").filled()]);

async fn revoke(context: Context<'_>) -> Answer {
    context.chat.revoke_key(&context.caller, context.params.get("name")).await?;
    Ok(response::done())
}
