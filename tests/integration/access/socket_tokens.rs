//! How a socket shows who it is, and how long that lasts.

use std::time::Duration;

use serde_json::{Value, json};

use super::scene::{User, start};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{Socket, group_path};

both_stores!(
    a_token_is_shown_in_one_of_four_ways,
    without_a_good_token_nobody_comes_in,
    a_path_is_its_user_own,
    who_was_known_by_the_handshake_says_hello_once,
    keys_speak_as_far_as_they_may,
    what_is_hidden_is_as_what_is_not_there,
    the_end_of_a_session_is_the_end_of_its_sockets,
    a_token_runs_out,
    a_token_is_refreshed,
    where_names_are_believed_a_good_token_counts,
);

/// Alice owns the open group `g`; bob is a user.
async fn scene(store: Store) -> (Server, i64, [User; 2]) {
    let server = start(store).await;
    let users = [server.member("alice").await, server.member("bob").await];
    let group = server.group_of(&users[0], "g", false).await;
    (server, group, users)
}

/// Reads an `error` with this code and the close with this one.
async fn expect_refusal(mut socket: JsonSocket, code: &str, close: u16) -> Value {
    let error = socket.event("error").await;
    assert_eq!(error["code"], code, "{error}");
    socket.into_raw().expect_close(close).await;
    error
}

async fn a_token_is_shown_in_one_of_four_ways(store: Store) {
    let (server, group, [alice, _]) = scene(store).await;
    let bearer = alice.json_protocols();
    for protocols in [bearer.clone(), format!("bearer.{}, other,chat.v1.json", alice.token)] {
        for path in ["/ws/group/g/alice", "/api/v1/ws/group/g/alice"] {
            let socket = Socket::open_with(&server, path, &protocols).await;
            assert_eq!(socket.protocol(), Some("chat.v1.json"));
            let mut socket = JsonSocket::over(socket);
            for kind in ["welcome", "subscribed", "caught_up"] {
                socket.event(kind).await;
            }
        }
    }
    let mut lines = alice.enter(&server, "g").await;
    assert_eq!(lines.protocol(), Some(format!("bearer.{}", alice.token).as_str()));
    lines.until("alice joined g.").await;
    lines.send("hi").await;
    lines.until("alice: hi").await;
    for authorization in [format!("Bearer {}", alice.token), format!("bEaReR  {}", alice.token)] {
        let mut lines = Socket::open_authorized(&server, "/ws/group/g/alice", &authorization).await;
        lines.until("alice joined g.").await;
        let path = "/ws/group/g/alice?protocol=chat.v1.json";
        let mut socket = JsonSocket::over(Socket::open_authorized(&server, path, &authorization).await);
        socket.event("welcome").await;
    }
    alice.read(&server, group).await.store(group, "by hello").await;
}

async fn without_a_good_token_nobody_comes_in(store: Store) {
    let (server, group, [alice, _]) = scene(store).await;
    let expired = alice.for_only(Duration::from_secs(1));
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let forged = format!("{}x", alice.token);
    let bad = ["garbage", "gck_0123456789012345678901234567890123456789012", &forged, &expired.token];
    let in_query = format!("token={}&access_token={}", alice.token, alice.token);
    for path in ["/ws/group/g/alice", "/ws/group/nowhere/alice", "/ws/group/g/nobody", "/ws/chat/1/bob"] {
        let mut sockets = vec![
            Socket::open(&server, path).await,
            Socket::open(&server, &format!("{path}?{in_query}")).await,
            Socket::open_authorized(&server, path, "Basic YWxpY2U6c2VjcmV0").await,
        ];
        for token in bad {
            sockets.push(Socket::open_authorized(&server, path, &format!("Bearer {token}")).await);
            sockets.push(Socket::open_with(&server, path, &format!("bearer.{token}")).await);
        }
        for mut socket in sockets {
            socket.expect("Invalid user or group!").await;
            socket.expect_close(4001).await;
        }
        let json_path = format!("{path}?protocol=chat.v1.json&{in_query}");
        expect_refusal(JsonSocket::over(Socket::open(&server, &json_path).await), "unauthenticated", 4001)
            .await;
    }
    for token in bad {
        for path in ["/ws/group/g/alice", "/ws"] {
            let protocols = format!("chat.v1.json, bearer.{token}");
            let socket = JsonSocket::over(Socket::open_with(&server, path, &protocols).await);
            expect_refusal(socket, "unauthenticated", 4001).await;
        }
    }
    let hellos = bad.map(|token| json!({ "type": "hello", "token": token }));
    let without = [json!({ "type": "hello" }), json!({ "type": "hello", "username": "alice" })];
    for hello in hellos.into_iter().chain(without) {
        let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
        socket.refused(json!({ "type": "subscribe", "group_id": group }), "unauthenticated").await;
        socket.send(hello).await;
        expect_refusal(socket, "unauthenticated", 4001).await;
    }
    let log = server.log();
    assert!(!log.contains(&alice.token) && !log.contains("garbage"), "a token in the log");
}

async fn a_path_is_its_user_own(store: Store) {
    let (server, _, [alice, bob]) = scene(store).await;
    let private = format!("/ws/chat/{}/alice", bob.id);
    for (path, line) in [
        ("/ws/group/g/bob", "Invalid user or group!"),
        ("/ws/group/g/nobody", "Invalid user or group!"),
        ("/ws/group/nowhere/bob", "Invalid user or group!"),
        (&private, "Invalid sender or receiver!"),
        ("/ws/chat/999/alice", "Invalid sender or receiver!"),
    ] {
        let mut socket = Socket::open_with(&server, path, &format!("bearer.{}", alice.token)).await;
        socket.expect(line).await;
        socket.expect_close(4003).await;
        let socket = Socket::open_with(&server, path, &alice.json_protocols()).await;
        expect_refusal(JsonSocket::over(socket), "forbidden", 4003).await;
    }
    let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
    socket.send(json!({ "type": "hello", "token": alice.token, "username": "bob" })).await;
    expect_refusal(socket, "forbidden", 4003).await;
    // A chat of two is found by both.
    let path = format!("/ws/chat/{}/bob", alice.id);
    let mut one = Socket::open_with(&server, &path, &format!("bearer.{}", alice.token)).await;
    one.expect("alice joined the chat.").await;
    let mut two = Socket::open_with(&server, &private, &format!("bearer.{}", bob.token)).await;
    two.expect("bob joined the chat.").await;
    two.send("hi").await;
    one.until("bob: hi").await;
}

async fn who_was_known_by_the_handshake_says_hello_once(store: Store) {
    let (server, group, [alice, bob]) = scene(store).await;
    let hello = json!({ "type": "hello" });
    let mut socket = JsonSocket::over(Socket::open_with(&server, "/ws", &alice.json_protocols()).await);
    socket.subscribe(group).await;
    socket.store(group, "before hello").await;
    assert_eq!(socket.ask(hello.clone()).await["user"]["username"], "alice");
    socket.refused(hello.clone(), "bad_frame").await;
    socket.store(group, "after hello").await;
    // The path has been answered unasked, and once more is answered.
    let protocols = bob.json_protocols();
    let mut socket = JsonSocket::over(Socket::open_with(&server, "/ws/group/g/bob", &protocols).await);
    for kind in ["welcome", "subscribed", "caught_up"] {
        socket.event(kind).await;
    }
    assert_eq!(socket.ask(hello.clone()).await["type"], "welcome");
    socket.refused(hello.clone(), "bad_frame").await;
    let mut socket = bob.hello(&server).await;
    socket.refused(json!({ "type": "hello", "token": bob.token }), "bad_frame").await;
    // Another user's token in `hello`.
    let mut socket = JsonSocket::over(Socket::open_with(&server, "/ws", &alice.json_protocols()).await);
    socket.send(json!({ "type": "hello", "token": bob.token })).await;
    expect_refusal(socket, "forbidden", 4003).await;
    // Groups are read on.
    let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
    let resume = json!({ group.to_string(): 1 });
    socket.send(json!({ "type": "hello", "token": alice.token, "resume": resume })).await;
    socket.event("welcome").await;
    socket.event("subscribed").await;
    socket.message("after hello").await;
}

async fn keys_speak_as_far_as_they_may(store: Store) {
    let (mut server, group, [alice, _]) = scene(store).await;
    assert!(server.terminate().await.success());
    let any = server.key(&["any", "--scope=write", "--as-any"]).await;
    let nobody = server.key(&["nobody", "--scope=read", "--as-server"]).await;
    let reader = server.key(&["reader", "--scope=read", "--as=alice"]).await;
    server.restart().await;
    let hello = |token: &str, name: Option<&str>| match name {
        Some(name) => json!({ "type": "hello", "token": token, "username": name }),
        None => json!({ "type": "hello", "token": token }),
    };
    for name in ["alice", "bob"] {
        let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
        assert_eq!(socket.ask(hello(&any, Some(name))).await["user"]["username"], name);
        socket.subscribe(group).await;
        socket.store(group, "by a key").await;
        let protocols = format!("chat.v1.json, bearer.{any}");
        let socket = Socket::open_with(&server, &group_path("g", name), &protocols).await;
        JsonSocket::over(socket).event("welcome").await;
        // The handshake has shown the key, `hello` names the user.
        let mut socket = JsonSocket::over(Socket::open_with(&server, "/ws", &protocols).await);
        socket.refused(json!({ "type": "subscribe", "group_id": group }), "unauthenticated").await;
        let named = socket.ask(json!({ "type": "hello", "username": name })).await;
        assert_eq!(named["user"]["username"], name);
    }
    for hello in [hello(&any, None), hello(&any, Some("nobody"))] {
        let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
        socket.send(hello).await;
        expect_refusal(socket, "unauthenticated", 4001).await;
    }
    for hello in [hello(&nobody, None), hello(&nobody, Some("alice"))] {
        let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
        socket.send(hello).await;
        expect_refusal(socket, "forbidden", 4003).await;
    }
    let protocols = format!("chat.v1.json, bearer.{nobody}");
    let socket = Socket::open_with(&server, &group_path("g", "alice"), &protocols).await;
    expect_refusal(JsonSocket::over(socket), "forbidden", 4003).await;
    // A key for reading reads what its user reads, and keys do not run out.
    let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
    assert_eq!(socket.ask(hello(&reader, None)).await["user"]["id"], alice.id);
    socket.subscribe(group).await;
    socket.refused(json!({ "type": "send", "group_id": group, "content": "x" }), "forbidden").await;
    let refreshed = socket.ask(json!({ "type": "refresh", "token": reader })).await;
    assert_eq!((&refreshed["type"], &refreshed["expires_in"]), (&json!("refreshed"), &Value::Null));
    // A token of a log-in may more.
    let refreshed = socket.ask(json!({ "type": "refresh", "token": alice.token })).await;
    assert_eq!(refreshed["type"], "refreshed", "{refreshed}");
    socket.store(group, "by the session").await;
}

async fn what_is_hidden_is_as_what_is_not_there(store: Store) {
    let (server, _, [alice, bob]) = scene(store).await;
    let private = server.group_of(&alice, "private", true).await;
    let invite = server.group_of(&alice, "invite", false).await;
    let change = json!({ "join": "invite" });
    server.request_as(&alice, "PATCH", &format!("/groups/{invite}"), &change).await.ok();
    let mut socket = bob.hello(&server).await;
    let mut answers = Vec::new();
    for (id, name) in [(private, "private"), (invite, "invite"), (999, "absent")] {
        let mut seen = Vec::new();
        for request in [
            json!({ "type": "subscribe", "group_id": id }),
            json!({ "type": "subscribe", "group": name }),
            json!({ "type": "send", "group_id": id, "content": "x" }),
            json!({ "type": "send", "group_id": id, "content": "x", "ephemeral": true }),
            json!({ "type": "typing", "group_id": id, "on": true }),
            json!({ "type": "history", "group_id": id }),
            json!({ "type": "presence", "group_id": id }),
        ] {
            let mut error = socket.refused(request, "not_found").await.to_string();
            error = error.replace(&format!("\"group_id\":{id}"), "").replace(name, "");
            let (start, end) = (error.find("request ").unwrap(), error.find("\",\"code\"").unwrap());
            error.replace_range(start..end, "");
            seen.push(error);
        }
        let mut lines = bob.enter(&server, name).await;
        lines.expect("Invalid user or group!").await;
        lines.expect_close(1000).await;
        let path = group_path(name, "bob");
        let refused = JsonSocket::over(Socket::open_with(&server, &path, &bob.json_protocols()).await);
        seen.push(expect_refusal(refused, "not_found", 4004).await.to_string());
        answers.push(seen);
    }
    assert!(answers.iter().all(|seen| *seen == answers[2]), "{answers:#?}");
    socket.refused(json!({ "type": "presence", "group_id": private + 1000 }), "not_found").await;
}

async fn the_end_of_a_session_is_the_end_of_its_sockets(store: Store) {
    let (mut server, group, [alice, bob]) = scene(store).await;
    let other = server.log_in("bob").await;
    let mut of_other = other.read(&server, group).await;
    let (one, two) = (bob.read(&server, group).await, bob.hello(&server).await);
    let lines = bob.join(&server, "g").await;
    let idle = Socket::open_with(&server, "/ws", &bob.json_protocols()).await;
    server.done_as(&bob, "DELETE", "/sessions/current").await;
    for mut socket in [one.into_raw(), two.into_raw(), lines, idle] {
        socket.until_close(4001).await;
    }
    of_other.store(group, "of another session").await;
    let hello = json!({ "type": "hello", "token": bob.token });
    for _ in 0..2 {
        let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
        socket.send(hello.clone()).await;
        expect_refusal(socket, "unauthenticated", 4001).await;
        bob.enter(&server, "g").await.until_close(4001).await;
        server.kill9().await;
        server.restart().await;
    }
    // A session that has not ended goes on.
    other.read(&server, group).await.store(group, "after a restart").await;
    let of_other = other.hello(&server).await;
    let change = json!({ "password": "another", "current_password": "secret" });
    server.request_as(&server.log_in("bob").await, "PATCH", "/users/me", &change).await.ok();
    of_other.into_raw().until_close(4001).await;
    let of_alice = alice.hello(&server).await;
    server.done_as(&alice, "DELETE", &format!("/users/{}", alice.id)).await;
    of_alice.into_raw().until_close(4001).await;
}

async fn a_token_runs_out(store: Store) {
    let (server, group, [alice, _]) = scene(store).await;
    let brief = alice.for_only(Duration::from_secs(3));
    let mut socket = brief.hello(&server).await;
    let mut at_path =
        JsonSocket::over(Socket::open_with(&server, "/ws/group/g/alice", &brief.json_protocols()).await);
    let mut lines = brief.join(&server, "g").await;
    let mut lasting = alice.hello(&server).await;
    for socket in [&mut socket, &mut at_path] {
        let expiring = socket.until("expiring").await;
        let left = expiring["in_ms"].as_u64().expect("a number");
        assert!(left <= 4_000, "{expiring}");
        let last = loop {
            match socket.try_next().await {
                Ok(event) if event["type"] == "error" => break event,
                Ok(event) => assert_ne!(event["type"], "expiring"),
                Err(close) => panic!("closed with {close:?} without a word"),
            }
        };
        assert_eq!((&last["code"], &last["id"]), (&json!("unauthenticated"), &Value::Null), "{last}");
        assert_eq!(socket.try_next().await, Err(Some(4001)));
    }
    // In text mode nothing is said of it.
    let close = loop {
        match lines.try_text().await {
            Ok(line) => assert!(line.starts_with("alice "), "{line}"),
            Err(close) => break close,
        }
    };
    assert_eq!(close, Some(4001));
    lasting.subscribe(group).await;
    lasting.store(group, "still here").await;
}

async fn a_token_is_refreshed(store: Store) {
    let (server, group, [alice, bob]) = scene(store).await;
    let brief = alice.for_only(Duration::from_secs(3));
    let (mut socket, mut late) = (brief.read(&server, group).await, brief.hello(&server).await);
    for (token, code) in
        [(bob.token.as_str(), "forbidden"), ("garbage", "unauthenticated"), ("", "unauthenticated")]
    {
        socket.refused(json!({ "type": "refresh", "token": token }), code).await;
    }
    socket.refused(json!({ "type": "refresh" }), "bad_frame").await;
    let refreshed = socket.ask(json!({ "type": "refresh", "token": alice.token })).await;
    assert_eq!(refreshed["type"], "refreshed", "{refreshed}");
    let seconds = refreshed["expires_in"].as_u64().expect("a number");
    assert!((1_700..=1_801).contains(&seconds), "{refreshed}");
    // The other one is closed when the token runs out, which the first would have been too.
    late.raw().until_close(4001).await;
    socket.store(group, "still here").await;
    // By another session, whose end is now the end of the socket; that of the first is not.
    let other = server.log_in("alice").await;
    assert_eq!(socket.ask(json!({ "type": "refresh", "token": other.token })).await["type"], "refreshed");
    server.done_as(&alice, "DELETE", "/sessions/current").await;
    socket.refused(json!({ "type": "refresh", "token": alice.token }), "unauthenticated").await;
    socket.store(group, "by the other session").await;
    server.done_as(&other, "DELETE", "/sessions/current").await;
    socket.into_raw().until_close(4001).await;
}

async fn where_names_are_believed_a_good_token_counts(store: Store) {
    let server = Server::start(store).await;
    let group = server.public_group("g").await;
    server.user("bob").await;
    let alice = server.member("alice").await;
    for authorization in ["Basic eDp5", "Bearer garbage", "Bearer"] {
        let mut lines = Socket::open_authorized(&server, "/ws/group/g/bob", authorization).await;
        lines.expect("bob joined g.").await;
    }
    // A path may name another; a name is believed.
    let bearer = format!("Bearer {}", alice.token);
    Socket::open_authorized(&server, "/ws/group/g/bob", &bearer).await.expect("bob joined g.").await;
    for hello in [
        json!({ "type": "hello", "token": alice.token }),
        json!({ "type": "hello", "token": "garbage", "username": "alice" }),
        json!({ "type": "hello", "username": "alice" }),
    ] {
        let mut socket = JsonSocket::over(Socket::open(&server, "/ws").await);
        assert_eq!(socket.ask(hello).await["user"]["username"], "alice");
        socket.subscribe(group).await;
    }
    let mut shown = JsonSocket::over(Socket::open_authorized(&server, "/ws", &bearer).await);
    shown.subscribe(group).await;
    let mut named = JsonSocket::hello(&server, "alice").await;
    named.refused(json!({ "type": "refresh", "token": "garbage" }), "unauthenticated").await;
    server.done_as(&alice, "DELETE", "/sessions/current").await;
    shown.into_raw().until_close(4001).await;
    named.subscribe(group).await;
}
