//! Nodes that come and go while clients stay.

use serde_json::json;

use crate::support::database::{Database, Store};
use crate::support::json::JsonSocket;
use crate::support::nats::Nats;
use crate::support::server::{Server, Signal};
use crate::support::socket::Socket;

async fn beside(server: &Server, options: &[&str]) -> Server {
    Server::start_on(Database::at(server.database().url().to_owned()), options).await
}

#[tokio::test]
async fn a_node_that_is_ready_knows_who_is_online_elsewhere() {
    let nats = Nats::launch();
    let cluster = format!("--cluster={}", nats.url());
    let first = Server::start_with(Store::Postgres, &[&cluster]).await;
    first.ready(true).await;
    first.users(&["alice", "bob"]).await;
    let group = first.public_group("g").await;
    let _alice = JsonSocket::join(&first, group, "alice").await;
    // It is ready after a second in any case, which may be all that a busy machine needs.
    let mut known = 0;
    for _ in 0..4 {
        let mut second = beside(&first, &[&cluster]).await;
        second.ready(true).await;
        let mut bob = JsonSocket::join(&second, group, "bob").await;
        let online = bob.ask(json!({ "type": "presence", "group_id": group })).await;
        known += usize::from(online["online"] == 2);
        drop(bob);
        assert_eq!(second.terminate().await.code(), Some(0));
    }
    assert!(known > 0, "no node knew of alice when it was ready");
}

#[tokio::test]
async fn a_node_is_ready_without_nats() {
    let nats = Nats::launch();
    nats.stop();
    let cluster = format!("--cluster={}", nats.url());
    let first = Server::start_with(Store::Postgres, &[&cluster]).await;
    let second = beside(&first, &[&cluster]).await;
    first.ready(true).await;
    second.ready(true).await;
}

#[tokio::test]
async fn clients_move_while_a_node_drains() {
    let nats = Nats::launch();
    let cluster = format!("--cluster={}", nats.url());
    let options = [&cluster[..], "--drain-delay=60"];
    let mut first = Server::start_with(Store::Postgres, &options).await;
    let second = beside(&first, &options).await;
    first.ready(true).await;
    second.ready(true).await;
    first.users(&["alice", "bob"]).await;
    first.public_group("g").await;
    let mut alice = Socket::join(&first, "g", "alice").await;
    let mut bob = Socket::join(&second, "g", "bob").await;
    alice.until("bob joined g.").await;
    first.signal(Signal::TERM);
    first.ready(false).await;
    second.ready(true).await;
    // Who is still there misses nothing, and is heard.
    bob.send("one").await;
    alice.until("bob: one").await;
    alice.send("two").await;
    bob.until("alice: two").await;
    first.signal(Signal::TERM);
    alice.until_close(1001).await;
    drop(alice);
    assert_eq!(first.exit().await.code(), Some(0));
    let mut alice = Socket::join(&second, "g", "alice").await;
    bob.send("three").await;
    alice.until("bob: three").await;
    first.restart().await;
    first.ready(true).await;
}
