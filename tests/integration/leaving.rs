//! Who goes is seen to go after what they said.

use std::net::Shutdown;

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::frame;
use serde_json::{Value, json};

use crate::support::chat::text;
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{Socket, group_path};

both_stores!(
    last_words_come_before_the_leave,
    commands_before_a_close_are_carried_out,
    unsubscribing_is_told_after_what_was_sent,
);

/// How a client goes.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With a close frame in the same write as its messages.
    Close,
    /// Without a word.
    Silence,
}

/// Sends texts and goes, all in one write.
fn say_and_go(server: &Server, path: &str, texts: &[String], end: End) {
    let mut socket = BlockingSocket::connect(server.address(), 0).unwrap();
    socket.ask_upgrade(path, None).unwrap();
    socket.await_upgrade(None).unwrap();
    let mut bytes = Vec::new();
    texts.iter().for_each(|text| frame::push(&mut bytes, frame::TEXT, text.as_bytes()));
    if let End::Close = end {
        frame::push(&mut bytes, frame::CLOSE, &[]);
    }
    socket.send_bytes(&bytes).unwrap();
    let (mut stream, _) = socket.into_parts();
    if let End::Silence = end {
        stream.shutdown(Shutdown::Write).unwrap();
    }
    // A reset would overtake what was sent.
    std::io::copy(&mut stream, &mut std::io::sink()).unwrap();
}

/// A server with alice, who reads `g` in text mode, and carol, who does so in JSON mode.
async fn start(store: Store) -> (Server, i64, Socket, JsonSocket) {
    let server = Server::start_with(store, &["--threads", "2"]).await;
    server.users(&["alice", "bob", "carol"]).await;
    let group = server.public_group("g").await;
    let alice = Socket::join(&server, "g", "alice").await;
    let carol = JsonSocket::join(&server, group, "carol").await;
    (server, group, alice, carol)
}

/// What carol hears of others, in short.
async fn heard(carol: &mut JsonSocket) -> String {
    let event = carol.next().await;
    match text(&event["type"]) {
        "message" => format!("{}: {}", text(&event["username"]), text(&event["content"])),
        kind => format!("{} {kind}", text(&event["username"])),
    }
}

async fn last_words_come_before_the_leave(store: Store) {
    let (server, _, mut alice, mut carol) = start(store).await;
    alice.expect("carol joined g.").await;
    for end in [End::Close, End::Silence] {
        for round in 0..20 {
            let words: Vec<String> = (0..3).map(|number| format!("last words {round}.{number}")).collect();
            say_and_go(&server, &group_path("g", "bob"), &words, end);
            alice.expect("bob joined g.").await;
            for words in words {
                alice.expect(&format!("bob: {words}")).await;
            }
            alice.expect("bob left g.").await;
        }
        // Not away for longer than the grace, between these rounds.
        assert_eq!(heard(&mut carol).await, "bob joined", "{end:?}");
        for number in 0..60 {
            let words = format!("bob: last words {}.{}", number / 3, number % 3);
            assert_eq!(heard(&mut carol).await, words, "{end:?}");
        }
        assert_eq!(heard(&mut carol).await, "bob left", "{end:?}");
    }
}

async fn commands_before_a_close_are_carried_out(store: Store) {
    let (server, group, mut alice, mut carol) = start(store).await;
    alice.expect("carol joined g.").await;
    for end in [End::Close, End::Silence] {
        let mut frames = vec![
            json!({ "type": "hello", "username": "bob" }),
            json!({ "type": "subscribe", "group_id": group }),
        ];
        let words = ["one", "two", "three"];
        frames.extend(words.map(|words| json!({ "type": "send", "group_id": group, "content": words })));
        let frames: Vec<String> = frames.iter().map(Value::to_string).collect();
        say_and_go(&server, "/ws", &frames, end);
        alice.expect("bob joined g.").await;
        assert_eq!(heard(&mut carol).await, "bob joined", "{end:?}");
        for words in words {
            alice.expect(&format!("bob: {words}")).await;
            assert_eq!(heard(&mut carol).await, format!("bob: {words}"), "{end:?}");
        }
        alice.expect("bob left g.").await;
        assert_eq!(heard(&mut carol).await, "bob left", "{end:?}");
    }
}

async fn unsubscribing_is_told_after_what_was_sent(store: Store) {
    let (server, group, mut alice, _carol) = start(store).await;
    alice.expect("carol joined g.").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    alice.expect("bob joined g.").await;
    for round in 0..20 {
        let words = format!("round {round}");
        // Read together: none of it waits for an answer to another.
        bob.say(group, &words).await;
        bob.send(json!({ "type": "unsubscribe", "group_id": group })).await;
        bob.send(json!({ "type": "send", "group_id": group, "content": "from outside" })).await;
        alice.expect(&format!("bob: {words}")).await;
        let mut rest = [alice.text().await, alice.text().await];
        rest.sort();
        assert_eq!(rest, ["bob left g.", "bob: from outside"]);
        bob.until("unsubscribed").await;
        bob.send(json!({ "type": "subscribe", "group_id": group })).await;
        alice.expect("bob joined g.").await;
        bob.until("caught_up").await;
    }
}

#[tokio::test]
async fn to_come_back_before_a_leave_is_told_is_not_to_leave() {
    let (server, group, mut alice, _carol) = start(Store::Sqlite).await;
    alice.expect("carol joined g.").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    alice.expect("bob joined g.").await;
    for round in 0..20 {
        let words = format!("round {round}");
        bob.say(group, &words).await;
        bob.send(json!({ "type": "unsubscribe", "group_id": group })).await;
        bob.send(json!({ "type": "subscribe", "group_id": group })).await;
        bob.until("unsubscribed").await;
        bob.until("caught_up").await;
        bob.say(group, "back").await;
        alice.expect(&format!("bob: {words}")).await;
        // The leave may have been told before bob came back; then his coming is told too, and behind it.
        let next = alice.text().await;
        if next == "bob left g." {
            alice.expect("bob joined g.").await;
            alice.expect("bob: back").await;
        } else {
            assert_eq!(next, "bob: back");
        }
    }
    let presence = bob.ask(json!({ "type": "presence", "group_id": group })).await;
    assert_eq!(presence["online"], 3, "{presence}");
}
