//! Storing batches.

use std::sync::Arc;

use groupcast::model::{Group, GroupId, Message, MessageId, Seq, Timestamp, User, UserId};
use groupcast::store::{Beginning, MessagePage, Sent, SentKey, Store, StoreError};

use super::{NOW, batch, group, message, user};

async fn all(store: &Store) -> Vec<Message> {
    let page = MessagePage { limit: 1000, ..MessagePage::default() };
    store.log.messages(page).await.unwrap()
}

fn named(mut message: Message, client_id: &str) -> Message {
    message.client_id = Some(client_id.into());
    message
}

on_both! {
    async fn the_epoch_stays_with_the_history(backend: Backend) {
        let store = backend.open().await;
        let epoch = store.lifecycle.epoch().await.unwrap();
        assert!(!epoch.is_empty());
        store.lifecycle.close().await.unwrap();
        assert_eq!(backend.open().await.lifecycle.epoch().await.unwrap(), epoch);
    }

    async fn an_unsettled_history_gets_another_epoch(backend: Backend) {
        let mut epochs = Vec::new();
        for (beginning, settles, was_unsettled, is_new) in [
            (Beginning::default(), false, false, true),
            (Beginning { eager: true, ..Beginning::default() }, true, false, false),
            (Beginning { eager: true, ..Beginning::default() }, false, false, false),
            (Beginning::default(), false, true, true),
            (Beginning::default(), false, false, false),
            (Beginning { new_epoch: true, eager: true }, false, false, true),
            (Beginning { new_epoch: true, eager: false }, false, true, true),
            (Beginning::default(), true, false, false),
        ] {
            let store = backend.open().await;
            assert_eq!(store.lifecycle.begin(beginning).await.unwrap(), was_unsettled, "{beginning:?}");
            let epoch = store.lifecycle.epoch().await.unwrap();
            assert_eq!(!epochs.contains(&epoch), is_new, "{beginning:?}");
            if !is_new {
                assert_eq!(epochs.last(), Some(&epoch));
            }
            epochs.push(epoch);
            if settles {
                store.lifecycle.settle().await.unwrap();
            }
            store.lifecycle.close().await.unwrap();
        }
    }

    async fn what_is_stored_comes_back_exactly(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        let long = "😀\\.\n".repeat((1 << 20) / 7);
        let contents = [
            "", "\\N", "\\.", "\\", "\t", "\n", "\r\n", "\"", "'", "a\tb\\n\nc", "\\\\.\n\\.\n", "\u{1}\u{7f}",
            "👩‍👩‍👧‍👦", "\u{ffff}", "\u{fffe}\u{fffd}", "\u{10ffff}", "\u{feff}bom", "e\u{301}é", "مرحبا", "$1 ?1 {}", "NULL",
            " trailing ", &long,
        ];
        let rows: Vec<Message> =
            (1..).zip(contents).map(|(n, content)| message(n, n, &general, &alice, content)).collect();
        store.log.append(batch(rows.clone())).await.unwrap();
        assert!(all(&store).await == rows);
    }

    async fn numbers_and_times_of_any_size_come_back_exactly(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        let mut rows = Vec::new();
        for (n, micros) in (1..).zip([-1, 0, 1, 946_684_799_999_999, 946_684_800_000_000, 253_402_300_799_999_999]) {
            rows.push(Message { created_at: Timestamp(micros), ..message(n, n, &general, &alice, "") });
        }
        rows.push(message((1 << 53) - 1, i64::MAX - 1, &general, &alice, "last"));
        store.log.append(batch(rows.clone())).await.unwrap();
        assert_eq!(all(&store).await, rows);
        let last = rows.last().unwrap();
        assert_eq!(store.log.last_message().await.unwrap(), (last.id, last.created_at));
    }

    async fn an_empty_batch_and_an_empty_store_are_no_trouble(backend: Backend) {
        let store = backend.open().await;
        store.log.append(batch([])).await.unwrap();
        assert_eq!(all(&store).await, []);
        assert_eq!(store.log.last_message().await.unwrap(), (MessageId(0), Timestamp(0)));
        assert_eq!(store.log.heads(vec![GroupId(1), GroupId(-1)]).await.unwrap(), [Seq(0), Seq(0)]);
        assert_eq!(store.log.heads(Vec::new()).await.unwrap(), []);
        assert_eq!(store.log.find_sent(Vec::new()).await.unwrap(), []);
    }

    async fn a_batch_may_be_stored_again(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        let rows: Vec<Message> = (1..=100)
            .map(|n| {
                let message = message(n, n, &general, &alice, &format!("{n}"));
                if n % 2 == 0 { named(message, &format!("c{n}")) } else { message }
            })
            .collect();
        for _ in 0..3 {
            store.log.append(batch(rows.clone())).await.unwrap();
        }
        assert_eq!(all(&store).await, rows);
    }

    async fn what_can_never_be_stored_is_refused_and_leaves_nothing(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        let stored = named(message(1, 1, &general, &alice, "stored"), "c1");
        store.log.append(batch([stored.clone()])).await.unwrap();

        let nobody = Arc::new(User { id: UserId(99), ..(*alice).clone() });
        let nowhere = Arc::new(Group { id: GroupId(99), ..(*general).clone() });
        let good = message(2, 2, &general, &alice, "good");
        for (why, bad) in [
            ("no such user", message(3, 3, &general, &nobody, "bad")),
            ("no such group", message(3, 1, &nowhere, &alice, "bad")),
            ("client_id in use", named(message(3, 3, &general, &alice, "bad"), "c1")),
            ("seq in use", message(3, 1, &general, &alice, "bad")),
            ("id in use", message(1, 3, &general, &alice, "bad")),
            ("seq twice in the batch", message(3, 2, &general, &alice, "bad")),
            ("other content under known numbers", Message { content: "bad".into(), ..stored.clone() }),
            ("other time under known numbers", Message { created_at: Timestamp(1), ..stored.clone() }),
            ("other client_id under known numbers", named(stored.clone(), "c2")),
            ("no client_id under known numbers", Message { client_id: None, ..stored.clone() }),
            ("only a part of the batch is stored", stored.clone()),
        ] {
            let answer = store.log.append(batch([good.clone(), bad])).await;
            assert!(matches!(answer, Err(StoreError::Refused(_))), "{why}: {answer:?}");
            assert_eq!(all(&store).await, std::slice::from_ref(&stored), "{why}");
        }
        store.log.append(batch([good.clone()])).await.unwrap();
        assert_eq!(all(&store).await, [stored, good]);
    }

    async fn a_client_id_is_unique_per_sender_and_group(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let (one, two) = (group(&store, "one").await, group(&store, "two").await);
        let rows = [
            named(message(1, 1, &one, &alice, "x"), "c"),
            named(message(2, 2, &one, &bob, "x"), "c"),
            named(message(3, 1, &two, &alice, "x"), "c"),
            named(message(4, 3, &one, &alice, "x"), "C"),
            message(5, 4, &one, &alice, "x"),
        ];
        store.log.append(batch(rows.clone())).await.unwrap();
        let key = |group: &Arc<Group>, user: &Arc<User>, client_id: &str| SentKey {
            group: group.id,
            user: user.id,
            client_id: client_id.into(),
        };
        let keys = vec![
            key(&two, &alice, "c"),
            key(&one, &alice, "unknown"),
            key(&one, &alice, "C"),
            key(&one, &bob, "c"),
            key(&two, &bob, "c"),
            key(&two, &alice, "c"),
        ];
        let sent = |n: usize| {
            let Message { id, seq, created_at, .. } = rows[n];
            Some(Sent { id, seq, created_at })
        };
        let known = [sent(2), None, sent(3), sent(1), None, sent(2)];
        assert_eq!(store.log.find_sent(keys).await.unwrap(), known);
        let heads = store.log.heads(vec![two.id, GroupId(99), one.id, two.id]).await.unwrap();
        assert_eq!(heads, [Seq(1), Seq(0), Seq(4), Seq(1)]);
    }

    async fn a_caller_who_goes_away_leaves_the_store_in_order(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        for n in 1..=50 {
            let asked = store.log.append(batch([message(n, n, &general, &alice, "x")]));
            let joined = store.directory.join(general.id, alice.id, NOW);
            tokio::select! { biased; _ = asked => {}, _ = joined => {}, () = std::future::ready(()) => {} }
        }
        // Whether those before were stored or not, asking again settles it.
        for n in 1..=50 {
            store.log.append(batch([message(n, n, &general, &alice, "x")])).await.unwrap();
        }
        assert_eq!(all(&store).await.len(), 50);
    }
}
