//! Whatever happens to a node, or to what nodes need, nothing is lost, doubled or out of order.

use std::time::{Duration, Instant};

use super::load::Load;
use super::scene::{By, Nodes, by_both, node};
use crate::support::database::{by_way_of, port_of, postgres_url};
use crate::support::link::Link;
use crate::support::own_postgres::OwnPostgres;
use crate::support::server::Signal;

by_both!(
    killed_nodes_lose_nothing,
    nodes_are_exchanged_one_by_one,
    a_frozen_node_delays_nobody,
    a_node_is_cut_from_the_database,
    the_database_breaks_down,
);

async fn killed_nodes_lose_nothing(by: By) {
    let mut nodes = Nodes::start(by, 3).await;
    let load = Load::start(&nodes).await;
    for round in 0..6 {
        load.go_on(&[(round + 1) % 3], 50).await;
        nodes[round % 3].kill9().await;
        load.go_on(&[(round + 1) % 3, (round + 2) % 3], 50).await;
        nodes[round % 3].restart().await;
        load.moved(round % 3, nodes[round % 3].address());
    }
    load.end(&nodes).await;
}

async fn nodes_are_exchanged_one_by_one(by: By) {
    let mut nodes = Nodes::start(by, 3).await;
    let load = Load::start(&nodes).await;
    for round in 0..3 {
        load.go_on(&[(round + 1) % 3], 50).await;
        assert_eq!(nodes[round].terminate().await.code(), Some(0));
        load.go_on(&[(round + 1) % 3, (round + 2) % 3], 50).await;
        nodes[round].restart().await;
        load.moved(round, nodes[round].address());
    }
    load.end(&nodes).await;
}

async fn a_frozen_node_delays_nobody(by: By) {
    let nodes = Nodes::start(by, 3).await;
    let load = Load::start(&nodes).await;
    load.go_on(&[0, 1, 2], 30).await;
    let mut quickest = Duration::MAX;
    for _ in 0..3 {
        let from = Instant::now();
        nodes[0].signal(Signal::STOP);
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        load.go_on(&[1, 2], 30).await;
        let to = Instant::now();
        nodes[0].signal(Signal::CONT);
        let pause = load.longest_pause(1, from, to).max(load.longest_pause(2, from, to));
        println!("{by:?}: the longest pause while a node was frozen was {pause:?}");
        quickest = quickest.min(pause);
        load.go_on(&[0, 1, 2], 30).await;
    }
    assert!(quickest < Duration::from_secs(2), "{quickest:?}");
    load.end(&nodes).await;
}

async fn a_node_is_cut_from_the_database(by: By) {
    let url = postgres_url().await;
    let link = Link::to(port_of(&url)).await.unwrap();
    let (direct, linked) = (url.clone(), by_way_of(&url, link.port()));
    let carrier = by.carrier().await;
    let nodes =
        Nodes::start_on(&[(&*linked, &*carrier), (&direct, &carrier), (&direct, &carrier)], &[]).await;
    let load = Load::start(&nodes).await;
    load.go_on(&[0, 1, 2], 30).await;
    for round in 0..2 {
        let from = Instant::now();
        link.cut();
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        load.go_on(&[1, 2], 30).await;
        let to = Instant::now();
        let pause = load.longest_pause(1, from, to).max(load.longest_pause(2, from, to));
        println!("{by:?}: the longest pause while a node was cut off was {pause:?}");
        if round == 1 {
            link.sever();
        }
        link.mend();
        load.go_on(&[1, 2], 30).await;
        nodes[0].ready(true).await;
    }
    load.end(&nodes).await;
}

async fn the_database_breaks_down(by: By) {
    let postgres = OwnPostgres::launch().await;
    let url = postgres.url();
    let carrier = by.carrier().await;
    let nodes = Nodes::start_on(&[(url, &*carrier); 3], &[]).await;
    let load = Load::start(&nodes).await;
    load.go_on(&[0, 1, 2], 30).await;
    postgres.stop().await;
    nodes[1].ready(false).await;
    postgres.start().await;
    for node in nodes.iter() {
        node.ready(true).await;
    }
    load.go_on(&[1], 30).await;
    // Whoever comes late comes in.
    let late = node(url, &carrier, &[]).await;
    late.ready(true).await;
    load.end(&nodes).await;
}
