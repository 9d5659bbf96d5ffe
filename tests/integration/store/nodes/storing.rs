//! Batches that are stored with one question.

use std::sync::Arc;

use groupcast::model::{Group, GroupId, MessageId, NewEntry, User, UserId};
use groupcast::store::{Known, SentKey, StoreError};
use tokio::task::JoinSet;

use super::super::{group, user};
use super::{Node, entry, one};

#[tokio::test]
async fn what_two_nodes_store_at_once_is_numbered_without_gaps_in_one_order() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let random = group(&one.store, "random").await;
    let mut tasks = JoinSet::new();
    for node in [one, two] {
        let (groups, alice) = ([general.clone(), random.clone()], alice.clone());
        tasks.spawn(async move {
            let known = node.known().await;
            for n in 0..100 {
                let to = |k: usize| entry(&groups[k % 2], &alice, &format!("{} {n} {k}", node.id), None);
                let sent = node.store(&known, (0..n % 7 + 1).map(to).collect()).await;
                assert_eq!(sent.len(), n % 7 + 1);
                assert!(sent.is_sorted_by(|one, next| one.id < next.id), "{sent:?}");
            }
            node
        });
    }
    let nodes = tasks.join_all().await;
    let mut ids = Vec::new();
    for group in [general.id, random.id] {
        let page = groupcast::store::MessagePage {
            filter: groupcast::store::MessageFilter { group: Some(group), ..Default::default() },
            limit: 1_000,
            ..Default::default()
        };
        let messages = nodes[0].store.log.messages(page).await.unwrap();
        let seqs: Vec<i64> = messages.iter().map(|message| message.seq.0).collect();
        assert_eq!(seqs, (1..=messages.len() as i64).collect::<Vec<_>>());
        assert!(messages.is_sorted_by(|one, next| one.id < next.id && one.created_at < next.created_at));
        // Each node's own stay in their order.
        for node in &nodes {
            let own = messages.iter().filter(|message| message.content.starts_with(&node.id.to_string()));
            let place = |content: &str| {
                let numbers: Vec<i64> = content.split(' ').map(|number| number.parse().unwrap()).collect();
                (numbers[1], numbers[2])
            };
            assert!(own.map(|message| place(&message.content)).is_sorted());
        }
        ids.extend(messages.iter().map(|message| message.id));
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 2 * (0..100).map(|n| n % 7 + 1).sum::<usize>());
}

#[tokio::test]
async fn of_one_name_on_two_nodes_at_once_one_is_stored() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let (known_one, known_two) = (one.known().await, two.known().await);
    for n in 0..50 {
        let name = format!("c{n}");
        let batch =
            |node: &Node, known: &Known| node.plain(known, vec![entry(&general, &alice, "x", Some(&name))]);
        let (first, second) = tokio::join!(
            one.shared.store_plain(batch(&one, &known_one)),
            two.shared.store_plain(batch(&two, &known_two)),
        );
        let stored: Vec<_> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
        assert_eq!(stored.len(), 1);
        let key = SentKey { group: general.id, user: alice.id, client_id: name.as_str().into() };
        assert_eq!(two.store.log.find_sent(vec![key]).await.unwrap(), [Some(stored[0][0])]);
    }
    assert_eq!(one.entries(general.id).await.len(), 50);
}

#[tokio::test]
async fn a_batch_that_is_asked_for_again_is_stored_once() {
    let (url, one, general, alice) = one().await;
    let random = group(&one.store, "random").await;
    let known = one.known().await;
    one.store(&known, vec![entry(&random, &alice, "before", None)]).await;
    let of = |group: &Arc<Group>, n: i64| entry(group, &alice, &format!("{n}"), None);
    let batch = one.plain(&known, vec![of(&random, 1), of(&general, 2), of(&random, 3)]);
    let first = one.shared.store_plain(batch.clone()).await.unwrap().unwrap();
    let two = Node::open(&url).await;
    two.store(&two.known().await, vec![of(&random, 4)]).await;
    for _ in 0..2 {
        assert_eq!(one.shared.store_plain(batch.clone()).await.unwrap().as_ref(), Some(&first));
    }
    assert_eq!(first.iter().map(|sent| sent.seq.0).collect::<Vec<_>>(), [2, 1, 3]);
    assert_eq!(one.entries(random.id).await.len(), 4);
    assert_eq!(one.entries(general.id).await.len(), 1);
}

#[tokio::test]
async fn what_can_never_be_stored_is_refused_and_leaves_nothing() {
    let (_url, one, general, alice) = one().await;
    let known = one.known().await;
    let nobody = Arc::new(User { id: UserId(99), ..(*alice).clone() });
    let nowhere = Arc::new(Group { id: GroupId(99), ..(*general).clone() });
    for bad in [entry(&general, &nobody, "bad", None), entry(&nowhere, &alice, "bad", None)] {
        let batch = one.plain(&known, vec![entry(&general, &alice, "good", None), bad]);
        for _ in 0..2 {
            let answer = one.shared.store_plain(batch.clone()).await;
            assert!(matches!(answer, Err(StoreError::Refused(_))), "{answer:?}");
        }
    }
    assert_eq!(one.entries(general.id).await, []);
    let sent = one.store(&known, vec![entry(&general, &alice, "good", None)]).await;
    assert_eq!(sent[0].seq.0, 1);
}

#[tokio::test]
async fn numbers_go_on_after_those_of_a_server_that_was_alone() {
    let (url, node, general, alice) = one().await;
    let to = |content: &str| -> Vec<NewEntry> { vec![entry(&general, &alice, content, None)] };
    assert_eq!(node.store(&node.known().await, to("node")).await[0].seq.0, 1);
    node.close().await;

    let database = groupcast::store::Database::Postgres(url.clone());
    let alone = groupcast::store::open(&database, 1).await.unwrap().store;
    let last = alone.log.last_message().await.unwrap();
    let rows = (1..=3).map(|n| super::super::message(last.0.0 + n, 1 + n, &general, &alice, "alone"));
    alone.log.append(super::super::batch(rows.collect::<Vec<_>>())).await.unwrap();
    alone.lifecycle.close().await.unwrap();

    let node = Node::open(&url).await;
    let other = Node::open(&url).await;
    let sent = node.store(&node.known().await, to("node")).await[0];
    assert_eq!((sent.seq.0, sent.id), (5, MessageId(last.0.0 + 4)));
    assert_eq!(other.store(&other.known().await, to("other")).await[0].seq.0, 6);
    let bob = user(&node.store, "bob").await;
    let sent = node.store(&node.known().await, vec![entry(&general, &bob, "bob", None)]).await[0];
    assert_eq!((sent.seq.0, sent.id), (7, MessageId(last.0.0 + 6)));
}
