//! A limit on how fast a user may send: what is above it is refused to its sender alone, in both modes and
//! over REST.

use std::time::{Duration, Instant};

use crate::support::chat::text;
use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;
use serde_json::{Value, json};
use tokio::time::sleep;

/// What a socket in text mode is told.
const REFUSED: &str = "Message refused: too many in too short a time.";

/// Messages that the servers of these tests allow at once, and then one a second.
const BURST: usize = 3;

/// A server with alice, bob and a group `g`.
async fn start() -> (Server, i64) {
    start_with(&["--send-rate", "1", "--send-burst", &BURST.to_string()]).await
}

async fn start_with(options: &[&str]) -> (Server, i64) {
    let server = Server::start_with(Store::Sqlite, options).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

async fn post(server: &Server, group: i64, user: i64, content: &str) -> Response {
    let body = json!({ "group_id": group, "user_id": user, "content": content });
    server.http().await.post("/api/v1/messages/", &body).await
}

/// Sends until a message is refused. Gives the refusal, and how many were taken before it; a slow machine
/// may take more than the burst.
async fn use_up(socket: &mut JsonSocket, group: i64) -> (Value, usize) {
    let mut taken = 0;
    loop {
        let answer = socket.ask(json!({ "type": "send", "group_id": group, "content": "x" })).await;
        if answer["type"] == "error" {
            return (answer, taken);
        }
        taken += 1;
    }
}

#[tokio::test]
async fn json_mode_is_told_when_to_send_again() {
    let (server, group) = start().await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let (error, taken) = use_up(&mut alice, group).await;
    assert!(taken >= BURST, "{taken}");
    assert_eq!((&error["code"], &error["retry"]), (&json!("rate_limited"), &json!(true)), "{error}");
    assert_eq!(error["group_id"], group);
    assert!(!text(&error["message"]).is_empty());
    let wait = error["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1_000).contains(&wait), "{error}");

    // After that time it is taken, whatever was refused meanwhile.
    sleep(Duration::from_millis(wait)).await;
    alice.store(group, "later").await;
    let stored = server.lines(group).await;
    assert_eq!(stored.len(), taken + 1, "what was refused is not stored");
    for _ in 0..taken {
        bob.until("message").await;
    }
    bob.message("later").await;
}

#[tokio::test]
async fn ephemeral_messages_and_repeats_count_too() {
    let (server, group) = start().await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let since = Instant::now();
    let mut taken = 0;
    let send = json!({ "type": "send", "group_id": group, "content": "x" });
    'refused: loop {
        for field in ["ephemeral", "client_id"] {
            let mut request = send.clone();
            request[field] = if field == "ephemeral" { json!(true) } else { json!("again") };
            let answer = alice.ask(request).await;
            if answer["type"] == "error" {
                assert_eq!(answer["code"], "rate_limited");
                break 'refused;
            }
            taken += 1;
        }
    }
    assert!((BURST..=BURST + 1 + since.elapsed().as_secs() as usize).contains(&taken), "{taken}");
}

#[tokio::test]
async fn what_is_wrong_anyway_does_not_count() {
    let (server, group) = start().await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let (_, _) = use_up(&mut alice, group).await;
    let long = "x".repeat((1 << 20) + 1);
    for _ in 0..150 {
        alice.refused(json!({ "type": "send", "group_id": 99, "content": "x" }), "not_found").await;
        alice.refused(json!({ "type": "send", "group_id": group }), "bad_frame").await;
    }
    alice.refused(json!({ "type": "send", "group_id": group, "content": long }), "too_large").await;
    assert_eq!(alice.ask(json!({ "type": "history", "group_id": group })).await["type"], "history");
}

#[tokio::test]
async fn text_mode_gets_a_line_that_nobody_else_sees() {
    let (server, group) = start().await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    let mut taken = 0;
    loop {
        alice.send("x").await;
        match alice.text().await.as_str() {
            REFUSED => break,
            line => assert_eq!(line, "alice: x"),
        }
        taken += 1;
    }
    assert!(taken >= BURST);
    bob.send("mine").await;
    for _ in 0..taken {
        bob.expect("alice: x").await;
    }
    bob.expect("bob: mine").await;
    alice.expect("bob: mine").await;
    assert_eq!(server.lines(group).await.len(), taken + 1);
}

#[tokio::test]
async fn a_limit_is_of_a_user_over_all_ways_to_send() {
    let (server, group) = start().await;
    let (mut alice, mut bob) = (1, 2);
    let body = server.http().await.get("/api/v1/users/1").await.ok();
    if body["username"] != "alice" {
        (alice, bob) = (bob, alice);
    }
    let mut one = JsonSocket::join(&server, group, "alice").await;
    let mut other = Socket::join(&server, "g", "alice").await;
    // Each way in turn, until all of them are refused in one round.
    loop {
        let (error, _) = use_up(&mut one, group).await;
        let wait = Duration::from_millis(error["retry_after_ms"].as_u64().unwrap());
        let since = Instant::now();
        let response = post(&server, group, alice, "x").await;
        other.send("last").await;
        let line = loop {
            match other.text().await {
                line if line == REFUSED || line == "alice: last" => break line,
                _ => {}
            }
        };
        if since.elapsed() < wait {
            assert_eq!(line, REFUSED);
            let told = response.header("retry-after").map(str::to_owned);
            assert!(response.detail(429).is_string());
            assert_eq!(told.as_deref(), Some("1"));
            break;
        }
    }
    // Others go on as they like.
    assert_eq!(post(&server, group, bob, "x").await.status, 200);
    JsonSocket::join(&server, group, "bob").await.store(group, "y").await;
}

#[tokio::test]
async fn who_goes_on_although_refused_is_closed() {
    let (server, group) = start().await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    for _ in 0..1_000 {
        alice.say(group, "x").await;
        bob.send("x").await;
    }
    let mut errors = 0;
    let close = loop {
        match alice.try_next().await {
            Ok(event) => errors += usize::from(event["type"] == "error"),
            Err(close) => break close,
        }
    };
    assert_eq!(close, Some(4008));
    assert!(errors >= 100, "{errors}");
    bob.until_close(4008).await;
    // It may come back, and was not stopped from reading.
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    sleep(Duration::from_secs(1)).await;
    alice.store(group, "calm").await;
}

#[tokio::test]
async fn nothing_is_limited_by_default() {
    let (server, group) = start_with(&[]).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    for _ in 0..5_000 {
        alice.say(group, "x").await;
    }
    for _ in 0..5_000 {
        alice.until("ack").await;
    }
}
