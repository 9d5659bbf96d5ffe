//! A server in token mode, and users who have logged in.

use std::time::{Duration, SystemTime};

use groupcast::auth::{AccessTokens, TokenAlgorithm};
use groupcast::model::Timestamp;
use serde_json::{Value, json};

use crate::support::chat::text;
use crate::support::database::{Database, Store};
use crate::support::http::Response;
use crate::support::json::JsonSocket;
use crate::support::server::{Server, command, run};
use crate::support::socket::{Socket, group_path};

/// What access tokens are signed under.
const SECRET_KEY: &str = "a key for tests, of no less than 32 bytes";

/// A user who has logged in.
#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) token: String,
}

/// A server in token mode whose key is known.
pub(crate) async fn start(store: Store) -> Server {
    let database = Database::create(store).await;
    let settings = format!("JWT_SECRET_KEY=\"{SECRET_KEY}\"\n");
    std::fs::write(database.dir().join(".env"), settings).expect("a file");
    Server::start_on(database, &["--auth=token"]).await
}

impl Server {
    /// Creates a user of this name and logs in.
    pub(crate) async fn member(&self, name: &str) -> User {
        self.user(name).await;
        self.log_in(name).await
    }

    /// Begins a session.
    pub(crate) async fn log_in(&self, name: &str) -> User {
        let body = json!({ "username": name, "password": "secret" });
        let session = self.http().await.post("/api/v1/sessions/", &body).await.ok();
        let id = session["user"]["id"].as_i64().expect("a number");
        User { id, name: name.to_owned(), token: text(&session["access_token"]).to_owned() }
    }

    /// A request of this user's, and its answer.
    pub(crate) async fn request_as(&self, user: &User, method: &str, path: &str, body: &Value) -> Response {
        let bearer = format!("Bearer {}", user.token);
        let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http().await.request(method, &format!("/api/v1{path}"), &headers, body.as_bytes()).await
    }

    /// Does something as this user that succeeds without a body.
    pub(crate) async fn done_as(&self, user: &User, method: &str, path: &str) {
        let answer = self.request_as(user, method, path, &Value::Null).await;
        assert!([200, 204].contains(&answer.status), "{method} {path}: {answer:?}");
    }

    /// Creates a group of this user's and gives its number.
    pub(crate) async fn group_of(&self, user: &User, name: &str, is_private: bool) -> i64 {
        let body = json!({ "name": name, "is_private": is_private });
        self.request_as(user, "POST", "/groups/", &body).await.ok()["id"].as_i64().expect("a number")
    }

    /// All messages of the group as this user sees them.
    pub(crate) async fn messages_as(&self, user: &User, group: i64) -> Vec<Value> {
        let path = format!("/messages/?group_id={group}&limit=100000");
        let Value::Array(messages) = self.request_as(user, "GET", &path, &Value::Null).await.ok() else {
            panic!("not a list");
        };
        messages
    }

    /// Makes a key with these options.
    pub(crate) async fn key(&self, options: &[&str]) -> String {
        self.operate(&[&["key", "add"], options].concat()).await.trim().to_owned()
    }

    /// Runs a command of an operator's beside the server and gives what it says.
    pub(crate) async fn operate(&self, args: &[&str]) -> String {
        let mut command = command(self.database().dir());
        command.env("DATABASE_URL", self.database().url()).args(args);
        let output = run(command.stdout(std::process::Stdio::piped())).await;
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}

impl User {
    /// The same user with another token of the same session, which lasts so long.
    pub(crate) fn for_only(&self, lifetime: Duration) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
        let now = Timestamp(now.as_micros() as i64);
        let tokens = AccessTokens::new(TokenAlgorithm::Hs256, SECRET_KEY, lifetime);
        let known = tokens.verify(&self.token, now).expect("a good token");
        let token = tokens.issue(known.user, known.session, now).expect("a token");
        Self { token, ..self.clone() }
    }

    /// What is offered to speak JSON as this user.
    pub(crate) fn json_protocols(&self) -> String {
        format!("chat.v1.json, bearer.{}", self.token)
    }

    /// Opens a socket for any number of groups, as `hello.token` says.
    pub(crate) async fn hello(&self, server: &Server) -> JsonSocket {
        let mut socket = JsonSocket::over(Socket::open(server, "/ws").await);
        let welcome = socket.ask(json!({ "type": "hello", "token": self.token })).await;
        assert_eq!(
            (&welcome["type"], &welcome["user"]["id"]),
            (&json!("welcome"), &json!(self.id)),
            "{welcome}"
        );
        socket
    }

    /// Opens a socket that reads this group from now on.
    pub(crate) async fn read(&self, server: &Server, group: i64) -> JsonSocket {
        let mut socket = self.hello(server).await;
        socket.subscribe(group).await;
        socket
    }

    /// Opens a socket in text mode in this group, whatever comes of it.
    pub(crate) async fn enter(&self, server: &Server, group: &str) -> Socket {
        let path = group_path(group, &self.name);
        Socket::open_with(server, &path, &format!("bearer.{}", self.token)).await
    }

    /// The same, of a group that lets them in.
    pub(crate) async fn join(&self, server: &Server, group: &str) -> Socket {
        let mut socket = self.enter(server, group).await;
        socket.expect(&format!("{} joined {group}.", self.name)).await;
        socket
    }
}
