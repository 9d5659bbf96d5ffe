//! A server on which a name is not enough, and people who have logged in there.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use crate::support::database::{Database, Store};
use crate::support::http::{Connection, Response};
use crate::support::patiently;
use crate::support::server::{Server, command};

/// The key under which the server signs, so that tests can sign too.
pub(crate) const SIGNING_KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

pub(crate) const PASSWORD: &str = "secret";

/// A running server in token mode.
pub(crate) struct Town {
    pub(crate) server: Server,
    /// What the operator's keys are, in the order in which they were asked for.
    pub(crate) keys: Vec<String>,
}

/// Somebody who has logged in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) token: String,
    pub(crate) refresh_token: String,
}

impl Town {
    /// A server on an empty database, of which `root` is an admin.
    pub(crate) async fn start(store: Store) -> Self {
        Self::start_with(store, &["root"], &[], &[]).await
    }

    /// The same with these users, of whom `root` is an admin of the server; with a key for each of these arguments of
    /// `groupcast key add`; and with further options of the server's, of which `--auth=username` is one.
    pub(crate) async fn start_with(store: Store, users: &[&str], keys: &[&str], options: &[&str]) -> Self {
        let database = Database::create(store).await;
        let settings = format!("JWT_SECRET_KEY={SIGNING_KEY}\n");
        std::fs::write(database.dir().join(".env"), settings).expect("a file of settings");
        for name in users {
            let email = format!("{name}@example.com");
            let mut args = vec!["user", "add", name, "--email", &email, "--password-stdin"];
            args.extend((*name == "root").then_some("--admin"));
            operate(&database, &args).await;
        }
        let mut secrets = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            let name = format!("key {index}");
            let args: Vec<&str> = ["key", "add", &name].into_iter().chain(key.split(' ')).collect();
            secrets.push(operate(&database, &args).await.trim_end().to_owned());
        }
        let mode = if options.contains(&"--auth=username") { &[][..] } else { &["--auth=token"] };
        let server = Server::start_on(database, &[mode, options].concat()).await;
        Self { server, keys: secrets }
    }

    /// Registers somebody and logs them in.
    pub(crate) async fn person(&self, name: &str) -> Person {
        let email = format!("{name}@example.com");
        let body = json!({ "username": name, "email": email, "password": PASSWORD });
        self.server.http().await.post("/api/v1/users/", &body).await.ok();
        self.log_in(name).await
    }

    /// Logs somebody in once more.
    pub(crate) async fn log_in(&self, name: &str) -> Person {
        let answer = self.try_log_in(name, PASSWORD).await.ok();
        Person::of(&answer)
    }

    /// Tries to.
    pub(crate) async fn try_log_in(&self, name: &str, password: &str) -> Response {
        let body = json!({ "username": name, "password": password });
        self.server.http().await.post("/api/v1/sessions/", &body).await
    }

    /// A connection that shows this token.
    pub(crate) async fn client(&self, token: &str) -> Client {
        Client { http: self.server.http().await, token: Some(token.to_owned()) }
    }

    /// A connection that shows nothing.
    pub(crate) async fn stranger(&self) -> Client {
        Client { http: self.server.http().await, token: None }
    }
}

impl Person {
    /// What stands in the answer to a log-in.
    pub(crate) fn of(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().expect("a token").to_owned();
        let id = answer["user"]["id"].as_i64().expect("a number");
        Self { id, token: text("access_token"), refresh_token: text("refresh_token") }
    }
}

/// A connection over which somebody asks.
pub(crate) struct Client {
    http: Connection,
    token: Option<String>,
}

impl Client {
    /// Shows this token from now on, or none.
    pub(crate) fn show(&mut self, token: Option<&str>) {
        self.token = token.map(str::to_owned);
    }

    /// A request below `/api/v1/`, without a body if that is null.
    pub(crate) async fn ask(&mut self, method: &str, path: &str, body: &Value) -> Response {
        let path = format!("/api/v1/{path}");
        let authorization = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let mut headers = vec![("Content-Type", "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.http.request(method, &path, &headers, body.as_bytes()).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.ask("GET", path, &Value::Null).await
    }

    pub(crate) async fn post(&mut self, path: &str, body: Value) -> Response {
        self.ask("POST", path, &body).await
    }

    pub(crate) async fn put(&mut self, path: &str, body: Value) -> Response {
        self.ask("PUT", path, &body).await
    }

    pub(crate) async fn patch(&mut self, path: &str, body: Value) -> Response {
        self.ask("PATCH", path, &body).await
    }

    /// A `DELETE`, which is to succeed.
    pub(crate) async fn delete(&mut self, path: &str) {
        let answer = self.ask("DELETE", path, &Value::Null).await;
        assert_eq!(answer.status, 204, "{path}: {}", String::from_utf8_lossy(&answer.body));
        assert!(answer.body.is_empty() && answer.header("content-type").is_none(), "{path}: {answer:?}");
    }

    /// Creates a group and gives its number.
    pub(crate) async fn create_group(&mut self, name: &str, is_private: bool) -> i64 {
        let answer = self.post("groups/", json!({ "name": name, "is_private": is_private })).await;
        answer.ok()["id"].as_i64().expect("a number")
    }

    /// Creates a group that nobody sees who is not invited.
    pub(crate) async fn create_invite_group(&mut self, name: &str) -> i64 {
        let id = self.create_group(name, false).await;
        self.patch(&format!("groups/{id}"), json!({ "join": "invite" })).await.ok();
        id
    }
}

/// A town and three people there.
pub(crate) struct Trio {
    pub(crate) town: Town,
    pub(crate) olga: Person,
    pub(crate) ann: Person,
    pub(crate) bob: Person,
}

impl Trio {
    pub(crate) async fn start(store: Store) -> Self {
        let town = Town::start(store).await;
        let (olga, ann, bob) =
            (town.person("olga").await, town.person("ann").await, town.person("bob").await);
        Self { town, olga, ann, bob }
    }

    /// A connection over which one of them asks.
    pub(crate) async fn by(&self, person: &Person) -> Client {
        self.town.client(&person.token).await
    }
}

/// Asserts that something was refused with this status and text.
pub(crate) fn refused(answer: &Response, status: u16, text: &str) {
    assert_eq!(answer.detail(status), text);
}

/// A `DELETE` of which the answer is to be looked at.
pub(crate) async fn delete(client: &mut Client, path: &str) -> Response {
    client.ask("DELETE", path, &Value::Null).await
}

/// Runs an operator's command, which is to succeed; gives what it printed.
async fn operate(database: &Database, args: &[&str]) -> String {
    let mut command = command(database.dir());
    command.env("DATABASE_URL", database.url()).args(args);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut stdin = child.stdin.take().expect("its input is piped");
    // It may not want to read any.
    let _ = stdin.write_all(format!("{PASSWORD}\n").as_bytes()).await;
    drop(stdin);
    let output = patiently("the program's end", child.wait_with_output()).await.expect("the program ends");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}
