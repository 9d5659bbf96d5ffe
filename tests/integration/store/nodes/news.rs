//! What one node tells another through the database.

use groupcast::model::Seq;

use super::{Node, entry, one, psql};

#[tokio::test]
async fn heads_that_others_have_moved_are_told_once() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let known_one = one.known().await;
    let mut known = two.known().await;
    for n in 0..3 {
        for _ in 0..n {
            one.store(
                &known_one,
                vec![entry(&general, &alice, "a", None), entry(&general, &alice, "b", None)],
            )
            .await;
        }
        two.store(&known, vec![entry(&general, &alice, "own", None)]).await;
        let news = two.shared.news(known).await.unwrap();
        assert!(news.is_whole);
        assert_eq!(news.moved.len(), usize::from(n > 0), "{news:?}");
        let mut alive = news.alive.clone();
        alive.sort_unstable();
        assert_eq!(alive, [one.id, two.id]);
        known = news.known;
    }
    let three = Node::open(&url).await;
    assert_eq!(three.shared.news(three.known().await).await.unwrap().moved, []);
    three.store(&three.known().await, vec![entry(&general, &alice, "c", None)]).await;
    let head = three.store.log.heads(vec![general.id]).await.unwrap()[0];
    let news = two.shared.news(known).await.unwrap();
    assert_eq!((news.is_whole, news.moved), (true, vec![(general.id, head)]));
}

#[tokio::test]
async fn news_of_which_some_was_cleared_away_is_not_whole() {
    let (url, one, general, alice) = one().await;
    let two = Node::open(&url).await;
    let (known_one, known_two) = (one.known().await, two.known().await);
    for _ in 0..3 {
        one.store(&known_one, vec![entry(&general, &alice, "a", None)]).await;
    }
    let read = two.shared.news(known_two.clone()).await.unwrap();
    assert!(read.is_whole && read.moved == [(general.id, Seq(3))]);
    let clear = "UPDATE cleared_notices SET at = 'epoch'; SELECT clear_news(); SELECT count(*) FROM batches";
    assert_eq!(psql(&url, clear).trim(), "3");
    psql(&url, "UPDATE batches SET at = at - interval '2 min'");
    // The newest of a node stays.
    assert_eq!(psql(&url, clear).trim(), "1");
    assert!(two.shared.news(read.known.clone()).await.unwrap().is_whole);
    let news = two.shared.news(known_two).await.unwrap();
    assert!(!news.is_whole);
    let news = two.shared.news(news.known).await.unwrap();
    assert!(news.is_whole && news.moved.is_empty());

    psql(&url, &format!("DELETE FROM nodes WHERE id = {}", two.id));
    let news = two.shared.news(news.known).await.unwrap();
    assert!(!news.is_whole && news.alive.contains(&two.id));
    assert!(two.shared.news(news.known).await.unwrap().is_whole);
}
