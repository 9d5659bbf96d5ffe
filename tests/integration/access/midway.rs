//! What happens while something else is under way: the store is slow, clients go, messages wait.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::scene::{User, start};
use crate::support::barrier::Barrier;
use crate::support::database::Store;
use crate::support::http::request;
use crate::support::json::JsonSocket;
use crate::support::patiently;
use crate::support::server::Server;

both_stores!(
    a_change_whose_client_has_gone_is_carried_out,
    a_log_out_whose_client_has_gone_is_carried_out,
    the_muted_may_repeat_themselves,
);

/// Alice owns the open group `g`, of which bob is a member.
async fn scene(store: Store) -> (Server, i64, User, User) {
    let server = start(store).await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let group = server.group_of(&alice, "g", false).await;
    server.done_as(&bob, "PUT", &format!("/groups/{group}/members/{}", bob.id)).await;
    (server, group, alice, bob)
}

/// Asks for something while the store is made to wait, and goes before it is answered.
async fn ask_and_go(server: &Server, user: &User, path: &str, lock: &str) {
    let barrier = Barrier::raise(server, lock).await;
    let bearer = format!("Bearer {}", user.token);
    let mut client = server.http().await;
    client.send(request("DELETE", &format!("/api/v1{path}"), &[("Authorization", &bearer)], b"")).await;
    // Nothing tells when the request has come as far as the store, and when it is known that the client has gone.
    sleep(Duration::from_millis(300)).await;
    drop(client);
    sleep(Duration::from_millis(300)).await;
    barrier.lift().await;
}

async fn a_change_whose_client_has_gone_is_carried_out(store: Store) {
    let (server, group, alice, bob) = scene(store).await;
    let (mut of_alice, mut of_bob) = (alice.read(&server, group).await, bob.read(&server, group).await);
    let kick = format!("/groups/{group}/members/{}", bob.id);
    ask_and_go(&server, &alice, &kick, "group_memberships IN SHARE MODE").await;
    assert_eq!(of_bob.until("unsubscribed").await["reason"], "kicked");
    of_alice.store(group, "without bob").await;
    of_bob.send(json!({ "type": "ping" })).await;
    of_bob.event("pong").await;
}

async fn a_log_out_whose_client_has_gone_is_carried_out(store: Store) {
    let (server, group, _, bob) = scene(store).await;
    let of_bob = bob.read(&server, group).await;
    ask_and_go(&server, &bob, "/sessions/current", "sessions IN SHARE MODE").await;
    of_bob.into_raw().until_close(4001).await;
    assert_eq!(server.request_as(&bob, "GET", "/users/me", &Value::Null).await.status, 401);
}

/// Sends something that may have to wait, and goes on when it is on its way.
async fn hand_in(socket: &mut JsonSocket, message: Value) {
    socket.send(message).await;
    socket.send(json!({ "type": "ping" })).await;
    socket.until("pong").await;
}

/// Also in one batch with messages of others.
async fn the_muted_may_repeat_themselves(store: Store) {
    let (server, group, alice, bob) = scene(store).await;
    let (mut of_alice, mut of_bob) = (alice.hello(&server).await, bob.hello(&server).await);
    of_bob.store(group, "not muted yet").await;
    server.done_as(&alice, "PUT", &format!("/groups/{group}/mutes/{}", bob.id)).await;
    let barrier = Barrier::raise(&server, "messages IN SHARE MODE").await;
    let message = |client_id: &str| {
        let id = json!({ "type": "send", "id": client_id, "group_id": group, "content": "x" });
        let Value::Object(mut message) = id else { return Value::Null };
        message.insert("client_id".to_owned(), json!(client_id));
        Value::Object(message)
    };
    // The first is a batch of its own, the others wait for it.
    for client_id in ["first", "second"] {
        hand_in(&mut of_alice, message(client_id)).await;
    }
    for client_id in ["a", "a", "b", "a"] {
        hand_in(&mut of_bob, message(client_id)).await;
    }
    hand_in(&mut of_alice, message("third")).await;
    barrier.lift().await;
    for client_id in ["a", "a", "a", "b"] {
        let error = of_bob.until("error").await;
        assert_eq!(
            (&error["code"], &error["message"]),
            (&json!("forbidden"), &json!("muted")),
            "{client_id}"
        );
    }
    for client_id in ["first", "second", "third"] {
        assert_eq!(of_alice.until("ack").await["client_id"], client_id);
    }
    of_alice.store(group, "the server goes on").await;
    assert_eq!(server.messages_as(&alice, group).await.len(), 5);
}

/// On Postgres alone reading can be made to wait: a message waits while it is looked up whether it was sent before.
#[tokio::test]
async fn who_is_removed_while_a_message_waits_sends_nothing() {
    let (server, group, alice, bob) = scene(Store::Postgres).await;
    let (mut of_bob, mut reading) = (bob.hello(&server).await, bob.read(&server, group).await);
    of_bob.store(group, "as a member").await;
    let barrier = Barrier::raise(&server, "messages IN ACCESS EXCLUSIVE MODE").await;
    let message = json!({ "type": "send", "id": 1, "group_id": group, "content": "late", "client_id": "a" });
    hand_in(&mut of_bob, message).await;
    let kick = async {
        server.done_as(&alice, "DELETE", &format!("/groups/{group}/members/{}", bob.id)).await;
    };
    let lift = async {
        assert_eq!(reading.until("unsubscribed").await["reason"], "kicked");
        barrier.lift().await;
    };
    patiently("the kick", async { tokio::join!(kick, lift) }).await;
    assert_eq!(of_bob.until("error").await["code"], "forbidden");
    assert_eq!(server.messages_as(&alice, group).await.len(), 1);
}

/// The same of a group that is deleted: nobody knows it any more.
#[tokio::test]
async fn who_sends_to_a_group_that_is_being_deleted_is_told_that_there_is_none() {
    let (server, group, alice, bob) = scene(Store::Postgres).await;
    let mut of_bob = bob.read(&server, group).await;
    let barrier = Barrier::raise(&server, "messages IN ACCESS EXCLUSIVE MODE").await;
    let message = json!({ "type": "send", "id": 1, "group_id": group, "content": "late", "client_id": "a" });
    hand_in(&mut of_bob, message).await;
    let members = format!("/groups/{group}/members/");
    let body = json!({ "group_id": group, "content": "late", "client_id": "b" });
    let path = format!("/groups/{group}");
    let posted = server.request_as(&bob, "POST", "/messages/", &body);
    let deleted = server.done_as(&alice, "DELETE", &path);
    let lift = async {
        // It stands at the beginning of the deletion that nobody belongs to the group.
        while server.request_as(&bob, "GET", &members, &Value::Null).await.status == 200 {}
        barrier.lift().await;
    };
    let all = async { tokio::join!(posted, deleted, lift) };
    let (posted, ..) = patiently("the deletion", all).await;
    assert_eq!(posted.detail(404), "Group not found");
    assert_eq!(of_bob.until("error").await["code"], "not_found");
    assert_eq!(of_bob.until("unsubscribed").await["reason"], "deleted");
}
