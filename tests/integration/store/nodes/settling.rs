//! Messages that come to light after others with a higher number.

use groupcast::store::Swept;

use super::super::group;
use super::{Node, entry, log_batch, numbered, one, psql, until};

#[tokio::test]
async fn none_is_passed_over_by_sweeps_and_the_index() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let random = group(&one.store, "random").await;
    let (known, known_two) = (one.known().await, two.known().await);
    for group in [general.id, random.id] {
        one.store.directory.join(group, alice.id, super::NOW).await.unwrap();
    }
    let marks = || psql(&url, "SELECT read_seq FROM group_memberships ORDER BY group_id");
    let indexed = || psql(&url, "SELECT count(*) FROM search_documents");
    let begun = one.shared.begin(vec![general.id], 1, known).await.unwrap();
    let sent = two.store(&known_two, vec![entry(&random, &alice, "higher", None)]).await[0];
    assert!(sent.id > begun.ids[0]);
    for _ in 0..3 {
        assert_eq!(two.store.marks.sweep().await.unwrap(), Swept::All);
        // It has not stopped.
        one.store.log.find_sent(Vec::new()).await.unwrap();
    }
    assert_eq!((marks().trim(), indexed().trim()), ("0\n0", "0"));
    let message = entry(&general, &alice, "lower", None);
    let message = numbered(begun.ids[0], begun.heads[0].0.next(), begun.now, &message);
    assert!(one.shared.commit(one.serial(), log_batch(vec![message], vec![])).await.unwrap());
    until("the marks are swept", async || {
        two.store.marks.sweep().await.unwrap();
        marks().trim() == "1\n1"
    })
    .await;
    until("both are found", async || indexed().trim() == "2").await;
}
