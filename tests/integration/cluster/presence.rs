//! Who is online, over all nodes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::scene::{By, Nodes, by_both};
use crate::support::database::postgres_url;
use crate::support::json::JsonSocket;
use crate::support::nats::Nats;
use crate::support::socket::Socket;
use crate::support::{off_thread, until};

by_both!(
    one_user_on_two_nodes_is_one,
    who_moves_is_neither_left_nor_joined,
    the_users_of_a_killed_node_leave,
    what_is_not_stored_crosses_nodes,
);

/// A user's next sign of typing is passed on after 3 s.
const AGAIN_AFTER: Duration = Duration::from_secs(4);

async fn scene(by: By) -> (Nodes, i64) {
    let nodes = Nodes::start(by, 3).await;
    nodes[0].users(&["alice", "bob", "carol", "dave"]).await;
    let group = nodes[1].public_group("g").await;
    (nodes, group)
}

/// Waits until all these nodes say that so many are online.
async fn online(nodes: &Nodes, which: &[usize], group: i64, count: i64) {
    for &node in which {
        until("presence to be the same everywhere", async || {
            let path = format!("/api/v1/groups/{group}/presence/");
            (nodes[node].http().await.get(&path).await.ok()["online"] == count).then_some(())
        })
        .await;
    }
}

/// The next that is told of somebody's coming or going.
async fn movement(socket: &mut JsonSocket) -> (String, String) {
    loop {
        let event = socket.next().await;
        if event["type"] == "joined" || event["type"] == "left" {
            let text = |name: &str| event[name].as_str().expect("a text").to_owned();
            return (text("type"), text("username"));
        }
    }
}

fn moved(kind: &str, name: &str) -> (String, String) {
    (kind.to_owned(), name.to_owned())
}

async fn one_user_on_two_nodes_is_one(by: By) {
    let (nodes, group) = scene(by).await;
    let mut of_alice = JsonSocket::join(&nodes[0], group, "alice").await;
    let first = JsonSocket::join(&nodes[1], group, "bob").await;
    assert_eq!(movement(&mut of_alice).await, moved("joined", "bob"));
    let second = JsonSocket::join(&nodes[2], group, "bob").await;
    online(&nodes, &[0, 1, 2], group, 2).await;
    let presence = of_alice.ask(json!({ "type": "presence", "group_id": group })).await;
    let names: Vec<&Value> =
        presence["users"].as_array().unwrap().iter().map(|user| &user["username"]).collect();
    assert_eq!((presence["online"].as_i64(), names), (Some(2), vec![&json!("alice"), &json!("bob")]));
    first.into_raw().close().await;
    // Carol's going is told after what would be told of bob's socket.
    let of_carol = JsonSocket::join(&nodes[1], group, "carol").await;
    assert_eq!(movement(&mut of_alice).await, moved("joined", "carol"));
    of_carol.into_raw().close().await;
    assert_eq!(movement(&mut of_alice).await, moved("left", "carol"));
    second.into_raw().close().await;
    assert_eq!(movement(&mut of_alice).await, moved("left", "bob"));
    online(&nodes, &[0, 1, 2], group, 1).await;
}

async fn who_moves_is_neither_left_nor_joined(by: By) {
    let (mut nodes, group) = scene(by).await;
    let mut of_alice = JsonSocket::join(&nodes[0], group, "alice").await;
    let of_bob = JsonSocket::join(&nodes[1], group, "bob").await;
    let of_dave = JsonSocket::join(&nodes[2], group, "dave").await;
    let mut both = [movement(&mut of_alice).await, movement(&mut of_alice).await];
    both.sort();
    assert_eq!(both, [moved("joined", "bob"), moved("joined", "dave")]);
    let began = Instant::now();
    of_bob.vanish();
    let of_bob = JsonSocket::join(&nodes[0], group, "bob").await;
    nodes[2].kill9().await;
    drop(of_dave);
    let of_dave = JsonSocket::join(&nodes[1], group, "dave").await;
    let was_short = began.elapsed() < Duration::from_secs(4);
    // A node that stops says so; who was there comes back elsewhere.
    let mut of_carol = JsonSocket::join(&nodes[1], group, "carol").await;
    if was_short {
        assert_eq!(movement(&mut of_alice).await, moved("joined", "carol"));
        of_carol.store(group, "all there").await;
        online(&nodes, &[0, 1], group, 4).await;
    }
    drop((of_bob, of_dave));
}

async fn the_users_of_a_killed_node_leave(by: By) {
    let (mut nodes, group) = scene(by).await;
    let mut of_alice = JsonSocket::join(&nodes[0], group, "alice").await;
    let mut lines = Socket::join(&nodes[1], "g", "carol").await;
    assert_eq!(movement(&mut of_alice).await, moved("joined", "carol"));
    let of_bob =
        [JsonSocket::join(&nodes[2], group, "bob").await, JsonSocket::join(&nodes[2], group, "bob").await];
    for _ in &of_bob {
        lines.until("bob joined g.").await;
    }
    // What was not told to other nodes yet, of a tenth of a second at most, dies with it.
    tokio::time::sleep(Duration::from_millis(400)).await;
    let killed = Instant::now();
    nodes[2].kill9().await;
    assert_eq!(movement(&mut of_alice).await, moved("joined", "bob"));
    assert_eq!(movement(&mut of_alice).await, moved("left", "bob"));
    println!("{by:?}: gone {:?} after the kill", killed.elapsed());
    // One for each socket that was lost.
    for _ in &of_bob {
        lines.expect("bob left g.").await;
    }
    online(&nodes, &[0, 1], group, 2).await;
    assert!(killed.elapsed() < Duration::from_secs(30), "{:?}", killed.elapsed());
    // One that stops in good order is missed at once.
    lines.close().await;
    assert_eq!(movement(&mut of_alice).await, moved("left", "carol"));
    let of_dave = JsonSocket::join(&nodes[1], group, "dave").await;
    assert_eq!(movement(&mut of_alice).await, moved("joined", "dave"));
    nodes[1].terminate().await;
    assert_eq!(movement(&mut of_alice).await, moved("left", "dave"));
    drop(of_dave);
    online(&nodes, &[0], group, 1).await;
}

async fn what_is_not_stored_crosses_nodes(by: By) {
    let (nodes, group) = scene(by).await;
    let mut of_alice = JsonSocket::join(&nodes[0], group, "alice").await;
    let mut of_bob = JsonSocket::join(&nodes[1], group, "bob").await;
    let mut lines = Socket::join(&nodes[2], "g", "carol").await;
    // What a busy NATS loses does not come again, so it is said until it is heard.
    let typing = until("what is typed", async || {
        of_alice.send(json!({ "type": "typing", "group_id": group, "on": true })).await;
        timeout(AGAIN_AFTER, of_bob.until("typing")).await.ok()
    })
    .await;
    assert_eq!((&typing["username"], &typing["on"]), (&json!("alice"), &json!(true)));
    let wave = json!({ "type": "send", "group_id": group, "content": "wave", "ephemeral": true });
    let message = until("what is not stored", async || {
        assert_eq!(of_bob.ask(wave.clone()).await["ephemeral"], true);
        timeout(AGAIN_AFTER, of_alice.until("message")).await.ok()
    })
    .await;
    assert_eq!((&message["content"], &message["ephemeral"]), (&json!("wave"), &json!(true)));
    until("a line", async || {
        of_bob.send(wave.clone()).await;
        timeout(AGAIN_AFTER, lines.until("bob: wave")).await.ok()
    })
    .await;
    assert_eq!(nodes[2].messages(group).await, Vec::<Value>::new());
}

#[tokio::test]
async fn what_was_missed_is_made_up_for() {
    let (url, nats) = (postgres_url().await, off_thread(Nats::launch).await);
    let carrier = nats.url();
    let nodes = Nodes::start_on(&[(&url, &carrier), (&url, &carrier)], &[]).await;
    nodes[0].users(&["alice", "bob", "carol"]).await;
    let group = nodes[1].public_group("g").await;
    let mut of_alice = JsonSocket::join(&nodes[0], group, "alice").await;
    let of_bob = JsonSocket::join(&nodes[1], group, "bob").await;
    assert_eq!(movement(&mut of_alice).await, moved("joined", "bob"));
    online(&nodes, &[0, 1], group, 2).await;
    nats.stop();
    of_bob.into_raw().close().await;
    let _of_carol = JsonSocket::join(&nodes[1], group, "carol").await;
    online(&nodes, &[1], group, 2).await;
    nats.start();
    let mut both = [movement(&mut of_alice).await, movement(&mut of_alice).await];
    both.sort();
    assert_eq!(both, [moved("joined", "carol"), moved("left", "bob")]);
    online(&nodes, &[0, 1], group, 2).await;
}
