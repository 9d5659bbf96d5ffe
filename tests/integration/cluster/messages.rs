//! Messages and changes over nodes: the same log everywhere, whoever wrote it and wherever it is read.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::scene::{By, Nodes, by_both};
use crate::log::scene::{edit_as, is_entry, made, react, repeated, replay, reply};
use crate::support::json::JsonSocket;
use crate::support::socket::Socket;

by_both!(
    all_see_the_same_log,
    a_log_is_read_on_from_another_node,
    a_retry_on_another_node_is_the_same_message,
    changes_cross_nodes,
    lines_cross_nodes,
    marks_cross_nodes,
);

const PER_SENDER: usize = 40;

/// How long something may be on its way that is not stored.
const LOST_AFTER: Duration = Duration::from_secs(3);

/// Three nodes, a group, and alice, bob and carol, who each use another one.
async fn scene(by: By) -> (Nodes, i64, [i64; 3]) {
    let nodes = Nodes::start(by, 3).await;
    let mut ids = [0; 3];
    for (index, name) in ["alice", "bob", "carol"].into_iter().enumerate() {
        ids[index] = nodes[index].user(name).await;
    }
    let group = nodes[0].public_group("g").await;
    (nodes, group, ids)
}

/// The next frames that are entries of the log, as they came.
async fn entries(socket: &mut JsonSocket, count: usize) -> Vec<String> {
    let mut entries = Vec::new();
    while entries.len() < count {
        let frame = socket.raw().text().await;
        if is_entry(&serde_json::from_str(&frame).expect("JSON")) {
            entries.push(frame);
        }
    }
    entries
}

async fn all_see_the_same_log(by: By) {
    let (nodes, group, users) = scene(by).await;
    let mut readers = Vec::new();
    for node in nodes.iter() {
        readers.push(JsonSocket::join(node, group, "alice").await);
    }
    let mut senders = Vec::new();
    for (node, name) in nodes.iter().zip(["alice", "bob", "carol"]) {
        senders.push(JsonSocket::join(node, group, name).await);
    }
    let json_senders = senders.iter_mut().enumerate().map(|(index, socket)| async move {
        for number in 0..PER_SENDER {
            socket.store(group, &format!("{index} {number}")).await;
        }
    });
    let rest = nodes.iter().zip(users).map(|(node, user)| async move {
        let mut http = node.http().await;
        for number in 0..PER_SENDER / 4 {
            let body = json!({ "group_id": group, "user_id": user, "content": format!("rest {number}") });
            http.post("/api/v1/messages/", &body).await.ok();
        }
    });
    tokio::join!(join_all(json_senders), join_all(rest));
    let count = 3 * (PER_SENDER + PER_SENDER / 4);
    let mut logs = Vec::new();
    for reader in &mut readers {
        logs.push(entries(reader, count).await);
    }
    // Byte for byte, and a replay from any node too.
    for node in nodes.iter() {
        let mut socket = JsonSocket::hello(node, "bob").await;
        logs.push(replay(&mut socket, group, 0).await);
    }
    assert!(logs.iter().all(|log| *log == logs[0]));
    let log: Vec<Value> = logs[0].iter().map(|frame| serde_json::from_str(frame).expect("JSON")).collect();
    for (index, entry) in log.iter().enumerate() {
        assert_eq!(entry["seq"], index + 1);
    }
    assert!(log.is_sorted_by_key(|entry| entry["id"].as_i64()));
    assert!(log.is_sorted_by(|one, next| one["created_at"].as_str() <= next["created_at"].as_str()));
    for node in nodes.iter() {
        assert_eq!(node.messages(group).await.len(), count);
    }
}

async fn a_log_is_read_on_from_another_node(by: By) {
    let (nodes, group, _) = scene(by).await;
    let mut of_alice = JsonSocket::join(&nodes[0], group, "alice").await;
    let mut epochs = Vec::new();
    let mut seen = 0;
    for round in 0..12 {
        let last = of_alice.store(group, &round.to_string()).await["seq"].as_i64().unwrap();
        let mut socket = JsonSocket::hello(&nodes[round % 3], "bob").await;
        socket.send(json!({ "type": "subscribe", "group_id": group, "after": seen })).await;
        let subscribed = socket.until("subscribed").await;
        epochs.push(subscribed["epoch"].clone());
        // What another node has acked comes, by replay or live.
        while seen < last {
            let message = socket.until("message").await;
            assert_eq!(message["seq"], seen + 1, "{message}");
            seen += 1;
        }
        let history = socket.ask(json!({ "type": "history", "group_id": group, "after": 0 })).await;
        assert_eq!(history["messages"].as_array().unwrap().len() as i64, seen);
    }
    assert!(epochs.iter().all(|epoch| *epoch == epochs[0]), "{epochs:?}");
}

async fn a_retry_on_another_node_is_the_same_message(by: By) {
    let (nodes, group, _) = scene(by).await;
    let mut sockets = Vec::new();
    for node in nodes.iter() {
        sockets.push(JsonSocket::join(node, group, "alice").await);
    }
    for round in 0..20 {
        let name = format!("name {round}");
        // At the same time, then later.
        let acks = join_all(sockets.iter_mut().map(|socket| socket.store_as(group, "x", &name))).await;
        let firsts = acks.iter().filter(|ack| ack["duplicate"] == false).count();
        assert_eq!(firsts, 1, "{acks:?}");
        for socket in &mut sockets {
            let again = socket.store_as(group, "another", &name).await;
            assert_eq!(again["duplicate"], true);
            for field in ["message_id", "seq", "created_at"] {
                assert!(acks.iter().all(|ack| ack[field] == again[field]), "{acks:?} {again}");
            }
        }
    }
    assert_eq!(nodes[2].messages(group).await.len(), 20);
}

async fn changes_cross_nodes(by: By) {
    let (nodes, group, users) = scene(by).await;
    let mut sockets = Vec::new();
    for node in nodes.iter() {
        sockets.push(JsonSocket::join(node, group, "alice").await);
    }
    let mut reader = JsonSocket::join(&nodes[1], group, "bob").await;
    let mut count = 0;
    for round in 0..10 {
        let at = |offset: usize| (round + offset) % 3;
        let root = sockets[at(0)].store(group, "root").await["message_id"].clone();
        let answer = made(&mut sockets[at(1)], reply(group, &root, "@carol and @bob")).await;
        let edited = edit_as(group, &root, "edited", &format!("edit {round}"));
        let first = made(&mut sockets[at(2)], edited.clone()).await;
        repeated(&mut sockets[at(0)], edited, &first).await;
        let liked = react(group, &root, "+", true);
        let first = made(&mut sockets[at(1)], liked.clone()).await;
        repeated(&mut sockets[at(2)], liked, &first).await;
        // Of two who take it back at the same time one does.
        let off = react(group, &root, "+", false);
        let [one, two, three] = &mut sockets[..] else { unreachable!() };
        let acks = [one.ask(off.clone()), two.ask(off.clone()), three.ask(off)];
        let acks = join_all(acks).await;
        assert_eq!(acks.iter().filter(|ack| ack["duplicate"] == false).count(), 1, "{acks:?}");
        assert!(acks.iter().all(|ack| ack["seq"] == acks[0]["seq"]), "{acks:?}");
        let delete = json!({ "type": "delete", "group_id": group, "message_id": answer["message_id"] });
        made(&mut sockets[at(0)], delete).await;
        count += 6;
        for node in nodes.iter() {
            let path = format!("/api/v1/messages/{root}");
            let message = node.http().await.get(&path).await.ok();
            assert_eq!(
                (&message["content"], message.get("reactions")),
                (&json!("edited"), None),
                "{message}"
            );
        }
    }
    let seen = entries(&mut reader, count).await;
    let seqs =
        seen.iter().map(|frame| serde_json::from_str::<Value>(frame).unwrap()["seq"].as_u64().unwrap());
    assert!(seqs.eq(1..=count as u64), "{seen:?}");
    let path = format!("/api/v1/groups/{group}/log/?limit=1000&user_id={}", users[0]);
    let logs = join_all(nodes.iter().map(|node| async { node.http().await.get(&path).await.ok() })).await;
    assert!(logs.iter().all(|log| *log == logs[0]));
}

async fn lines_cross_nodes(by: By) {
    let (nodes, _, _) = scene(by).await;
    let mut of_alice = Socket::join(&nodes[0], "g", "alice").await;
    let mut of_bob = Socket::join(&nodes[1], "g", "bob").await;
    of_alice.expect("bob joined g.").await;
    let mut of_carol = Socket::join(&nodes[2], "g", "carol").await;
    for socket in [&mut of_alice, &mut of_bob] {
        socket.expect("carol joined g.").await;
    }
    for round in 0..10 {
        for name in ["alice", "bob", "carol"] {
            let socket = match name {
                "alice" => &mut of_alice,
                "bob" => &mut of_bob,
                _ => &mut of_carol,
            };
            socket.send(&round.to_string()).await;
            let line = format!("{name}: {round}");
            for socket in [&mut of_alice, &mut of_bob, &mut of_carol] {
                socket.expect(&line).await;
            }
        }
    }
    of_carol.close().await;
    for socket in [&mut of_alice, &mut of_bob] {
        socket.expect("carol left g.").await;
    }
}

async fn marks_cross_nodes(by: By) {
    let (nodes, group, users) = scene(by).await;
    let mut here = JsonSocket::join(&nodes[0], group, "alice").await;
    let mut there = JsonSocket::join(&nodes[2], group, "alice").await;
    let mut of_bob = JsonSocket::join(&nodes[1], group, "bob").await;
    let own = |node: usize| {
        let path = format!("/api/v1/users/{}/groups/?user_id={}", users[0], users[0]);
        let node = &nodes[node];
        async move { node.http().await.get(&path).await.ok()[0].clone() }
    };
    let mut heard = 0;
    for round in 0..10 {
        let seq = of_bob.store(group, "for @alice").await["seq"].clone();
        for node in 0..3 {
            let own = own(node).await;
            assert_eq!(
                (&own["unread"], &own["mentions"], &own["head_seq"]),
                (&json!(1), &json!(1), &seq),
                "{own}"
            );
        }
        let (reader, other) = if round % 2 == 0 { (&mut here, &mut there) } else { (&mut there, &mut here) };
        let read = reader.ask(json!({ "type": "read", "group_id": group, "seq": seq })).await;
        assert_eq!((&read["type"], &read["unread"]), (&json!("read"), &json!(0)), "{read}");
        // It is not stored, so one that a busy NATS loses does not come again.
        heard += usize::from(timeout(LOST_AFTER, other.until("read")).await.is_ok());
        for node in 0..3 {
            assert_eq!(own(node).await["unread"], 0);
        }
    }
    assert!(heard > 0, "no mark was told to another node");
    // Sending moves one's own mark too, whichever node looks.
    let seq = here.store(group, "own").await["seq"].clone();
    for node in 0..3 {
        assert_eq!(own(node).await["read_seq"], seq);
    }
}
