//! The database goes away and comes back.

use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use groupcast::store::{self, Database, MessagePage, StoreError, StoreResult};

use super::{NOW, batch, group, message, user};
use crate::support::postgres::Postgres;
use crate::support::until_blocking;

/// Asks again while the answer is that the database is unavailable.
async fn until_available<'a, T>(mut ask: impl FnMut() -> BoxFuture<'a, StoreResult<T>>) -> StoreResult<T> {
    let patience = Instant::now() + Duration::from_secs(120);
    loop {
        match ask().await {
            Err(StoreError::Unavailable(_)) if Instant::now() < patience => tokio::task::yield_now().await,
            answer => return answer,
        }
    }
}

#[tokio::test]
async fn a_batch_asked_for_again_and_again_is_stored_once_the_database_is_back() {
    let postgres = Postgres::launch();
    let database = Database::Postgres(postgres.create_database());
    let store = store::open(&database, 4).await.unwrap().store;
    let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
    let nth = |n: i64| batch([message(n, n, &general, &alice, &format!("{n}"))]);
    store.log.append(nth(1)).await.unwrap();

    for n in 2..4 {
        // In the middle of what it is doing, and then while it is away.
        let (under_way, ()) = tokio::join!(store.log.append(nth(n)), async { postgres.stop_immediately() });
        assert!(matches!(under_way, Ok(()) | Err(StoreError::Unavailable(_))), "{under_way:?}");
        for answer in [
            store.log.append(nth(n)).await,
            store.lifecycle.ping().await,
            store.directory.user(alice.id).await.map(drop),
            store.directory.join(general.id, alice.id, NOW).await.map(drop),
        ] {
            assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
        }
        postgres.start();
        until_available(|| store.log.append(nth(n))).await.unwrap();
        until_available(|| store.lifecycle.ping()).await.unwrap();
        until_available(|| store.directory.user(alice.id)).await.unwrap();
    }
    let page = MessagePage { limit: 10, ..MessagePage::default() };
    let stored: Vec<i64> = store.log.messages(page).await.unwrap().iter().map(|row| row.id.0).collect();
    assert_eq!(stored, [1, 2, 3]);
    assert!(matches!(store::open(&database, 1).await.map(drop), Err(StoreError::Owned(_))));
}

/// The advisory lock is free for a moment after the owner's connection broke. Who was away while another
/// server numbered messages must not go on numbering from what it remembers.
#[tokio::test]
async fn a_server_that_was_replaced_meanwhile_stores_nothing_more() {
    let postgres = Postgres::shared();
    let url = postgres.create_database();
    let store = store::open(&Database::Postgres(url.clone()), 2).await.unwrap().store;
    let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
    postgres.psql(&url, "UPDATE server SET owner = 'another'");
    let holder = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(postgres.psql(&url, holder), "t");
    for _ in 0..3 {
        let answer = store.log.append(batch([message(1, 1, &general, &alice, "late")])).await;
        assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    }
    assert_eq!(postgres.psql(&url, "SELECT count(*) FROM messages"), "0");
    store.lifecycle.close().await.unwrap();
}

#[tokio::test]
async fn a_table_that_is_locked_does_not_hold_up_a_question_for_ever() {
    let postgres = Postgres::shared();
    let url = postgres.create_database();
    let store = store::open(&Database::Postgres(url.clone()), 1).await.unwrap().store;
    let alice = user(&store, "alice").await;
    postgres.psql(&url, "CREATE TABLE released (at timestamptz)");
    let hold = "DO $$ BEGIN
        LOCK TABLE users;
        WHILE NOT EXISTS (SELECT 1 FROM released) LOOP PERFORM pg_sleep(0.01); END LOOP;
    END $$";
    let locker = std::thread::spawn({
        let url = url.clone();
        move || postgres.psql(&url, hold)
    });
    let locked = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
        AND relation = 'users'::regclass";
    until_blocking("a locked table", || (postgres.psql(&url, locked) != "0").then_some(()));
    let answer = store.directory.user(alice.id).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    postgres.psql(&url, "INSERT INTO released VALUES (now())");
    locker.join().unwrap();
    assert!(until_available(|| store.directory.user(alice.id)).await.unwrap().is_some());
}
