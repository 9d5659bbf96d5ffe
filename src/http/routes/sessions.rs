//! Sessions: logging in and out.

use hyper::header::{CACHE_CONTROL, HeaderValue, USER_AGENT};
use hyper::{Method, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::chat::{Entity, LogIn, LoggedIn, Login, OwnSessions};
use crate::compat::fastapi::email::normalize_email;
use crate::compat::fastapi::{Form, Length};
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::need::Need;
use crate::http::openapi::{Field, Operation, Schemas, Table, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::http::views::Account;
use crate::model::SessionId;
use crate::model::limits::{EMAIL_CHARS_MAX, PASSWORD_BYTES_MAX};

pub(super) static SESSIONS: Resource = Resource {
    paths: &["/api/v1/sessions/"],
    serves: Serves::Methods(&[
        (Method::POST, Need::Open, &log_in, &LOG_IN),
        (Method::GET, Need::User, &list, &LIST),
    ]),
};

pub(super) static REFRESH: Resource = Resource {
    paths: &["/api/v1/sessions/refresh/"],
    serves: Serves::Methods(&[(Method::POST, Need::Open, &renew, &RENEW)]),
};

pub(super) static CURRENT_SESSION: Resource = Resource {
    paths: &["/api/v1/sessions/current"],
    serves: Serves::Methods(&[(Method::DELETE, Need::User, &log_out, &LOG_OUT)]),
};

pub(super) static SESSION: Resource = Resource {
    paths: &["/api/v1/sessions/{session_id}"],
    serves: Serves::Methods(&[(Method::DELETE, Need::User, &end, &END)]),
};

/// Longest name or address that is looked up, in bytes of UTF-8: more than any user has.
const LOGIN_BYTES_MAX: usize = 1024;
/// Longest refresh token that is looked at, in bytes.
const REFRESH_TOKEN_BYTES_MAX: usize = 1024;

/// The answer to who has logged in or renewed a session (RFC 6749 section 5.1).
#[derive(Serialize, ToSchema)]
struct Tokens<'t> {
    access_token: &'t str,
    token_type: &'static str,
    /// In whole seconds.
    expires_in: u64,
    refresh_token: &'t str,
    user: Account<'t>,
}

/// A session in the list of one's own.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView<'s> {
    id: i64,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    renewed_at: String,
    #[schema(format = DateTime)]
    expires_at: String,
    /// What the client called itself.
    client: &'s str,
    /// Whether it is the one that asks.
    current: bool,
}

/// Who wants to log in, as it is sent.
struct Credentials {
    username: Option<String>,
    email: Option<String>,
    password: String,
}

impl Credentials {
    /// Takes the fields of JSON, or of the form of OAuth2's password grant (RFC 6749 section 4.3.2). What is sent in
    /// place of a missing field is not repeated: it may be the password.
    fn take(form: &mut Form<'_>) -> Self {
        let username = form.optional_secret("username", Length::Bytes(LOGIN_BYTES_MAX)).map(str::to_owned);
        let email = match username {
            Some(_) => None,
            None => form.optional_email("email", Length::Characters(EMAIL_CHARS_MAX)),
        };
        if username.is_none() && email.is_none() {
            form.missing("username");
        }
        let password = form.optional_secret("password", Length::Bytes(PASSWORD_BYTES_MAX));
        if password.is_none() {
            form.missing("password");
        }
        Self { username, email, password: password.unwrap_or_default().to_owned() }
    }
}

const LOG_IN_FORM: Table = Table::taken(
    "Credentials",
    "Who wants to log in: a name or an address, and a password.",
    &[
        Field::text("username", Length::Bytes(LOGIN_BYTES_MAX), "A user name, or an e-mail address.")
            .filled()
            .optional(),
        Field::email("email", "Where there is no `username`.").optional(),
        Field::secret("password", Length::Bytes(PASSWORD_BYTES_MAX), "").filled(),
    ],
)
.example(r#"{"username": "alice", "password": "correct horse battery staple"}"#);

const LOG_IN: Operation = Operation::new("logIn", Tag::Sessions, "Logs in.")
    .about("Takes JSON, or the form of OAuth2's password grant.")
    .takes_form(&LOG_IN_FORM)
    .answers(Schemas::of::<Tokens<'_>>)
    .refuses(&[
        (401, "No account has this name and password."),
        (429, "There were too many wrong passwords, or the client asks more often than the server allows."),
    ]);

async fn log_in(mut context: Context<'_>) -> Answer {
    let Credentials { username, email, password } = context.any_form(Credentials::take).await?;
    // A name may look like an address, and an address may stand where a name is asked for.
    let email = email.or_else(|| normalize_email(username.as_deref()?).ok());
    let email = email.as_deref().map(Login::Email);
    let login = username.as_deref().map(Login::Username);
    let logins: Vec<Login<'_>> = login.into_iter().chain(email).collect();
    let client = context.head.headers.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    let client = String::from_utf8_lossy(client);
    let request = LogIn { logins: &logins, password, address: context.address, client: &client };
    let logged_in = context.chat.log_in(request).await?;
    Ok(tokens(&logged_in))
}

const REFRESH_FORM: Table = Table::taken(
    "Refresh",
    "A refresh token, which is good once.",
    &[Field::secret("refresh_token", Length::Bytes(REFRESH_TOKEN_BYTES_MAX), "").filled()],
);

const RENEW: Operation = Operation::new("refreshSession", Tag::Sessions, "Gives a new pair of tokens.")
    .about("A refresh token that was used before ends the session.")
    .takes(&REFRESH_FORM)
    .answers(Schemas::of::<Tokens<'_>>)
    .refuses(&[(401, "The refresh token is no good.")]);

async fn renew(mut context: Context<'_>) -> Answer {
    let token = context
        .form(|form| match form.optional_secret("refresh_token", Length::Bytes(REFRESH_TOKEN_BYTES_MAX)) {
            Some(token) => token.to_owned(),
            None => {
                form.missing("refresh_token");
                String::new()
            }
        })
        .await?;
    let renewed = context.chat.renew(&token).await?;
    Ok(tokens(&renewed))
}

fn tokens(logged_in: &LoggedIn) -> Response<Body> {
    let mut response = response::json(&Tokens {
        access_token: &logged_in.access_token,
        token_type: "bearer",
        expires_in: logged_in.expires_in.as_secs(),
        refresh_token: &logged_in.refresh_token,
        user: Account::from(&*logged_in.user),
    });
    response.headers_mut().insert(CACHE_CONTROL, response::NO_STORE);
    response
}

const LIST: Operation = Operation::new("listSessions", Tag::Sessions, "Lists one's own sessions.")
    .answers(Schemas::list_of::<SessionView<'_>>);

async fn list(context: Context<'_>) -> Answer {
    let OwnSessions { sessions, current } = context.chat.sessions(&context.principal().await?).await?;
    let sessions: Vec<SessionView<'_>> = sessions
        .iter()
        .map(|session| SessionView {
            id: session.id.0,
            created_at: session.created_at.to_string(),
            renewed_at: session.renewed_at.to_string(),
            expires_at: session.expires_at.to_string(),
            client: &session.client,
            current: current == Some(session.id),
        })
        .collect();
    Ok(response::json(&sessions))
}

const END: Operation = Operation::new("endSession", Tag::Sessions, "Ends one of one's own sessions.");

async fn end(context: Context<'_>) -> Answer {
    let id = SessionId(context.row_id("session_id", Entity::Session)?);
    context.chat.end_session(&context.principal().await?, id).await?;
    Ok(response::done())
}

const LOG_OUT: Operation = Operation::new("logOut", Tag::Sessions, "Ends the session that asks.");

async fn log_out(context: Context<'_>) -> Answer {
    context.chat.log_out(&context.principal().await?).await?;
    Ok(response::done())
}
