//! WebSockets as frames: sizes, kinds, control frames, peers that are gone or silent.

use std::io::ErrorKind;

use groupcast_kit::crowd::BlockingSocket;

use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{CloseFrame, Data, Message, Socket};
use serde_json::json;

/// A server with alice and bob in the group `g`, both of whom know it.
async fn two(options: &[&str]) -> (Server, i64, Socket, Socket) {
    let server = Server::start_with(Store::Sqlite, options).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    (server, group, alice, bob)
}

#[tokio::test]
async fn a_message_of_one_mebibyte_passes_and_a_larger_one_is_closed_with_1009() {
    let (server, group, mut alice, mut bob) = two(&[]).await;
    let largest = "é".repeat(1 << 19);
    alice.send(&largest).await;
    let line = format!("alice: {largest}");
    for socket in [&mut alice, &mut bob] {
        assert!(socket.text().await == line, "the content is whole");
    }
    alice.send(&format!("{largest}.")).await;
    alice.expect_close(1009).await;
    bob.expect("alice left g.").await;
    assert_eq!(server.messages(group).await.len(), 1);
}

#[tokio::test]
async fn who_goes_on_after_the_close_is_reset() {
    /// Of 64 MiB some 4 are dropped; the rest of this is what the system keeps for both ends.
    const TAKEN_MAX: usize = 48 << 20;
    let (server, _, _alice, mut bob) = two(&[]).await;
    let mut socket = BlockingSocket::connect(server.address(), 0).unwrap();
    socket.ask_upgrade("/ws/group/g/alice", None).unwrap();
    socket.await_upgrade(None).unwrap();
    bob.expect("alice joined g.").await;
    let mut taken = 0;
    // The head of a text of 2^40 bytes, and what would be the text.
    let mut piece = vec![0x81, 0x80 | 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let error = loop {
        match socket.send_bytes(&piece) {
            Ok(()) => taken += piece.len(),
            Err(error) => break error,
        }
        assert!(taken <= TAKEN_MAX, "{} MiB were taken", taken >> 20);
        piece.resize(64 << 10, b'x');
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    bob.expect("alice left g.").await;
}

#[tokio::test]
async fn a_message_in_parts_is_bounded_too() {
    let (_server, _, mut alice, mut bob) = two(&["--content-bytes-max", "10"]).await;
    alice.send("0123456789").await;
    bob.expect("alice: 0123456789").await;
    alice.send_frame(b"01234", Data::Text, false).await;
    alice.send_frame(b"56789", Data::Continue, false).await;
    alice.send_frame(b"x", Data::Continue, true).await;
    alice.expect("alice: 0123456789").await;
    alice.expect_close(1009).await;
    bob.expect("alice left g.").await;
}

#[tokio::test]
async fn a_binary_message_is_closed_with_1003() {
    let (server, group, mut alice, mut bob) = two(&[]).await;
    alice.send_message(Message::binary("hello".as_bytes())).await;
    alice.expect_close(1003).await;
    bob.expect("alice left g.").await;
    assert!(server.messages(group).await.is_empty());
}

#[tokio::test]
async fn text_that_is_not_utf_8_is_closed_with_1007() {
    for payload in [&b"\xff"[..], b"abc\xc3", b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80"] {
        let (server, group, mut alice, mut bob) = two(&[]).await;
        alice.send_frame(payload, Data::Text, true).await;
        alice.expect_close(1007).await;
        bob.expect("alice left g.").await;
        assert!(server.messages(group).await.is_empty());
    }
}

#[tokio::test]
async fn fragments_make_one_message() {
    let (server, group, mut alice, mut bob) = two(&[]).await;
    let text = "Grüße 👋".as_bytes();
    // Cut inside of characters.
    alice.send_frame(&text[..3], Data::Text, false).await;
    alice.send_message(Message::Ping("between".into())).await;
    alice.send_frame(&text[3..10], Data::Continue, false).await;
    alice.send_frame(b"", Data::Continue, false).await;
    alice.send_frame(&text[10..], Data::Continue, true).await;
    assert_eq!(alice.expect_pong().await, b"between");
    for socket in [&mut alice, &mut bob] {
        socket.expect("alice: Grüße 👋").await;
    }
    assert_eq!(server.lines(group).await, ["alice: Grüße 👋"]);
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload() {
    let (_server, _, mut alice, _bob) = two(&[]).await;
    for payload in [&b""[..], b"payload", &[7; 125]] {
        alice.send_message(Message::Ping(payload.to_vec().into())).await;
        assert_eq!(alice.expect_pong().await, payload);
    }
    alice.send_message(Message::Pong("unasked".into())).await;
    alice.send("well").await;
    alice.expect("alice: well").await;
}

#[tokio::test]
async fn frames_against_the_protocol_close_the_socket_alone() {
    for (opcode, payload) in [(Data::Continue, &b"without a start"[..]), (Data::Reserved(3), b"reserved")] {
        let (_server, _, mut alice, mut bob) = two(&[]).await;
        alice.send_frame(payload, opcode, true).await;
        alice.expect_close(1002).await;
        bob.expect("alice left g.").await;
        bob.send("undisturbed").await;
        bob.expect("bob: undisturbed").await;
    }
}

#[tokio::test]
async fn a_peer_that_answers_pings_stays() {
    let (_server, _, mut alice, bob) = two(&["--heartbeat", "100ms"]).await;
    bob.close().await;
    alice.expect("bob left g.").await;
    for _ in 0..6 {
        alice.expect_ping().await;
    }
    alice.send("still here").await;
    alice.expect("alice: still here").await;
}

#[tokio::test]
async fn a_dead_peer_is_dropped() {
    let (_server, _, mut alice, bob) = two(&["--heartbeat", "100ms"]).await;
    // A socket that nobody reads answers no ping.
    alice.expect("bob left g.").await;
    drop(bob);
}

#[tokio::test]
async fn the_server_answers_a_close_with_its_code_and_reason() {
    let (_server, _, mut alice, mut bob) = two(&[]).await;
    alice.send("last words").await;
    let close = CloseFrame { code: 1000.into(), reason: "bye".into() };
    alice.send_message(Message::Close(Some(close.clone()))).await;
    bob.expect("alice: last words").await;
    bob.expect("alice left g.").await;
    alice.expect("alice: last words").await;
    assert_eq!(alice.next().await, Some(Message::Close(Some(close))));
}

#[tokio::test]
async fn a_socket_that_does_not_say_hello_is_closed() {
    let (server, _, mut alice, _) = two(&["--hello-timeout", "300ms"]).await;
    let mut silent = JsonSocket::over(Socket::open(&server, "/ws").await);
    // To ask for a sign of life is not to say who one is.
    silent.send(json!({ "type": "ping" })).await;
    assert_eq!(silent.until("error").await["code"], "unauthenticated");
    silent.into_raw().expect_close(4001).await;
    // On a slow machine hello may be late.
    let mut bob = loop {
        let mut bob = JsonSocket::over(Socket::open(&server, "/ws").await);
        bob.send(json!({ "type": "hello", "username": "bob" })).await;
        if bob.try_next().await.is_ok_and(|answer| answer["type"] == "welcome") {
            break bob;
        }
    };
    // Who has said it, or was named by the path, may be silent for longer than one who has not.
    JsonSocket::over(Socket::open(&server, "/ws").await).into_raw().until_close(4001).await;
    assert_eq!(bob.ask(json!({ "type": "ping" })).await["type"], "pong");
    alice.send("here").await;
    alice.until("alice: here").await;
}
