//! What operators do from the command line, beside a server or while it is stopped.

use std::process::{Output, Stdio};

use crate::support::chat::text;
use crate::support::database::{Database, Store};
use crate::support::http::Response;
use crate::support::json::JsonSocket;
use crate::support::postgres::Postgres;
use crate::support::server::{Server, command, first_line};
use crate::support::socket::Socket;
use crate::support::{patiently, until};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

both_stores!(
    users_are_made_listed_and_changed,
    keys_are_made_listed_and_revoked,
    groups_are_made_and_listed,
    what_cannot_be_done_is_one_clear_line,
    a_session_survives_a_restart,
    the_first_admin_gets_a_link,
    secrets_are_shown_nowhere,
);

/// A password that must be seen nowhere.
const PASSWORD: &str = "correct-horse-battery";

/// A key that must be seen nowhere.
const SECRET_KEY: &str = "a-key-of-more-than-thirty-two-bytes-in-all";

/// What a message says that must be seen nowhere.
const CONTENT: &str = "meet-me-at-the-old-mill";

/// Runs a command on this database, with `input` as its standard input.
async fn operate(database: &Database, arguments: &[&str], input: &str) -> Output {
    let mut command = command(database.dir());
    command.env("DATABASE_URL", database.url()).args(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // Not every command reads it.
    let _ = child.stdin.take().expect("its input is piped").write_all(input.as_bytes()).await;
    let output = patiently("the program's end", child.wait_with_output()).await.expect("the program runs");
    let all = format!("{output:?}");
    assert!(!all.contains(PASSWORD), "{all}");
    output
}

/// What a command prints that succeeds.
async fn done(database: &Database, arguments: &[&str], input: &str) -> String {
    let output = operate(database, arguments, input).await;
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a command lists that is asked for JSON.
async fn listed(database: &Database, family: &str) -> Value {
    serde_json::from_str(&done(database, &[family, "list", "--json"], "").await).expect("JSON")
}

/// The one line that a command says which fails with this status.
async fn complaint(database: &Database, status: i32, arguments: &[&str], input: &str) -> String {
    let output = operate(database, arguments, input).await;
    assert_eq!(output.status.code(), Some(status), "{arguments:?}: {output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("groupcast: ") && text.lines().count() == 1, "{text}");
    text
}

async fn add_user(database: &Database, name: &str, options: &[&str]) {
    let email = format!("{name}@example.com");
    let arguments = [&["user", "add", name, "--email", &email, "--password-stdin"], options].concat();
    done(database, &arguments, &format!("{PASSWORD}\n")).await;
}

async fn log_in(server: &Server, username: &str, password: &str) -> Response {
    let body = json!({ "username": username, "password": password });
    server.http().await.post("/api/v1/sessions/", &body).await
}

/// What a request with this token is answered with.
async fn with_token(server: &Server, path: &str, token: &str) -> Response {
    let bearer = format!("Bearer {token}");
    server.http().await.request("GET", path, &[("Authorization", &bearer)], b"").await
}

const TOKEN_MODE: &[&str] = &["--auth=token"];

async fn users_are_made_listed_and_changed(store: Store) {
    let database = Database::create(store).await;
    add_user(&database, "root", &["--admin"]).await;
    let add = ["user", "add", "bob", "--email", "Bob <bob@Example.COM>", "--password-stdin"];
    done(&database, &add, "first\r\nno part of it\n").await;
    let users = listed(&database, "user").await;
    assert_eq!(
        users,
        json!([
            { "id": 1, "username": "root", "email": "root@example.com", "is_admin": true },
            { "id": 2, "username": "bob", "email": "bob@example.com", "is_admin": false },
        ])
    );
    let table = done(&database, &["user", "list"], "").await;
    assert_eq!(table, "1\troot\troot@example.com\tadmin\n2\tbob\tbob@example.com\t\n");

    done(&database, &["user", "admin", "bob"], "").await;
    done(&database, &["user", "admin", "root", "--revoke"], "").await;
    let users = listed(&database, "user").await;
    assert_eq!((&users[0]["is_admin"], &users[1]["is_admin"]), (&json!(false), &json!(true)));

    let mut server = Server::start_on(database, TOKEN_MODE).await;
    assert_eq!(log_in(&server, "root", PASSWORD).await.status, 200);
    assert_eq!(log_in(&server, "bob", "first").await.status, 200);
    assert!(server.terminate().await.success());
    let changed = done(server.database(), &["user", "passwd", "bob", "--password-stdin"], "second").await;
    assert!(changed.contains("1 session ended"), "{changed}");
    server.restart().await;
    assert_eq!(log_in(&server, "bob", "first").await.status, 401);
    assert_eq!(log_in(&server, "bob", "second").await.status, 200);
}

async fn keys_are_made_listed_and_revoked(store: Store) {
    let database = Database::create(store).await;
    add_user(&database, "alice", &[]).await;
    let mut keys = Vec::new();
    for (name, scope, actor) in [
        ("reader", "read", &["--as", "alice"][..]),
        ("bridge", "write", &["--as-any"]),
        ("watcher", "admin", &["--as-server"]),
    ] {
        let arguments = [&["key", "add", name, "--scope", scope], actor].concat();
        let output = done(&database, &arguments, "").await;
        let key = output.strip_suffix('\n').expect("a line");
        assert!(key.len() == 47 && key.starts_with("gck_") && !key.contains(char::is_whitespace), "{key}");
        keys.push(key.to_owned());
    }
    let listed = listed(&database, "key").await;
    let shown: Vec<_> =
        listed.as_array().unwrap().iter().map(|key| (text(&key["name"]), text(&key["as"]))).collect();
    assert_eq!(shown, [("bridge", "any"), ("reader", "user"), ("watcher", "server")]);
    assert_eq!((&listed[1]["username"], &listed[1]["scope"]), (&json!("alice"), &json!("read")));
    let table = done(&database, &["key", "list"], "").await;
    for key in &keys {
        assert!(!table.contains(key) && !listed.to_string().contains(key));
    }

    let mut server = Server::start_on(database, TOKEN_MODE).await;
    for key in &keys {
        assert_eq!(with_token(&server, "/api/v1/groups/", key).await.status, 200);
    }
    assert_eq!(with_token(&server, "/api/v1/users/me", &keys[0]).await.ok()["username"], "alice");
    assert!(server.terminate().await.success());
    done(server.database(), &["key", "revoke", "reader"], "").await;
    server.restart().await;
    assert_eq!(with_token(&server, "/api/v1/groups/", &keys[0]).await.status, 401);
    assert_eq!(with_token(&server, "/api/v1/groups/", &keys[1]).await.status, 200);
}

async fn groups_are_made_and_listed(store: Store) {
    let database = Database::create(store).await;
    add_user(&database, "alice", &[]).await;
    done(&database, &["group", "add", "lobby"], "").await;
    done(&database, &["group", "add", "a\tb\u{1b}[31m", "--private", "--owner", "alice"], "").await;
    let groups = listed(&database, "group").await;
    assert_eq!(
        groups[0],
        json!({ "id": 1, "name": "lobby", "is_private": false, "topic": "", "join": "open" })
    );
    assert_eq!((&groups[1]["name"], &groups[1]["is_private"]), (&json!("a\tb\u{1b}[31m"), &json!(true)));
    let table = done(&database, &["group", "list"], "").await;
    // A terminal would obey what a name says.
    assert!(table.contains("\ta\\tb\\u{1b}[31m\tprivate\t"), "{table}");

    let kept = done(&database, &["group", "retain", "lobby", "--age=30d", "--messages=9"], "").await;
    assert_eq!(kept, "group lobby keeps the newest 9 messages, nothing older than 2592000 seconds\n");

    let server = Server::start_on(database, TOKEN_MODE).await;
    let login = log_in(&server, "alice", PASSWORD).await.ok();
    let lobby = with_token(&server, "/api/v1/groups/1", text(&login["access_token"])).await.ok();
    assert_eq!(lobby["retention"], json!({ "max_age_s": 2_592_000, "max_messages": 9 }));
    let members = with_token(&server, "/api/v1/groups/2/members/", text(&login["access_token"])).await.ok();
    assert_eq!(members, json!([{ "id": 1, "username": "alice", "role": "owner" }]));
}

async fn what_cannot_be_done_is_one_clear_line(store: Store) {
    let database = Database::create(store).await;
    add_user(&database, "alice", &[]).await;
    done(&database, &["group", "add", "lobby"], "").await;
    done(&database, &["key", "add", "k", "--scope=read", "--as-any"], "").await;
    let (password, long) = (format!("{PASSWORD}\n"), format!("{}\n", "x".repeat(1_025)));
    let (long_name, add) = ("x".repeat(51), ["user", "add", "bob", "--email"]);
    let add = |email| [&add[..], &[email, "--password-stdin"]].concat();
    let long_named = ["user", "add", &long_name, "--email", "b@example.com", "--password-stdin"];
    for (status, arguments, input, says) in [
        (
            1,
            &["user", "add", "alice", "--email", "b@example.com", "--password-stdin"][..],
            &password,
            "user name",
        ),
        (1, &add("alice@example.com"), &password, "e-mail"),
        (1, &["user", "passwd", "zoe", "--password-stdin"], &password, "\"zoe\""),
        (1, &["user", "admin", "zoe"], &password, "\"zoe\""),
        (1, &["key", "add", "k", "--scope=read", "--as-any"], &password, "key name"),
        (1, &["key", "add", "l", "--scope=read", "--as", "zoe"], &password, "\"zoe\""),
        (1, &["key", "revoke", "l"], &password, "\"l\""),
        (1, &["group", "add", "lobby"], &password, "group name"),
        (1, &["group", "add", "g", "--owner", "zoe"], &password, "\"zoe\""),
        (1, &["group", "retain", "g", "--forget"], &password, "\"g\""),
        (2, &["group", "retain", "lobby"], &password, "--forget"),
        (2, &["group", "retain", "lobby", "--age=59"], &password, "36500d"),
        (2, &["group", "retain", "lobby", "--messages=0"], &password, "1000000000"),
        (2, &["group", "retain", "lobby", "--forget", "--age=1d"], &password, "--age"),
        (2, &add("nobody"), &password, "e-mail"),
        (2, &add("bob@example.com"), &"\n".to_owned(), "empty"),
        (2, &add("bob@example.com"), &String::new(), "empty"),
        (2, &add("bob@example.com"), &long, "1024 bytes"),
        (2, &long_named, &password, "at most 50 characters"),
        (2, &["user", "add", "", "--email", "b@example.com", "--password-stdin"], &password, "empty"),
        (2, &["user", "add", "bob", "--email", "b@example.com"], &password, "--password-stdin"),
        (2, &["user", "add", "bob", "--password-stdin"], &password, "--email"),
        (2, &["user"], &password, "add"),
        (2, &["user", "remove", "bob"], &password, "remove"),
        (2, &["key", "add", "l", "--scope=all", "--as-any"], &password, "read, write, admin"),
        (2, &["key", "add", "l", "--scope=read"], &password, "--as-any"),
        (2, &["key", "add", "l", "--scope=read", "--as-any", "--as-server"], &password, "--as-server"),
        (2, &["key", "add", "l", "--as-any"], &password, "--scope"),
        (2, &["group", "add", ""], &password, "empty"),
        (2, &["group", "list", "--database-url=mysql://u:hidden@h/d"], &password, "DATABASE_URL"),
    ] {
        let complaint = complaint(&database, status, arguments, input).await;
        assert!(complaint.contains(says) && !complaint.contains("hidden"), "{arguments:?}: {complaint}");
    }
    assert_eq!(listed(&database, "user").await.as_array().map(Vec::len), Some(1));
    assert_eq!(listed(&database, "key").await.as_array().map(Vec::len), Some(1));
    assert_eq!(listed(&database, "group").await.as_array().map(Vec::len), Some(1));
}

async fn a_session_survives_a_restart(store: Store) {
    let database = Database::create(store).await;
    add_user(&database, "alice", &[]).await;
    let mut server = Server::start_on(database, TOKEN_MODE).await;
    let login = log_in(&server, "alice", PASSWORD).await.ok();
    let token = text(&login["access_token"]);
    assert_eq!(with_token(&server, "/api/v1/users/me", token).await.ok()["username"], "alice");
    assert!(server.terminate().await.success());
    server.restart().await;
    assert_eq!(with_token(&server, "/api/v1/users/me", token).await.ok()["username"], "alice");
}

async fn the_first_admin_gets_a_link(store: Store) {
    let mut server = Server::start_with(store, TOKEN_MODE).await;
    let log = server.log();
    let link = format!("http://{}/admin#setup=", server.address());
    let secret = log.split_once(&link).expect("a link in the log").1.split_whitespace().next().unwrap();
    assert_eq!(secret.len(), 43, "{log}");
    assert!(server.terminate().await.success());
    add_user(server.database(), "root", &["--admin"]).await;
    server.restart().await;
    assert!(server.terminate().await.success());
    assert_eq!(server.log().matches("#setup=").count(), 1, "{}", server.log());
}

#[tokio::test]
async fn without_a_terminal_nobody_is_asked_for_a_password() {
    let database = Database::create(Store::Sqlite).await;
    add_user(&database, "alice", &[]).await;
    let complaint = complaint(&database, 2, &["user", "passwd", "alice"], "").await;
    assert!(complaint.contains("--password-stdin"), "{complaint}");
}

#[tokio::test]
async fn a_file_that_a_server_uses_is_left_to_it() {
    let server = Server::start(Store::Sqlite).await;
    for arguments in [&["user", "list"][..], &["key", "list"], &["group", "add", "g"]] {
        let complaint = complaint(server.database(), 1, arguments, "").await;
        assert!(complaint.contains("another groupcast server is using "), "{complaint}");
        assert!(complaint.contains("stop it, or use its REST API"), "{complaint}");
    }
}

#[tokio::test]
async fn a_running_server_heeds_a_revoked_key() {
    let server = Server::start_with(Store::Postgres, TOKEN_MODE).await;
    let key = done(server.database(), &["key", "add", "k", "--scope=read", "--as-server"], "").await;
    let key = key.trim();
    assert_eq!(with_token(&server, "/api/v1/groups/", key).await.status, 200);
    done(server.database(), &["key", "revoke", "k"], "").await;
    until("the key to count no more", async || {
        (with_token(&server, "/api/v1/groups/", key).await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_running_server_heeds_a_changed_password() {
    let server = Server::start_with(Store::Postgres, TOKEN_MODE).await;
    add_user(server.database(), "alice", &[]).await;
    let login = log_in(&server, "alice", PASSWORD).await.ok();
    let token = text(&login["access_token"]);
    let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
    let welcome = socket.ask(json!({ "type": "hello", "token": token })).await;
    assert_eq!(welcome["user"]["username"], "alice", "{welcome}");
    done(server.database(), &["user", "passwd", "alice", "--password-stdin"], "another").await;
    let close = loop {
        if let Err(close) = socket.try_next().await {
            break close;
        }
    };
    assert_eq!(close, Some(4001));
    assert_eq!(with_token(&server, "/api/v1/users/me", token).await.status, 401);
    assert_eq!(log_in(&server, "alice", "another").await.status, 200);
}

async fn secrets_are_shown_nowhere(store: Store) {
    let database = Database::create(store).await;
    std::fs::write(database.dir().join(".env"), format!("JWT_SECRET_KEY={SECRET_KEY}\n")).unwrap();
    let report = done(&database, &["--auth=token", "--check-config"], "").await;
    let line = report.lines().find(|line| line.starts_with("JWT_SECRET_KEY ")).expect("a line about it");
    assert!(line.contains("***") && line.contains("in .env") && !report.contains(SECRET_KEY), "{report}");
    add_user(&database, "alice", &["--admin"]).await;
    done(&database, &["group", "add", "lobby", "--owner=alice"], "").await;
    let key = done(&database, &["key", "add", "k", "--scope=write", "--as=alice"], "").await;
    let key = key.trim();
    let server = Server::start_on(database, &["--auth=token", "--log=trace"]).await;
    let login = log_in(&server, "alice", PASSWORD).await.ok();
    let (access, refresh) = (text(&login["access_token"]), text(&login["refresh_token"]));
    assert_eq!(with_token(&server, "/api/v1/users/me", access).await.status, 200);
    assert_eq!(log_in(&server, "alice", &format!("not {PASSWORD}")).await.status, 401);
    let body = json!({ "refresh_token": refresh });
    assert_eq!(server.http().await.post("/api/v1/sessions/refresh/", &body).await.status, 200);
    let registration = json!({ "username": "bob", "email": "bob@example.com", "password": PASSWORD });
    assert_eq!(server.http().await.post("/api/v1/users/", &registration).await.status, 200);
    let (bearer, message) = (format!("Bearer {key}"), json!({ "group_id": 1, "content": CONTENT }));
    let headers = [("Authorization", &bearer[..]), ("Content-Type", "application/json")];
    let mut http = server.http().await;
    let sent = http.request("POST", "/api/v1/messages/", &headers, message.to_string().as_bytes()).await;
    assert_eq!(sent.ok()["content"], CONTENT);
    assert_eq!(with_token(&server, "/api/v1/messages/?group_id=1", key).await.ok()[0]["content"], CONTENT);
    let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
    let welcome = socket.ask(json!({ "type": "hello", "token": key })).await;
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    let ack = socket.ask(json!({ "type": "send", "group_id": 1, "content": CONTENT })).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert_nowhere(&server.log(), &[SECRET_KEY, PASSWORD, CONTENT, access, refresh, key, "$argon2id$"]);
}

#[tokio::test]
async fn the_key_that_the_database_keeps_is_shown_nowhere() {
    let server = Server::start_with(Store::Postgres, &["--auth=token", "--log=trace"]).await;
    let column = "SELECT signing_secret FROM server";
    let url = server.database().url().to_owned();
    let kept = tokio::task::spawn_blocking(move || Postgres::shared().psql(&url, column)).await.unwrap();
    assert_eq!(kept.trim().len(), 43);
    assert_nowhere(&server.log(), &[kept.trim()]);
}

/// Checks that none of these stands in the log, without showing it.
fn assert_nowhere(log: &str, secrets: &[&str]) {
    for (index, secret) in secrets.iter().enumerate() {
        let line = log.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "secret {index} stands in the log: {line:?}");
    }
}

#[tokio::test]
async fn the_server_says_whether_names_are_believed() {
    let database = Database::create(Store::Sqlite).await;
    let start = async |options: &[&str]| {
        let mut command = command(database.dir());
        command.env("DATABASE_URL", database.url()).args(["--port=0"]).args(options);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let line = first_line(&mut child).await.expect("the server starts");
        child.start_kill().unwrap();
        let output = patiently("the end", child.wait_with_output()).await.unwrap();
        (line, String::from_utf8(output.stderr).unwrap())
    };
    let (line, log) = start(&[]).await;
    assert!(line.contains("--auth=username: any name is believed"), "{line}");
    assert!(!log.contains("can be any user"), "{log}");
    let (line, log) = start(&["--host=0.0.0.0"]).await;
    assert!(line.contains("any name is believed"), "{line}");
    assert!(log.contains("WARN") && log.contains("can be any user"), "{log}");
    let (line, log) = start(&["--host=0.0.0.0", "--auth=token"]).await;
    assert!(!line.contains("believed") && line.contains("Authorization: Bearer"), "{line}");
    assert!(!log.contains("can be any user"), "{log}");
}
