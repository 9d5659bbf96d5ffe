//! JSON mode: how it is asked for, who is let in, and what the commands do.

use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{Socket, WebSocket, group_path};
use serde_json::{Value, json};

both_stores_and_tls!(
    a_path_with_a_group_needs_no_request,
    a_private_chat_needs_no_request,
    refusals_say_why_and_close,
    subscribing_makes_a_member,
    a_message_is_acked_and_the_same_for_all,
    history_comes_in_pages,
);

async fn start() -> (Server, i64) {
    let server = Server::start(Store::Sqlite).await;
    server.users(&["alice", "bob", "carol"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

/// Reads an error and the close behind it.
async fn expect_refusal(mut socket: JsonSocket, code: &str, close: u16) -> Value {
    let error = socket.event("error").await;
    assert_eq!(error["code"], code, "{error}");
    socket.into_raw().expect_close(close).await;
    error
}

#[tokio::test]
async fn the_mode_is_negotiated() {
    let (server, _) = start().await;
    let protocols = Some("other, chat.v1.json");
    let socket = WebSocket::open(server.address(), "/ws/group/g/alice", protocols).await.unwrap();
    assert_eq!(socket.protocol(), Some("chat.v1.json"));

    JsonSocket::at_group(&server, "g", "alice").await;
    for path in ["/ws", "/api/v1/ws", "/ws?protocol=other"] {
        JsonSocket::hello_over(Socket::open(&server, path).await, "alice").await;
    }
    Socket::join(&server, "g", "bob").await;
}

#[tokio::test]
async fn hello_comes_first() {
    let (server, group) = start().await;
    let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
    for request in [
        json!({ "type": "subscribe", "group_id": group }),
        json!({ "type": "send", "group_id": group, "content": "x" }),
        json!({ "type": "history", "group_id": group }),
        json!({ "type": "presence", "group_id": group }),
    ] {
        socket.refused(request, "unauthenticated").await;
    }
    assert_eq!(socket.ask(json!({ "type": "ping" })).await["type"], "pong");
    let welcome = socket.ask(json!({ "type": "hello", "username": "alice" })).await;
    assert_eq!(welcome["type"], "welcome");
    assert_eq!(welcome["user"]["username"], "alice");
    assert!(welcome["user"]["id"].is_i64());
    assert!(welcome["connection_id"].is_string());
    assert_eq!(welcome["heartbeat_ms"], 25_000);
    let limits = json!({ "content_bytes": 1 << 20, "frame_bytes": (2 << 20) + (64 << 10), "groups": 1_000 });
    assert_eq!(welcome["limits"], limits);
    let other = JsonSocket::hello(&server, "alice").await.ask(json!({ "type": "hello" })).await;
    assert_ne!(other["connection_id"], welcome["connection_id"]);
}

#[tokio::test]
async fn an_unknown_user_is_not_welcome() {
    let (server, _) = start().await;
    for hello in [
        json!({ "type": "hello", "username": "nobody" }),
        json!({ "type": "hello", "username": "a\u{0}" }),
        json!({ "type": "hello", "username": "" }),
        json!({ "type": "hello" }),
    ] {
        let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
        socket.send(hello).await;
        expect_refusal(socket, "unauthenticated", 4001).await;
    }
    // Nobody becomes another.
    let mut socket = JsonSocket::hello(&server, "alice").await;
    socket.send(json!({ "type": "hello", "username": "bob" })).await;
    expect_refusal(socket, "unauthenticated", 4001).await;
}

async fn a_path_with_a_group_needs_no_request(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    JsonSocket::join(&server, group, "alice").await.store(group, "one").await;
    for path in [group_path("g", "alice"), format!("/api/v1{}", group_path("g", "alice"))] {
        let mut socket = JsonSocket::open(&server, &path).await;
        assert_eq!(socket.event("welcome").await["user"]["username"], "alice");
        let subscribed = socket.event("subscribed").await;
        assert_eq!(subscribed["group"], json!({ "id": group, "name": "g", "is_private": false }));
        assert_eq!((&subscribed["head_seq"], &subscribed["after"]), (&json!(1), &json!(1)));
        assert!(subscribed["epoch"].as_str().is_some_and(|epoch| !epoch.is_empty()));
        let caught_up = socket.event("caught_up").await;
        assert_eq!((&caught_up["group_id"], &caught_up["seq"]), (&json!(group), &json!(1)));
    }
}

async fn a_private_chat_needs_no_request(store: Store) {
    let server = Server::start(store).await;
    let alice = server.user("alice").await;
    let bob = server.user("bob").await;
    let mut of_alice = JsonSocket::open(&server, &format!("/ws/chat/{alice}/bob")).await;
    of_alice.event("welcome").await;
    let subscribed = of_alice.event("subscribed").await;
    assert_eq!(subscribed["group"]["is_private"], true);
    let group = subscribed["group"]["id"].as_i64().unwrap();
    of_alice.event("caught_up").await;

    let mut of_bob = Socket::open(&server, &format!("/ws/chat/{bob}/alice")).await;
    of_bob.expect("bob joined the chat.").await;
    assert_eq!(of_alice.event("joined").await["username"], "bob");
    of_alice.say(group, "hello").await;
    of_bob.expect("alice: hello").await;
    of_alice.message("hello").await;
}

async fn refusals_say_why_and_close(store: Store) {
    let server = Server::start(store).await;
    let alice = server.user("alice").await;
    server.users(&["bob", "carol"]).await;
    server.public_group("g").await;
    let private = server.private_group("p").await;
    for user in ["alice", "bob"] {
        JsonSocket::at_group(&server, "p", user).await;
    }
    for (path, code, close) in [
        (group_path("g", "nobody"), "unauthenticated", 4001),
        (group_path("nowhere", "alice"), "not_found", 4004),
        (group_path("g\0", "alice"), "not_found", 4004),
        (group_path("p", "carol"), "group_full", 4003),
        ("/ws/chat/0/alice".to_owned(), "unauthenticated", 4001),
        (format!("/ws/chat/{alice}/nobody"), "not_found", 4004),
    ] {
        let error = expect_refusal(JsonSocket::open(&server, &path).await, code, close).await;
        let full = json!(private);
        assert_eq!(error.get("group_id"), (code == "group_full").then_some(&full), "{error}");
    }
    let mut carol = JsonSocket::hello(&server, "carol").await;
    for (group, code) in [
        (json!({ "group_id": private }), "group_full"),
        (json!({ "group": "p" }), "group_full"),
        (json!({ "group_id": i64::MAX }), "not_found"),
        (json!({ "group_id": -1 }), "not_found"),
        (json!({ "group": "nowhere" }), "not_found"),
        (json!({ "group": "g\u{0}" }), "not_found"),
        (json!({ "group": "ü".repeat(1 << 20) }), "not_found"),
    ] {
        let mut request = group.clone();
        request["type"] = "subscribe".into();
        let error = carol.refused(request, code).await;
        // Which group, and if there is none, what it was called.
        match group["group"].as_str() {
            Some("p") => assert_eq!(error["group_id"], private, "{error}"),
            Some(name) => {
                let known: String = name.chars().take_while(|c| *c != '\0').take(100).collect();
                let told = crate::support::chat::text(&error["message"]);
                assert!(
                    told.contains(&known) && told.len() < 300 && error.get("group_id").is_none(),
                    "{error}"
                );
            }
            None => assert_eq!(error.get("group_id"), group.get("group_id"), "{error}"),
        }
    }
}

async fn subscribing_makes_a_member(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut alice = JsonSocket::hello(&server, "alice").await;
    let requests = [
        json!({ "type": "send", "group_id": group, "content": "x" }),
        json!({ "type": "send", "group_id": group, "content": "x", "ephemeral": true }),
        json!({ "type": "typing", "group_id": group, "on": true }),
        json!({ "type": "history", "group_id": group }),
    ];
    for request in &requests {
        let error = alice.refused(request.clone(), "forbidden").await;
        assert_eq!(error["group_id"], group);
        assert_eq!(error["retry"], false);
        let mut elsewhere = request.clone();
        elsewhere["group_id"] = json!(i64::MAX);
        alice.refused(elsewhere, "not_found").await;
    }
    alice.refused(json!({ "type": "unsubscribe", "group_id": group }), "not_subscribed").await;

    let subscribed = alice.ask(json!({ "type": "subscribe", "group": "g" })).await;
    assert_eq!(subscribed["group"]["id"], group);
    alice.event("caught_up").await;
    let gone = alice.ask(json!({ "type": "unsubscribe", "group_id": group })).await;
    assert_eq!((&gone["type"], &gone["group_id"]), (&json!("unsubscribed"), &json!(group)));

    // A member without a subscription speaks and does not hear.
    alice.store(group, "said").await;
    let history = alice.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!(history["messages"][0]["content"], "said");
    JsonSocket::join(&server, group, "bob").await.store(group, "unheard").await;
    alice.send(json!({ "type": "ping" })).await;
    alice.event("pong").await;
}

async fn a_message_is_acked_and_the_same_for_all(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    let ack = alice.store_as(group, "héllo \"\\ \u{1} 🦀", "mine").await;
    let live = bob.until("message").await;
    for (of_ack, of_message) in [
        ("message_id", "id"),
        ("group_id", "group_id"),
        ("seq", "seq"),
        ("created_at", "created_at"),
        ("client_id", "client_id"),
    ] {
        assert_eq!(ack[of_ack], live[of_message], "{of_ack}");
    }

    // Live, replayed, in history and over REST.
    let mut late = JsonSocket::hello(&server, "bob").await;
    late.send(json!({ "type": "subscribe", "group_id": group, "after": 0 })).await;
    assert_eq!(late.until("message").await, live);
    let mut message = live;
    message.as_object_mut().unwrap().shift_remove("type");
    assert_eq!(server.messages(group).await, [message.clone()]);
    let history = late.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!(history["messages"], json!([message]));
}

async fn history_comes_in_pages(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut socket = JsonSocket::join(&server, group, "alice").await;
    for fields in [json!({}), json!({ "after": 0 })] {
        assert_eq!(page(&mut socket, group, &fields).await, (vec![], false));
    }
    for number in 1..=1_100 {
        socket.say(group, &number.to_string()).await;
    }
    while socket.until("message").await["seq"] != 1_100 {}

    let requests = [
        (json!({}), 1_001..1_101, true),
        (json!({ "limit": 1 }), 1_100..1_101, true),
        (json!({ "limit": 5_000 }), 101..1_101, true),
        (json!({ "before": 11 }), 1..11, false),
        (json!({ "before": 12, "limit": 10 }), 2..12, true),
        (json!({ "before": 9_999, "limit": 3 }), 1_098..1_101, true),
        (json!({ "before": 1 }), 0..0, false),
        (json!({ "after": 0, "limit": 700 }), 1..701, true),
        (json!({ "after": 1_090 }), 1_091..1_101, false),
        (json!({ "after": 1_100 }), 0..0, false),
        (json!({ "after": i64::MAX }), 0..0, false),
        (json!({ "after": 10, "before": 14 }), 11..14, false),
        (json!({ "after": 10, "before": 14, "limit": 2 }), 11..13, true),
        (json!({ "after": 10, "before": 5 }), 0..0, false),
        (json!({ "before": 0 }), 0..0, false),
    ];
    for (fields, places, more) in requests {
        let found = page(&mut socket, group, &fields).await;
        assert_eq!(found, (places.collect(), more), "{fields}");
    }
    for fields in
        [json!({ "limit": 0 }), json!({ "limit": -1 }), json!({ "before": -1 }), json!({ "after": 1.5 })]
    {
        let mut request = fields;
        request["type"] = "history".into();
        request["group_id"] = group.into();
        socket.refused(request, "bad_frame").await;
    }
}

/// What `history` with these fields brings: places, and whether there are more.
async fn page(socket: &mut JsonSocket, group: i64, fields: &Value) -> (Vec<i64>, bool) {
    let mut request = fields.clone();
    request["type"] = "history".into();
    request["group_id"] = group.into();
    let history = socket.ask(request).await;
    assert_eq!((&history["type"], &history["group_id"]), (&json!("history"), &json!(group)), "{history}");
    let messages = history["messages"].as_array().unwrap();
    let places = messages.iter().map(|message| message["seq"].as_i64().unwrap());
    (places.collect(), history["more"].as_bool().unwrap())
}

#[tokio::test]
async fn both_modes_share_a_group() {
    let (server, group) = start().await;
    let mut lines = Socket::join(&server, "g", "alice").await;
    let mut events = JsonSocket::join(&server, group, "bob").await;
    lines.expect("bob joined g.").await;
    let carol = Socket::join(&server, "g", "carol").await;
    lines.expect("carol joined g.").await;
    assert_eq!(events.event("joined").await["username"], "carol");

    lines.send("from text").await;
    lines.expect("alice: from text").await;
    let message = events.message("from text").await;
    assert_eq!((&message["username"], &message["group_name"]), (&json!("alice"), &json!("g")));
    events.say(group, "from JSON").await;
    lines.expect("bob: from JSON").await;
    events.message("from JSON").await;
    events.event("ack").await;

    carol.close().await;
    lines.expect("carol left g.").await;
    let left = events.event("left").await;
    assert_eq!((&left["username"], &left["group_id"]), (&json!("carol"), &json!(group)));
    events.into_raw().close().await;
    lines.expect("bob left g.").await;
}

#[tokio::test]
async fn an_ephemeral_message_is_delivered_and_not_stored() {
    let (server, group) = start().await;
    let mut lines = Socket::join(&server, "g", "alice").await;
    let mut events = JsonSocket::join(&server, group, "bob").await;
    lines.expect("bob joined g.").await;
    let mut sender = JsonSocket::join(&server, group, "carol").await;
    lines.expect("carol joined g.").await;
    events.event("joined").await;
    let ephemeral = json!({
        "type": "send", "group_id": group, "content": "gone", "client_id": "c", "ephemeral": true,
    });
    for _ in 0..2 {
        let ack = sender.ask(ephemeral.clone()).await;
        assert_eq!((&ack["ephemeral"], &ack["client_id"]), (&json!(true), &json!("c")), "{ack}");
        assert!(ack.get("seq").is_none() && ack.get("message_id").is_none(), "{ack}");
        lines.expect("carol: gone").await;
        let message = events.message("gone").await;
        assert_eq!(message["ephemeral"], true);
        assert!(message.get("seq").is_none() && message.get("id").is_none(), "{message}");
    }
    assert_eq!(sender.store_as(group, "kept", "c").await["duplicate"], false);
    assert_eq!(server.lines(group).await, ["carol: kept"]);
}

#[tokio::test]
async fn typing_is_passed_on_once_in_a_while() {
    let (server, group) = start().await;
    let mut lines = Socket::join(&server, "g", "carol").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    for line in ["alice joined g.", "bob joined g."] {
        lines.expect(line).await;
    }
    for on in [true, true, false, true] {
        alice.send(json!({ "type": "typing", "group_id": group, "on": on })).await;
    }
    alice.store(group, "typed").await;
    for on in [true, false] {
        let typing = bob.event("typing").await;
        assert_eq!((&typing["username"], &typing["on"]), (&json!("alice"), &json!(on)));
        assert_eq!(typing["group_id"], group);
    }
    bob.message("typed").await;
    lines.expect("alice: typed").await;
    // It is the user who is limited, whatever the socket, and nobody else.
    let mut other = JsonSocket::join(&server, group, "alice").await;
    lines.expect("alice joined g.").await;
    other.send(json!({ "type": "typing", "group_id": group, "on": true })).await;
    other.store(group, "typed elsewhere").await;
    bob.message("typed elsewhere").await;
    bob.send(json!({ "type": "typing", "group_id": group, "on": true })).await;
    assert_eq!(alice.until("typing").await["username"], "bob");
}

#[tokio::test]
async fn who_is_online_can_be_asked() {
    let (server, group) = start().await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let presence = alice.ask(json!({ "type": "presence", "group_id": group })).await;
    assert_eq!(presence["online"], 1);
    JsonSocket::join(&server, group, "alice").await.vanish();
    let _bob = Socket::join(&server, "g", "bob").await;
    let presence = alice.ask(json!({ "type": "presence", "group_id": group })).await;
    assert_eq!((&presence["type"], &presence["online"]), (&json!("presence"), &json!(2)));
    let names: Vec<_> = presence["users"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!(names, ["alice", "bob"]);
    alice.refused(json!({ "type": "presence", "group_id": 0 }), "not_found").await;
}
