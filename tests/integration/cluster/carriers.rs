//! Nodes whose way to each other comes and goes.

use std::time::{Duration, Instant};

use super::load::Load;
use super::scene::{Nodes, figure};
use crate::support::database::postgres_url;
use crate::support::json::JsonSocket;
use crate::support::link::Link;
use crate::support::nats::Nats;
use crate::support::{off_thread, until};

/// The quickest of some messages from one node to another, after its ack.
async fn quickest(of_alice: &mut JsonSocket, of_bob: &mut JsonSocket, group: i64) -> Duration {
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let seq = of_alice.store(group, "x").await["seq"].clone();
        let acked = Instant::now();
        while of_bob.until("message").await["seq"] != seq {}
        quickest = quickest.min(acked.elapsed());
    }
    quickest
}

async fn is_up(nodes: &Nodes, expected: bool) {
    for node in nodes.iter() {
        until("the nodes to know about NATS", async || {
            let up = figure(node, "groupcast_cluster_up").await;
            (up == Some(f64::from(u8::from(expected)))).then_some(())
        })
        .await;
    }
}

/// Alice on one node and bob on another.
async fn two(nodes: &Nodes) -> (JsonSocket, JsonSocket, i64) {
    nodes[0].users(&["alice", "bob"]).await;
    let group = nodes[1].public_group("g").await;
    let of_alice = JsonSocket::join(&nodes[0], group, "alice").await;
    (of_alice, JsonSocket::join(&nodes[1], group, "bob").await, group)
}

const WITHOUT: Duration = Duration::from_secs(2);

#[tokio::test]
async fn nodes_start_without_nats() {
    let (url, nats) = (postgres_url().await, off_thread(Nats::launch).await);
    nats.stop();
    let carrier = nats.url();
    let nodes = Nodes::start_apart(&[(&url, &carrier), (&url, &carrier)], &[]).await;
    for node in nodes.iter() {
        node.ready(true).await;
    }
    let (mut of_alice, mut of_bob, group) = two(&nodes).await;
    let took = quickest(&mut of_alice, &mut of_bob, group).await;
    assert!(took < WITHOUT, "{took:?}");
    nats.start();
    is_up(&nodes, true).await;
    let took = quickest(&mut of_alice, &mut of_bob, group).await;
    println!("with NATS after {took:?}");
    assert!(took < Duration::from_millis(250), "{took:?}");
}

#[tokio::test]
async fn messages_arrive_while_nats_is_away() {
    let (url, nats) = (postgres_url().await, off_thread(Nats::launch).await);
    let carrier = nats.url();
    let nodes = Nodes::start_on(&[(&url, &carrier), (&url, &carrier)], &[]).await;
    let load = Load::start(&nodes).await;
    let (mut of_alice, mut of_bob, group) = two(&nodes).await;
    let frozen = nats.freeze();
    let took = quickest(&mut of_alice, &mut of_bob, group).await;
    println!("{took:?} while NATS is frozen");
    assert!(took < WITHOUT, "{took:?}");
    load.go_on(&[0, 1], 30).await;
    drop(frozen);
    is_up(&nodes, true).await;
    nats.stop();
    is_up(&nodes, false).await;
    let took = quickest(&mut of_alice, &mut of_bob, group).await;
    println!("{took:?} while NATS is stopped");
    assert!(took < WITHOUT, "{took:?}");
    load.go_on(&[0, 1], 30).await;
    nats.start();
    is_up(&nodes, true).await;
    let took = quickest(&mut of_alice, &mut of_bob, group).await;
    assert!(took < Duration::from_millis(250), "{took:?}");
    load.end(&nodes).await;
}

#[tokio::test]
async fn a_node_is_cut_off_from_nats() {
    let (url, nats) = (postgres_url().await, off_thread(Nats::launch).await);
    let link = Link::to(nats.port()).await.unwrap();
    let (direct, linked) = (nats.url(), format!("nats://127.0.0.1:{}", link.port()));
    let nodes = Nodes::start_on(&[(&url, &linked), (&url, &direct), (&url, &direct)], &[]).await;
    let load = Load::start(&nodes).await;
    let (mut of_alice, mut of_bob, group) = two(&nodes).await;
    for round in 0..2 {
        link.cut();
        for _ in 0..2 {
            let took = quickest(&mut of_alice, &mut of_bob, group).await;
            assert!(took < WITHOUT, "{took:?}");
            let took = quickest(&mut of_bob, &mut of_alice, group).await;
            assert!(took < WITHOUT, "{took:?}");
        }
        load.go_on(&[0, 1, 2], 30).await;
        if round == 1 {
            link.sever();
        }
        link.mend();
        is_up(&nodes, true).await;
    }
    load.end(&nodes).await;
}
