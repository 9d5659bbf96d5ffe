//! JSON mode: what frames may look like, and that a bad one harms nobody, not even its sender.

use crate::support::chat::text;
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{Data, Message, Socket};
use serde_json::json;

both_stores!(text_that_the_store_cannot_hold_is_refused, text_of_every_kind_passes);

async fn start() -> (Server, i64, JsonSocket) {
    let server = Server::start(Store::Sqlite).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let socket = JsonSocket::join(&server, group, "alice").await;
    (server, group, socket)
}

#[tokio::test]
async fn an_id_comes_back_as_it_went() {
    let (_server, group, mut socket) = start().await;
    let longest = "é".repeat(32);
    for id in [
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(""),
        json!("a\"\\\u{7f}"),
        json!(longest),
    ] {
        for (request, kind) in [
            (json!({ "type": "hello" }), "welcome"),
            (json!({ "type": "subscribe", "group_id": group }), "subscribed"),
            (json!({ "type": "send", "group_id": group, "content": "x" }), "ack"),
            (json!({ "type": "send", "group_id": group, "content": "x", "ephemeral": true }), "ack"),
            (json!({ "type": "history", "group_id": group, "limit": 1 }), "history"),
            (json!({ "type": "presence", "group_id": group }), "presence"),
            (json!({ "type": "ping" }), "pong"),
            (json!({ "type": "unsubscribe", "group_id": group }), "unsubscribed"),
            (json!({ "type": "unsubscribe", "group_id": group }), "error"),
            (json!({ "type": "unknown" }), "error"),
            (json!({ "type": "send", "group_id": group }), "error"),
        ] {
            let mut request = request;
            request["id"] = id.clone();
            request["unknown"] = json!({ "type": ["ignored"] });
            socket.send(request).await;
            let answer = socket.until(kind).await;
            assert_eq!(answer["id"], id, "{answer}");
        }
    }
    for request in [json!({ "type": "ping" }), json!({ "type": "ping", "id": null })] {
        socket.send(request).await;
        assert_eq!(socket.event("pong").await, json!({ "type": "pong" }));
    }
}

#[tokio::test]
async fn a_bad_frame_names_the_field() {
    let (_server, group, mut socket) = start().await;
    let long = "x".repeat(65);
    for (fields, field) in [
        (json!({}), "type"),
        (json!({ "type": null }), "type"),
        (json!({ "type": 1 }), "type"),
        (json!({ "type": "SEND" }), "type"),
        (json!({ "type": "send" }), "group_id"),
        (json!({ "type": "send", "group_id": null, "content": "x" }), "group_id"),
        (json!({ "type": "send", "group_id": "1", "content": "x" }), "group_id"),
        (json!({ "type": "send", "group_id": 1.0, "content": "x" }), "group_id"),
        (json!({ "type": "send", "group_id": u64::MAX, "content": "x" }), "group_id"),
        (json!({ "type": "send", "group_id": [], "content": "x" }), "group_id"),
        (json!({ "type": "send", "group_id": group }), "content"),
        (json!({ "type": "send", "group_id": group, "content": 7 }), "content"),
        (json!({ "type": "send", "group_id": group, "content": {} }), "content"),
        (json!({ "type": "send", "group_id": group, "content": "x", "client_id": 1 }), "client_id"),
        (json!({ "type": "send", "group_id": group, "content": "x", "client_id": long }), "client_id"),
        (json!({ "type": "send", "group_id": group, "content": "x", "client_id": "\u{0}" }), "client_id"),
        (json!({ "type": "send", "group_id": group, "content": "x", "ephemeral": 1 }), "ephemeral"),
        (json!({ "type": "subscribe" }), "group_id"),
        (json!({ "type": "subscribe", "group": 1 }), "group"),
        (json!({ "type": "subscribe", "group_id": group, "after": "0" }), "after"),
        (json!({ "type": "subscribe", "group_id": group, "after": -1 }), "after"),
        (json!({ "type": "unsubscribe", "group": "g" }), "group_id"),
        (json!({ "type": "typing", "group_id": group }), "on"),
        (json!({ "type": "typing", "group_id": group, "on": "true" }), "on"),
        (json!({ "type": "history", "group_id": group, "limit": "1" }), "limit"),
        (json!({ "type": "history", "group_id": group, "before": 1e3 }), "before"),
        (json!({ "type": "presence" }), "group_id"),
        (json!({ "type": "hello", "username": 1 }), "username"),
        (json!({ "type": "hello", "resume": [] }), "resume"),
        (json!({ "type": "hello", "resume": { "x": 1 } }), "resume"),
        (json!({ "type": "hello", "resume": { "1": "1" } }), "resume"),
        (json!({ "type": "hello", "resume": { "1": -1 } }), "resume"),
        (json!({ "type": "hello", "resume": { "1": [1, 2], "2": {} } }), "resume"),
    ] {
        let error = socket.refused(fields.clone(), "bad_frame").await;
        assert!(text(&error["message"]).starts_with(field), "{fields}: {error}");
        assert_eq!(error["retry"], false);
    }
    for id in [json!(long), json!(1.5), json!(true), json!([1]), json!({}), json!(u64::MAX)] {
        socket.send(json!({ "type": "ping", "id": id })).await;
        let error = socket.event("error").await;
        assert_eq!(error["code"], "bad_frame");
        assert!(text(&error["message"]).starts_with("id: "), "{error}");
    }
    socket.store(group, "still here").await;
}

#[tokio::test]
async fn what_is_not_json_keeps_the_socket() {
    let (_server, group, mut socket) = start().await;
    let before = r#"{"type":"ping","x":"#;
    let frames = [
        String::new(),
        " \n".to_owned(),
        "hello".to_owned(),
        "null".to_owned(),
        "1".to_owned(),
        r#""ping""#.to_owned(),
        "[]".to_owned(),
        r#"[{"type":"ping"}]"#.to_owned(),
        r#"{"type":"ping""#.to_owned(),
        r#"{"type":"ping"}}"#.to_owned(),
        r#"{"type":"ping"}{"type":"ping"}"#.to_owned(),
        "{'type':'ping'}".to_owned(),
        r#"{type:"ping"}"#.to_owned(),
        r#"{"type":"ping",}"#.to_owned(),
        "\u{feff}{\"type\":\"ping\"}".to_owned(),
        format!("{before}NaN}}"),
        format!("{before}01}}"),
        format!("{before}\"\\ud800\"}}"),
        format!("{before}\"\\udc00\\ud800\"}}"),
        format!("{before}\"\\x\"}}"),
        format!("{before}\"\u{0}\"}}"),
        format!("{before}\"\t\"}}"),
        format!("{before}{}", "[".repeat(1_000_000)),
        format!("{before}{}", r#"{"x":"#.repeat(300_000)),
        "[".repeat(1_000_000) + &"]".repeat(1_000_000),
        "\u{0}".repeat(100),
    ];
    for frame in frames {
        let start: String = frame.chars().take(40).collect();
        socket.raw().send(&frame).await;
        let error = socket.event("error").await;
        assert_eq!((&error["code"], &error["retry"]), (&json!("bad_frame"), &json!(false)), "{start:?}");
        assert!(!text(&error["message"]).is_empty());
        assert_eq!(socket.ask(json!({ "type": "ping" })).await["type"], "pong", "{start:?}");
    }
    // Odd, and harmless where it stands: whatever the answer, there is one, and the socket stays.
    for odd in ["1e400", "-1e400", &"9".repeat(400), &format!("{}1{}", "[".repeat(9_999), "]".repeat(9_999))]
    {
        socket.raw().send(&format!("{before}{odd}}}")).await;
        let answer = socket.next().await;
        let is_known = answer["type"] == "pong" || answer["code"] == "bad_frame";
        assert!(is_known, "{answer}");
    }
    // Of equal names the last counts.
    socket.raw().send(r#"{"type":"unknown","type":"ping","id":1,"id":"two"}"#).await;
    assert_eq!(socket.event("pong").await["id"], "two");
    socket.store(group, "still here").await;
}

#[tokio::test]
async fn what_is_not_text_closes_the_socket() {
    let (server, group, mut socket) = start().await;
    socket.raw().send_message(Message::binary(r#"{"type":"ping"}"#.as_bytes())).await;
    socket.into_raw().expect_close(1003).await;

    let mut socket = JsonSocket::join(&server, group, "alice").await;
    let not_utf8 = b"{\"type\":\"ping\",\"id\":\"\xff\"}";
    socket.raw().send_frame(not_utf8, Data::Text, true).await;
    socket.into_raw().expect_close(1007).await;
}

async fn text_that_the_store_cannot_hold_is_refused(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    bob.expect("alice joined g.").await;
    for content in [r"a\u0000b", r"\ud800", r"\udc00", r"x\ud83dy", r"\ud83d\ud83d"] {
        alice.raw().send(&format!(r#"{{"type":"send","group_id":{group},"content":"{content}"}}"#)).await;
        assert_eq!(alice.event("error").await["code"], "bad_frame", "{content}");
    }
    alice.store(group, "fine").await;
    bob.expect("alice: fine").await;
    assert_eq!(server.lines(group).await, ["alice: fine"]);
}

#[tokio::test]
async fn a_frame_that_is_not_json_is_answered_without_an_id() {
    let (_server, group, mut socket) = start().await;
    for frame in [
        format!(r#"{{"type":"send","id":"a","group_id":{group},"content":"\ud800"}}"#),
        r#"{"type":"hello","username":"\ud83d\ud83d","id":1}"#.to_owned(),
        r#"{"type":"ping","id":2,"x":01}"#.to_owned(),
        r#"{"type":"ping","id":3"#.to_owned(),
    ] {
        socket.raw().send(&frame).await;
        let error = socket.event("error").await;
        assert_eq!((&error["code"], &error["id"]), (&json!("bad_frame"), &json!(null)), "{frame}: {error}");
        assert!(text(&error["message"]).starts_with("the frame is not valid JSON: "), "{frame}: {error}");
    }
    socket.store(group, "still here").await;
}

async fn text_of_every_kind_passes(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut socket = JsonSocket::join(&server, group, "alice").await;
    let controls: String =
        (1..=0x20).map(char::from).chain(['\u{7f}', '\u{85}', '\u{2028}', '\u{feff}']).collect();
    for content in ["", " ", "\"quoted\" \\ /", &controls, "🦀 ü 漢字 \u{10ffff}", r#"{"type":"message"}"#]
    {
        socket.say(group, content).await;
        let message = socket.message(content).await;
        assert_eq!(socket.event("ack").await["seq"], message["seq"]);
    }
    socket
        .raw()
        .send(&format!(r#"{{"type":"send","group_id":{group},"content":"\ud83e\udd80\u00fc\/"}}"#))
        .await;
    socket.message("🦀ü/").await;
}

#[tokio::test]
async fn content_is_measured_after_unescaping() {
    let (_server, group, mut socket) = start().await;
    let limit = 1 << 20;
    for (content, fits) in [
        ("x".repeat(limit), true),
        ("\n".repeat(limit), true),
        ("x".repeat(limit + 1), false),
        ("é".repeat(limit / 2), true),
        ("é".repeat(limit / 2) + "x", false),
    ] {
        let request = json!({ "type": "send", "group_id": group, "content": content });
        if fits {
            assert_eq!(socket.ask(request).await["type"], "ack");
        } else {
            let error = socket.refused(request, "too_large").await;
            assert_eq!((&error["group_id"], &error["retry"]), (&json!(group), &json!(false)));
        }
    }
    socket.say(group, "still here").await;
    while socket.until("message").await["content"] != "still here" {}

    let frame_limit = (2 << 20) + (64 << 10);
    let frame = |length: usize| {
        let start = r#"{"type":"ping","x":""#;
        format!("{start}{}\"}}", "x".repeat(length - start.len() - 2))
    };
    socket.raw().send(&frame(frame_limit)).await;
    socket.until("pong").await;
    socket.raw().send(&frame(frame_limit + 1)).await;
    socket.raw().until_close(1009).await;
}

#[tokio::test]
async fn a_socket_reads_a_bounded_number_of_groups() {
    let (server, group, mut socket) = start().await;
    let welcome = socket.ask(json!({ "type": "hello" })).await;
    let limit = welcome["limits"]["groups"].as_i64().unwrap();
    let mut http = server.http().await;
    for number in 1..=limit {
        let body = json!({ "name": number.to_string(), "is_private": false });
        let id = http.post("/api/v1/groups/", &body).await.ok()["id"].clone();
        socket.send(json!({ "type": "subscribe", "group_id": id })).await;
        if number < limit {
            socket.event("subscribed").await;
            socket.event("caught_up").await;
        }
    }
    assert_eq!(socket.event("error").await["code"], "too_large");
    socket.refused(json!({ "type": "subscribe", "group": limit.to_string() }), "too_large").await;
    // One that is read already is read anew, by number or by name; and another in place of one.
    for again in [json!({ "group_id": group }), json!({ "group": "g" })] {
        let mut request = again;
        request["type"] = "subscribe".into();
        assert_eq!(socket.ask(request).await["type"], "subscribed");
        socket.event("caught_up").await;
    }
    socket.ask(json!({ "type": "unsubscribe", "group_id": group })).await;
    let last = socket.ask(json!({ "type": "subscribe", "group": limit.to_string() })).await;
    assert_eq!(last["type"], "subscribed");
    socket.event("caught_up").await;
    socket.say(last["group"]["id"].as_i64().unwrap(), "heard").await;
    socket.message("heard").await;
}
