//! Who is taken out of a group hears no more of it, and is not heard.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::scene::{User, start};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;

both_stores!(
    who_goes_is_told_how,
    the_others_are_told_that_somebody_went,
    a_kick_ends_a_flood,
    nothing_is_replayed_after_a_removal,
    a_membership_that_was_remembered_is_asked_anew,
    the_banned_stay_outside,
    the_muted_read_and_do_not_write,
    a_name_that_is_believed_is_enough_to_kick,
    who_is_erased_hears_nothing_more,
);

/// Alice owns the open group `g`, bob and carol are users.
async fn scene(store: Store) -> (Server, i64, [User; 3]) {
    let server = start(store).await;
    let users = [server.member("alice").await, server.member("bob").await, server.member("carol").await];
    let group = server.group_of(&users[0], "g", false).await;
    (server, group, users)
}

fn member(group: i64, user: &User) -> String {
    format!("/groups/{group}/members/{}", user.id)
}

/// Reads what tells of a removal, and that nothing follows.
async fn expect_removal(socket: &mut JsonSocket, group: i64, reason: &str) {
    let event = socket.until("unsubscribed").await;
    assert_eq!(event, json!({ "type": "unsubscribed", "group_id": group, "reason": reason }));
    socket.send(json!({ "type": "ping" })).await;
    socket.event("pong").await;
}

async fn who_goes_is_told_how(store: Store) {
    let (server, first, [alice, bob, _]) = scene(store).await;
    for (reason, name) in [("left", "g"), ("kicked", "g2"), ("banned", "g3"), ("deleted", "g4")] {
        let group = if name == "g" { first } else { server.group_of(&alice, name, false).await };
        let mut of_alice = alice.read(&server, group).await;
        let (mut one, mut two) = (bob.read(&server, group).await, bob.read(&server, group).await);
        let mut lines = bob.join(&server, name).await;
        let began = Instant::now();
        match reason {
            "left" => server.done_as(&bob, "DELETE", &member(group, &bob)).await,
            "kicked" => server.done_as(&alice, "DELETE", &member(group, &bob)).await,
            "banned" => server.done_as(&alice, "PUT", &format!("/groups/{group}/bans/{}", bob.id)).await,
            _ => server.done_as(&alice, "DELETE", &format!("/groups/{group}")).await,
        }
        let answered = began.elapsed();
        lines.until(&format!("You are no longer in {name}.")).await;
        let told = began.elapsed();
        println!("{store:?}, {reason}: answered after {answered:?}, told after {told:?}");
        lines.expect_close(4003).await;
        if reason != "deleted" {
            of_alice.store(group, "without bob").await;
        }
        for socket in [&mut one, &mut two] {
            expect_removal(socket, group, reason).await;
        }
        let refusal = if reason == "deleted" { "not_found" } else { "forbidden" };
        for request in [
            json!({ "type": "send", "group_id": group, "content": "still here" }),
            json!({ "type": "send", "group_id": group, "content": "still here", "ephemeral": true }),
            json!({ "type": "history", "group_id": group }),
            json!({ "type": "presence", "group_id": group }),
            json!({ "type": "typing", "group_id": group, "on": true }),
        ] {
            let error = one.refused(request, refusal).await;
            if reason == "banned" {
                assert_eq!(error["message"], "banned");
            }
        }
        one.refused(json!({ "type": "unsubscribe", "group_id": group }), "not_subscribed").await;
    }
}

async fn the_others_are_told_that_somebody_went(store: Store) {
    let (server, group, [alice, bob, carol]) = scene(store).await;
    let mut of_alice = alice.read(&server, group).await;
    let mut lines = carol.join(&server, "g").await;
    let _of_bob = bob.read(&server, group).await;
    lines.expect("bob joined g.").await;
    let _lines_of_bob = bob.join(&server, "g").await;
    lines.expect("bob joined g.").await;
    server.done_as(&alice, "DELETE", &member(group, &bob)).await;
    lines.expect("bob left g.").await;
    lines.expect("bob left g.").await;
    let left = of_alice.until("left").await;
    assert_eq!((&left["user_id"], &left["username"]), (&json!(bob.id), &json!("bob")));
    let presence = of_alice.ask(json!({ "type": "presence", "group_id": group })).await;
    assert_eq!(presence["online"], 2, "{presence}");
}

/// No message of one who was kicked gets a place after the answer to the kick.
async fn a_kick_ends_a_flood(store: Store) {
    let (server, group, [alice, bob, _]) = scene(store).await;
    for round in 0..3 {
        server.done_as(&alice, "PUT", &member(group, &bob)).await;
        let mut of_alice = alice.read(&server, group).await;
        let mut socket = bob.read(&server, group).await;
        let mut lines = bob.join(&server, "g").await;
        let flood = tokio::spawn(async move {
            for number in 0.. {
                socket.say(group, &format!("{round}: {number}")).await;
                lines.send(&format!("{round}: line {number}")).await;
            }
        });
        for _ in 0..50 {
            of_alice.until("message").await;
        }
        server.done_as(&alice, "DELETE", &member(group, &bob)).await;
        let stored = server.messages_as(&alice, group).await;
        assert!(stored.len() >= 50);
        // It goes on meanwhile, which nothing tells of.
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!flood.is_finished());
        assert_eq!(server.messages_as(&alice, group).await.len(), stored.len(), "more of it after the kick");
        flood.abort();
        let _ = flood.await;
    }
}

async fn nothing_is_replayed_after_a_removal(store: Store) {
    let (server, group, [alice, bob, _]) = scene(store).await;
    let mut of_alice = alice.read(&server, group).await;
    let content = "x".repeat(100_000);
    for _ in 0..100 {
        of_alice.store(group, &content).await;
    }
    of_alice.store(group, "the last").await;
    let mut of_bob = bob.hello(&server).await;
    of_bob.send(json!({ "type": "subscribe", "group_id": group, "after": 0 })).await;
    of_bob.until("subscribed").await;
    server.done_as(&alice, "DELETE", &member(group, &bob)).await;
    of_alice.store(group, "without bob").await;
    let mut replayed = 0;
    let event = loop {
        let event = of_bob.next().await;
        match event["type"].as_str() {
            Some("message") => replayed += 1,
            Some("unsubscribed") => break event,
            _ => panic!("{event}"),
        }
    };
    assert_eq!(event["reason"], "kicked");
    assert!(replayed < 101, "all of it was read, so nothing was seen");
    of_bob.send(json!({ "type": "ping" })).await;
    of_bob.event("pong").await;
    // Who is let in again reads on from where they were.
    of_bob.send(json!({ "type": "subscribe", "group_id": group, "after": replayed })).await;
    let subscribed = of_bob.event("subscribed").await;
    assert_eq!((&subscribed["after"], &subscribed["head_seq"]), (&json!(replayed), &json!(103)));
    for seq in replayed + 1..=103 {
        let kind = if seq == 102 { "member" } else { "message" };
        assert_eq!(of_bob.event(kind).await["seq"], seq);
    }
    of_bob.event("caught_up").await;
}

async fn a_membership_that_was_remembered_is_asked_anew(store: Store) {
    let (server, group, [alice, bob, _]) = scene(store).await;
    server.done_as(&alice, "PUT", &member(group, &bob)).await;
    let mut socket = bob.hello(&server).await;
    socket.store(group, "as a member").await;
    server.done_as(&alice, "DELETE", &member(group, &bob)).await;
    for request in [
        json!({ "type": "send", "group_id": group, "content": "as none" }),
        json!({ "type": "history", "group_id": group }),
    ] {
        socket.refused(request, "forbidden").await;
    }
    server.done_as(&alice, "PUT", &member(group, &bob)).await;
    socket.event("added").await;
    socket.store(group, "as a member again").await;
    // And of one who was removed and added while reading.
    socket.subscribe(group).await;
    server.done_as(&alice, "DELETE", &member(group, &bob)).await;
    server.done_as(&alice, "PUT", &member(group, &bob)).await;
    let mut told = [socket.next().await["type"].clone(), socket.next().await["type"].clone()];
    told.sort_by_key(Value::to_string);
    assert_eq!(told, ["added", "unsubscribed"]);
    socket.store(group, "once more").await;
    assert_eq!(server.messages_as(&alice, group).await.len(), 3);
}

async fn the_banned_stay_outside(store: Store) {
    let (server, group, [alice, bob, _]) = scene(store).await;
    server.done_as(&alice, "PUT", &format!("/groups/{group}/bans/{}", bob.id)).await;
    let mut lines = bob.enter(&server, "g").await;
    lines.expect("You may not join g.").await;
    lines.expect_close(4003).await;
    let socket = Socket::open_with(&server, "/ws/group/g/bob", &bob.json_protocols()).await;
    let mut socket = JsonSocket::over(socket);
    let error = socket.event("error").await;
    assert_eq!((&error["code"], &error["message"]), (&json!("forbidden"), &json!("banned")));
    socket.into_raw().expect_close(4003).await;
    let mut socket = bob.hello(&server).await;
    for request in [
        json!({ "type": "subscribe", "group_id": group }),
        json!({ "type": "subscribe", "group": "g" }),
        json!({ "type": "send", "group_id": group, "content": "x" }),
    ] {
        assert_eq!(socket.refused(request, "forbidden").await["message"], "banned");
    }
    server.done_as(&alice, "DELETE", &format!("/groups/{group}/bans/{}", bob.id)).await;
    socket.subscribe(group).await;
}

async fn the_muted_read_and_do_not_write(store: Store) {
    let (server, group, [alice, bob, carol]) = scene(store).await;
    let mut of_carol = carol.read(&server, group).await;
    let mut socket = bob.read(&server, group).await;
    of_carol.until("joined").await;
    let ack = socket.store_as(group, "before", "a").await;
    let mut lines = bob.join(&server, "g").await;
    server.done_as(&alice, "PUT", &format!("/groups/{group}/mutes/{}", bob.id)).await;
    for ephemeral in [false, true] {
        let request = json!({ "type": "send", "group_id": group, "content": "x", "ephemeral": ephemeral });
        assert_eq!(socket.refused(request, "forbidden").await["message"], "muted");
    }
    // A retry gets its answer.
    let again = json!({ "type": "send", "group_id": group, "content": "before", "client_id": "a" });
    let again = socket.ask(again).await;
    assert_eq!((&again["duplicate"], &again["seq"]), (&json!(true), &ack["seq"]), "{again}");
    lines.send("x").await;
    lines.expect("Message refused: you are muted.").await;
    socket.send(json!({ "type": "typing", "group_id": group, "on": true })).await;
    let history = socket.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(1), "{history}");
    server.done_as(&alice, "DELETE", &format!("/groups/{group}/mutes/{}", bob.id)).await;
    socket.store(group, "after").await;
    // Nothing that bob typed while muted came in between.
    of_carol.message("before").await;
    for change in ["muted", "unmuted"] {
        assert_eq!(of_carol.event("member").await["change"], change);
    }
    of_carol.message("after").await;
}

async fn a_name_that_is_believed_is_enough_to_kick(store: Store) {
    let server = Server::start(store).await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let body = json!({ "name": "g", "is_private": false, "user_id": alice });
    let group = server.http().await.post("/api/v1/groups/", &body).await.ok()["id"].as_i64().unwrap();
    let mut of_alice = JsonSocket::join(&server, group, "alice").await;
    let mut of_bob = JsonSocket::join(&server, group, "bob").await;
    let mut lines = Socket::open(&server, "/ws/group/g/bob").await;
    lines.expect("bob joined g.").await;
    let path = format!("/api/v1/groups/{group}/members/{bob}?user_id={alice}");
    let answer = server.http().await.request("DELETE", &path, &[], b"").await;
    assert_eq!(answer.status, 204, "{answer:?}");
    expect_removal(&mut of_bob, group, "kicked").await;
    lines.expect("You are no longer in g.").await;
    lines.expect_close(4003).await;
    of_alice.store(group, "without bob").await;
    assert_eq!(of_alice.until("left").await["username"], "bob");
    // Whoever may join may come back.
    of_bob.subscribe(group).await;
    let list = server.http().await.get(&format!("/api/v1/messages/?group_id={group}")).await.ok();
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    let Value::Array(members) =
        server.http().await.get(&format!("/api/v1/groups/{group}/members/")).await.ok()
    else {
        panic!("not a list");
    };
    assert_eq!(members.len(), 2);
}

/// Also over sockets that no session of theirs has opened.
async fn who_is_erased_hears_nothing_more(store: Store) {
    let server = Server::start(store).await;
    let group = server.public_group("g").await;
    server.user("alice").await;
    let bob = server.member("bob").await;
    let mut of_alice = JsonSocket::join(&server, group, "alice").await;
    let mut named = JsonSocket::join(&server, group, "bob").await;
    let mut lines = Socket::join(&server, "g", "bob").await;
    let shown = bob.read(&server, group).await;
    server.done_as(&bob, "DELETE", &format!("/users/{}", bob.id)).await;
    shown.into_raw().until_close(4001).await;
    lines.until("You are no longer in g.").await;
    lines.expect_close(4003).await;
    of_alice.store(group, "without bob").await;
    expect_removal(&mut named, group, "left").await;
    for request in [
        json!({ "type": "send", "group_id": group, "content": "still here" }),
        json!({ "type": "subscribe", "group_id": group }),
    ] {
        let error = named.ask(request).await;
        assert_eq!(error["type"], "error", "{error}");
    }
}
