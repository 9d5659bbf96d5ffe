//! Batches that are begun, and stored after something was found out.

use std::time::{Duration, Instant};

use groupcast::model::{Entry, Seq};
use groupcast::store::{MentionQuestion, SentKey, StoreError, TargetQuestion};

use super::{Node, edited, entry, log_batch, numbered, one, until};

#[tokio::test]
async fn a_batch_goes_on_from_what_it_began_with() {
    let (_url, node, general, alice) = one().await;
    let known = node.known().await;
    let sent = node.store(&known, vec![entry(&general, &alice, "first", Some("c1"))]).await[0];
    let begun = node.shared.begin(vec![general.id], 2, known.clone()).await.unwrap();
    assert!(begun.is_current && begun.now >= sent.created_at);
    assert_eq!(begun.heads, [(sent.seq, sent.created_at)]);
    assert!(begun.ids.len() == 2 && begun.ids[0] > sent.id && begun.ids[1] > begun.ids[0]);
    // What is asked meanwhile is asked within the transaction.
    let key = SentKey { group: general.id, user: alice.id, client_id: "c1".into() };
    assert_eq!(node.store.log.find_sent(vec![key]).await.unwrap(), [Some(sent)]);
    let about = TargetQuestion { group: general.id, message: sent.id, reaction: None };
    assert!(node.store.log.targets(vec![about]).await.unwrap()[0].is_some());
    let question = MentionQuestion { group: general.id, names: vec!["alice".into()], everybody: false };
    assert_eq!(node.store.log.mentioned(vec![question]).await.unwrap()[0].by_name, []);

    let first = numbered(sent.id, sent.seq, sent.created_at, &entry(&general, &alice, "first", Some("c1")));
    let second = numbered(begun.ids[0], Seq(2), begun.now, &entry(&general, &alice, "second", None));
    let batch = log_batch(vec![second.clone()], vec![edited(&first, Seq(3), begun.now, "edited")]);
    let serial = node.serial();
    assert!(node.shared.commit(serial, batch.clone()).await.unwrap());
    assert!(node.shared.commit(serial, batch).await.unwrap());
    let contents = node.entries(general.id).await.into_iter().map(|entry| match entry {
        Entry::Message(message) => (message.seq.0, message.content.to_string()),
        Entry::Change(change) => (change.seq.0, "change".into()),
    });
    let expected = [(1, "edited".to_owned()), (2, "second".to_owned()), (3, "change".to_owned())];
    assert_eq!(contents.collect::<Vec<_>>(), expected);
    let next = node.store(&known, vec![entry(&general, &alice, "next", None)]).await[0];
    assert!(next.seq == Seq(4) && next.id > begun.ids[1]);
}

#[tokio::test]
async fn one_that_has_begun_holds_others_until_it_ends() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let (known, known_two) = (one.known().await, two.known().await);
    for is_stored in [true, false] {
        let begun = one.shared.begin(vec![general.id], 1, known.clone()).await.unwrap();
        let head = begun.heads[0].0;
        let mut waiting =
            two.shared.store_plain(two.plain(&known_two, vec![entry(&general, &alice, "b", None)]));
        assert!(tokio::time::timeout(Duration::from_millis(300), &mut waiting).await.is_err());
        if is_stored {
            let message = numbered(begun.ids[0], head.next(), begun.now, &entry(&general, &alice, "a", None));
            assert!(one.shared.commit(one.serial(), log_batch(vec![message], vec![])).await.unwrap());
        } else {
            one.shared.roll_back().await.unwrap();
        }
        let sent = waiting.await.unwrap().unwrap()[0];
        assert_eq!(sent.seq.0, head.0 + if is_stored { 2 } else { 1 });
        assert!(sent.id > begun.ids[0]);
    }
}

#[tokio::test]
async fn a_node_that_stops_in_the_middle_holds_others_for_a_second() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let (known, known_two) = (one.known().await, two.known().await);
    let begun = one.shared.begin(vec![general.id], 1, known.clone()).await.unwrap();
    let begun_at = Instant::now();
    let sent = two.store(&known_two, vec![entry(&general, &alice, "b", None)]).await[0];
    assert!(begun_at.elapsed() < Duration::from_millis(1_900), "{:?}", begun_at.elapsed());
    assert_eq!(sent.seq, Seq(1));
    // It finds that nothing is stored, and begins anew.
    let message = numbered(begun.ids[0], Seq(1), begun.now, &entry(&general, &alice, "a", None));
    let (serial, batch) = (one.serial(), log_batch(vec![message], vec![]));
    until("it answers", async || match one.shared.commit(serial, batch.clone()).await {
        Ok(is_stored) => !is_stored,
        Err(StoreError::Unavailable(_)) => false,
        Err(error) => panic!("{error}"),
    })
    .await;
    let begun = one.shared.begin(vec![general.id], 1, known).await.unwrap();
    assert_eq!(begun.heads[0].0, Seq(1));
    let message = numbered(begun.ids[0], Seq(2), begun.now, &entry(&general, &alice, "a", None));
    assert!(one.shared.commit(serial, log_batch(vec![message], vec![])).await.unwrap());
    assert_eq!(two.entries(general.id).await.len(), 2);
}

#[tokio::test]
async fn who_begins_and_goes_away_is_in_nobodys_way() {
    let (_url, node, general, alice) = one().await;
    let known = node.known().await;
    for _ in 0..3 {
        let begun = node.shared.begin(vec![general.id], 1, known.clone()).await.unwrap();
        assert_eq!(begun.heads[0].0, Seq(0));
        // Dropped right after it was asked, or in the middle.
        let again = node.shared.begin(vec![general.id], 1, known.clone());
        _ = tokio::time::timeout(Duration::from_micros(200), again).await;
    }
    let sent = node.store(&known, vec![entry(&general, &alice, "a", None)]).await[0];
    assert_eq!(sent.seq, Seq(1));
    node.shared.begin(vec![general.id], 1, known).await.unwrap();
    node.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_whose_outcome_is_unknown_is_found_or_begun_anew() {
    let (url, node, general, alice) = one().await;
    let known = node.known().await;
    let mut answers = [0, 0];
    for n in 0..30 {
        let mut begun = None;
        until("it begins", async || {
            begun = node.shared.begin(vec![general.id], 1, known.clone()).await.ok();
            begun.is_some()
        })
        .await;
        let begun = begun.unwrap();
        let head = begun.heads[0].0;
        let message = numbered(begun.ids[0], head.next(), begun.now, &entry(&general, &alice, "a", None));
        let (serial, batch) = (node.serial(), log_batch(vec![message], vec![]));
        let url = url.clone();
        let cut_off = tokio::task::spawn_blocking(move || {
            let kill = "SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a JOIN pg_locks l USING (pid)
                 WHERE a.datname = current_database() AND l.locktype = 'advisory'";
            super::psql(&url, kill)
        });
        tokio::time::sleep(Duration::from_millis(n)).await;
        let mut is_stored = None;
        until("it answers", async || match node.shared.commit(serial, batch.clone()).await {
            Ok(answer) => {
                is_stored = Some(answer);
                true
            }
            Err(StoreError::Unavailable(_)) => false,
            Err(error) => panic!("{error}"),
        })
        .await;
        cut_off.await.unwrap();
        let head_now = node.store.log.heads(vec![general.id]).await.unwrap()[0];
        assert_eq!(head_now.0, head.0 + i64::from(is_stored == Some(true)));
        answers[usize::from(is_stored == Some(true))] += 1;
    }
    println!("begun anew {}, stored {}", answers[0], answers[1]);
}
