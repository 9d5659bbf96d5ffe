//! LISTEN and NOTIFY.

use groupcast::store::CarrierKind;

use super::{Node, psql, until};
use crate::support::postgres::Postgres;

#[tokio::test]
async fn what_one_says_all_hear_and_again_after_the_connection_was_lost() {
    let url = Postgres::shared().create_database();
    let open = async || Node::try_open(&url, CarrierKind::Postgres).await.unwrap();
    let nodes = [open().await, open().await];
    let are_up = async || {
        until("they listen", async || nodes.iter().all(|node| node.notifications.is_up())).await;
    };
    are_up().await;
    let long = "x".repeat(7_900);
    let says = vec!["one".to_owned(), "it's \\ 'two'".into(), long];
    nodes[0].notifications.notify(says.clone()).await.unwrap();
    for node in &nodes {
        for said in &says {
            assert_eq!(node.notifications.next().await, *said);
        }
    }
    psql(
        &url,
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
         WHERE datname = current_database() AND query LIKE 'LISTEN%'",
    );
    until("it is noticed", async || !nodes[0].notifications.is_up()).await;
    are_up().await;
    nodes[1].notifications.notify(vec!["three".into()]).await.unwrap();
    assert_eq!(nodes[0].notifications.next().await, "three");
    for node in nodes {
        node.close().await;
    }
}

#[tokio::test]
async fn nothing_is_held_for_it_where_something_else_carries() {
    let url = Postgres::shared().create_database();
    let node = Node::open(&url).await;
    assert!(!node.notifications.is_up());
    assert!(node.notifications.notify(vec!["one".into()]).await.is_err());
}
