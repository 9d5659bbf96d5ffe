//! Who may use a database together.

use std::time::Duration;

use groupcast::store::{self, CarrierKind, Database, StoreError, StoreResult};

use super::{Node, entry, one, until};
use crate::support::postgres::Postgres;

fn assert_owned<T>(opened: StoreResult<T>, how: &str) {
    match opened.map(drop) {
        Err(StoreError::Owned(named)) => assert!(named.ends_with(how), "{named}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn kinds_keep_each_other_out_and_follow_each_other_at_once() {
    let url = Postgres::shared().create_database();
    let database = Database::Postgres(url.clone());
    let node = Node::open(&url).await;
    let other = Node::open(&url).await;
    let (alone, carried) =
        tokio::join!(store::open(&database, 1), Node::try_open(&url, CarrierKind::Postgres));
    assert_owned(alone, "with --cluster=nats");
    assert_owned(carried, "with --cluster=nats");
    node.known().await;
    node.close().await;
    other.close().await;

    let node = Node::try_open(&url, CarrierKind::Postgres).await.unwrap();
    assert_owned(Node::try_open(&url, CarrierKind::Nats).await, "with --cluster=postgres");
    node.close().await;

    let alone = store::open(&database, 1).await.unwrap().store;
    assert_owned(Node::try_open(&url, CarrierKind::Nats).await, "without --cluster");
    alone.lifecycle.ping().await.unwrap();
    alone.lifecycle.close().await.unwrap();
    Node::open(&url).await.close().await;
}

#[tokio::test]
async fn nodes_start_at_once_on_an_empty_database() {
    let url = Postgres::shared().create_database();
    let starts = (0..5).map(|_| Node::open(&url));
    let nodes = futures_util::future::join_all(starts).await;
    for node in &nodes {
        node.store.lifecycle.ping().await.unwrap();
    }
    let known = nodes[0].known().await;
    assert_eq!(nodes[0].shared.news(known.clone()).await.unwrap().alive.len(), 5);

    // Who goes in order is gone at once.
    let mut nodes = nodes.into_iter();
    let (first, second) = (nodes.next().unwrap(), nodes.next().unwrap());
    second.close().await;
    assert_eq!(first.shared.news(known).await.unwrap().alive.len(), 4);
}

#[tokio::test]
async fn nodes_do_not_change_the_tables_under_each_other() {
    let (url, node, ..) = one().await;
    super::psql(&url, "DELETE FROM refinery_schema_history WHERE version = 12");
    let refused = Node::try_open(&url, CarrierKind::Nats).await.map(drop);
    assert!(
        matches!(&refused, Err(StoreError::Refused(why)) if why.to_string().contains("stop")),
        "{refused:?}"
    );
    node.close().await;
}

#[tokio::test]
async fn a_node_comes_back_unless_another_kind_was_there_meanwhile() {
    let (url, node, general, alice) = one().await;
    let cut_off = "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    let known = node.known().await;
    super::psql(&url, cut_off);
    let other = Node::open(&url).await;
    let batch = node.plain(&known, vec![entry(&general, &alice, "a", None)]);
    until("it comes back", async || node.shared.store_plain(batch.clone()).await.is_ok()).await;
    other.close().await;

    super::psql(&url, "UPDATE server SET owner = 'somebody else'");
    super::psql(&url, cut_off);
    until("it is away", async || node.store.lifecycle.ping().await.is_err()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let batch = node.plain(&known, vec![entry(&general, &alice, "b", None)]);
    let answer = node.shared.store_plain(batch).await;
    assert!(
        matches!(&answer, Err(StoreError::Unavailable(why)) if why.to_string().contains("anew")),
        "{answer:?}"
    );
}
