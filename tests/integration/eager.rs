//! `--deliver=eager`: seen at once, acknowledged when it is stored. What was lost with a server that was killed is
//! told by another epoch; and so is what an operator knows to be lost.

use std::time::Duration;

use crate::support::barrier::Barrier;
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use serde_json::{Value, json};

both_stores!(
    a_message_is_seen_before_it_is_stored_and_acked_after,
    a_crash_changes_the_epoch,
    a_clean_stop_keeps_the_epoch,
    a_stop_that_cannot_store_is_like_a_crash,
    what_was_seen_and_then_refused_changes_the_epoch,
    an_operator_may_ask_for_a_new_epoch,
);

const EAGER: &[&str] = &["--deliver", "eager"];

/// A server with alice, bob and a group `g`.
async fn start(store: Store, options: &[&str]) -> (Server, i64) {
    let server = Server::start_with(store, options).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

async fn epoch(server: &Server, group: i64) -> Value {
    let mut socket = JsonSocket::hello(server, "alice").await;
    let subscribed = socket.ask(json!({ "type": "subscribe", "group_id": group })).await;
    assert!(subscribed["epoch"].is_string(), "{subscribed}");
    subscribed["epoch"].clone()
}

/// Has alice send something that bob sees and that is not stored.
async fn see_what_is_not_stored(server: &Server, group: i64) -> (JsonSocket, Barrier) {
    let mut alice = JsonSocket::join(server, group, "alice").await;
    let mut bob = JsonSocket::join(server, group, "bob").await;
    alice.store(group, "before").await;
    bob.until("message").await;
    let barrier = Barrier::raise(server, "messages IN SHARE MODE").await;
    alice.say(group, "seen").await;
    bob.message("seen").await;
    (alice, barrier)
}

async fn a_message_is_seen_before_it_is_stored_and_acked_after(store: Store) {
    let (server, group) = start(store, EAGER).await;
    let (mut alice, barrier) = see_what_is_not_stored(&server, group).await;
    alice.until("message").await;
    // The answer to this would come behind an ack.
    alice.send(json!({ "type": "ping" })).await;
    loop {
        let event = alice.next().await;
        match event["type"].as_str().unwrap() {
            "pong" => break,
            kind => assert_ne!(kind, "ack", "{event}"),
        }
    }
    assert_eq!(server.lines(group).await, ["alice: before"]);
    barrier.lift().await;
    assert_eq!(alice.until("ack").await["seq"], 2);
    assert_eq!(server.lines(group).await, ["alice: before", "alice: seen"]);
}

async fn a_crash_changes_the_epoch(store: Store) {
    let (mut server, group) = start(store, EAGER).await;
    let first = epoch(&server, group).await;
    let (_, barrier) = see_what_is_not_stored(&server, group).await;
    server.kill9().await;
    barrier.lift().await;
    // Whoever starts next finds it out.
    server.restart_with(&[]).await;
    assert_eq!(server.lines(group).await, ["alice: before"]);
    let second = epoch(&server, group).await;
    assert_ne!(second, first);
    assert!(server.log().contains("epoch"), "{}", server.log());
    // A server that delivers what is stored loses nothing by a crash.
    server.kill9().await;
    server.restart_with(EAGER).await;
    assert_eq!(epoch(&server, group).await, second);
    server.kill9().await;
    server.restart().await;
    assert!(![first, second].contains(&epoch(&server, group).await));
}

async fn a_clean_stop_keeps_the_epoch(store: Store) {
    let (mut server, group) = start(store, EAGER).await;
    let first = epoch(&server, group).await;
    for options in [EAGER, &[], EAGER] {
        let mut alice = JsonSocket::join(&server, group, "alice").await;
        for _ in 0..100 {
            alice.say(group, "x").await;
        }
        alice.until("message").await;
        assert_eq!(server.terminate().await.code(), Some(0));
        server.restart_with(options).await;
        assert_eq!(epoch(&server, group).await, first);
    }
}

async fn a_stop_that_cannot_store_is_like_a_crash(store: Store) {
    let (mut server, group) = start(store, EAGER).await;
    let first = epoch(&server, group).await;
    let (_, barrier) = see_what_is_not_stored(&server, group).await;
    server.terminate().await;
    barrier.lift().await;
    server.restart().await;
    assert_ne!(epoch(&server, group).await, first);
}

async fn what_was_seen_and_then_refused_changes_the_epoch(store: Store) {
    let (mut server, group) = start(store, EAGER).await;
    let first = epoch(&server, group).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    // Whoever is gone from the tables can store nothing any more.
    let gone = "DELETE FROM group_memberships; DELETE FROM users WHERE username = 'alice'";
    let url = server.database().url();
    match url.strip_prefix("sqlite:") {
        Some(file) => {
            let connection = rusqlite::Connection::open(file).unwrap();
            connection.busy_timeout(Duration::from_secs(60)).unwrap();
            connection.execute_batch(&format!("PRAGMA foreign_keys = OFF; {gone}")).unwrap();
        }
        None => {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client.batch_execute(gone).await.unwrap();
        }
    }
    alice.say(group, "seen").await;
    bob.message("seen").await;
    assert_eq!(alice.until("error").await["code"], "internal");
    assert_eq!(server.terminate().await.code(), Some(0));
    server.restart().await;
    assert_eq!(server.lines(group).await, [""; 0]);
    let mut bob = JsonSocket::hello(&server, "bob").await;
    let subscribed = bob.ask(json!({ "type": "subscribe", "group_id": group })).await;
    assert_ne!(subscribed["epoch"], first);
}

async fn an_operator_may_ask_for_a_new_epoch(store: Store) {
    let (mut server, group) = start(store, &[]).await;
    let first = epoch(&server, group).await;
    server.terminate().await;
    server.restart_with(&["--new-epoch"]).await;
    let second = epoch(&server, group).await;
    assert_ne!(second, first);
    assert!(server.log().contains("new epoch"), "{}", server.log());
    server.terminate().await;
    server.restart_with(&[]).await;
    assert_eq!(epoch(&server, group).await, second);
}
