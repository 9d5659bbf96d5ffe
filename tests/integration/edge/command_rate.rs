//! How fast one socket may send, whatever it sends.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;

/// What a socket in text mode is told.
const REFUSED: &str = "Message refused: too many in too short a time.";

const BURST: usize = 3;

async fn start(options: &[&str]) -> (Server, i64) {
    let server = Server::start_with(Store::Sqlite, options).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

async fn start_limited() -> (Server, i64) {
    start(&["--command-rate", "1", "--command-burst", &BURST.to_string()]).await
}

#[tokio::test]
async fn in_json_mode_every_frame_counts() {
    let (server, group) = start_limited().await;
    let mut alice = JsonSocket::hello(&server, "alice").await;
    let mut taken = 1;
    let error = 'refused: loop {
        for request in [
            json!({ "type": "ping" }),
            json!({ "type": "presence", "group_id": group }),
            json!({ "type": "no such command" }),
            json!({ "type": "send", "group_id": 99, "content": "x" }),
        ] {
            let answer = alice.ask(request).await;
            if answer["code"] == "rate_limited" {
                break 'refused answer;
            }
            taken += 1;
        }
    };
    assert!(taken >= BURST, "{taken}");
    assert_eq!((&error["type"], &error["retry"]), (&json!("error"), &json!(true)), "{error}");
    let wait = error["retry_after_ms"].as_u64().unwrap();
    assert!((1..=1_000).contains(&wait), "{error}");
    sleep(Duration::from_millis(wait)).await;
    assert_eq!(alice.ask(json!({ "type": "ping" })).await["type"], "pong");
    // It is this socket's limit, not the user's.
    let mut other = JsonSocket::hello(&server, "alice").await;
    assert_eq!(other.ask(json!({ "type": "ping" })).await["type"], "pong");
}

#[tokio::test]
async fn a_frame_without_an_id_is_refused_without_one() {
    let (server, _) = start_limited().await;
    let mut alice = JsonSocket::hello(&server, "alice").await;
    loop {
        alice.raw().send("no JSON").await;
        let error = alice.next().await;
        assert_eq!(error.get("id"), None, "{error}");
        if error["code"] == "rate_limited" {
            break;
        }
        assert_eq!(error["code"], "bad_frame");
    }
}

#[tokio::test]
async fn in_text_mode_there_is_a_line() {
    let (server, group) = start_limited().await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut taken = 0;
    loop {
        alice.send("x").await;
        match alice.text().await.as_str() {
            REFUSED => break,
            line => assert_eq!(line, "alice: x"),
        }
        taken += 1;
    }
    assert!(taken >= BURST, "{taken}");
    assert_eq!(server.lines(group).await.len(), taken);
}

#[tokio::test]
async fn who_goes_on_although_refused_is_closed() {
    let (server, _) = start_limited().await;
    let mut alice = JsonSocket::hello(&server, "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    for id in 0..1_000 {
        alice.send(json!({ "type": "ping", "id": id })).await;
        bob.send("x").await;
    }
    let (mut errors, mut expected) = (0, 0);
    let close = loop {
        match alice.try_next().await {
            Ok(event) => {
                assert_eq!(event["id"], expected, "{event}");
                expected += 1;
                errors += usize::from(event["type"] == "error");
            }
            Err(close) => break close,
        }
    };
    assert_eq!(close, Some(4008));
    assert!(errors >= 100, "{errors}");
    bob.until_close(4008).await;
}

#[tokio::test]
async fn a_refusal_of_one_limit_does_not_end_a_row_of_the_other() {
    let options = ["--send-rate=1", "--send-burst=1", "--command-rate=1000000", "--command-burst=10000000"];
    let (server, group) = start(&options).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    for _ in 0..1_000 {
        alice.say(group, "x").await;
    }
    let close = loop {
        if let Err(close) = alice.try_next().await {
            break close;
        }
    };
    assert_eq!(close, Some(4008));
}
