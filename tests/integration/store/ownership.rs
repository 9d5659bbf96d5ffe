//! One server at a time, and nothing is lost from one to the next.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use groupcast::model::UserId;
use groupcast::store::{self, Database, MessagePage, Store, StoreError, StoreResult};

use super::{Backend, NOW, batch, group, is_member, message, new_user, user};
use crate::support::postgres::Postgres;

/// Names, for [`hold`], the database to hold.
const HOLD: &str = "GROUPCAST_TEST_HOLD";
/// The name of [`hold`] among the tests of this program.
const HOLDER: &str = "store::ownership::hold";

/// Opens the store once its owner is found to be gone, which the database may notice a moment later.
async fn open_when_free(backend: &Backend) -> Store {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        match backend.try_open().await {
            Err(StoreError::Owned(_)) if Instant::now() < patience => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}

fn assert_owned(opened: StoreResult<Store>, place: &str) {
    match opened.map(drop) {
        Err(StoreError::Owned(named)) => assert!(named.contains(place), "{named}"),
        other => panic!("{other:?}"),
    }
}

/// Not a test of its own: a process that holds a database until it is killed.
#[tokio::test]
async fn hold() {
    let Ok(database) = std::env::var(HOLD) else { return };
    let database = match database.strip_prefix("sqlite:") {
        Some(file) => Database::Sqlite(file.into()),
        None => Database::Postgres(database),
    };
    let _opened = store::open(&database, 1).await.unwrap();
    println!("holding");
    std::future::pending::<()>().await;
}

on_both! {
    async fn a_second_server_is_told_and_the_first_goes_on(backend: Backend) {
        let store = backend.open().await;
        let place = match &backend.database {
            Database::Sqlite(file) => file.display().to_string(),
            Database::Postgres(url) => url.rsplit('/').next().unwrap().to_owned(),
        };
        assert_owned(backend.try_open().await, &place);
        assert_owned(backend.try_open().await, &place);
        store.directory.create_user(new_user("alice")).await.unwrap();
        store.lifecycle.close().await.unwrap();
        backend.open().await.lifecycle.close().await.unwrap();
    }

    async fn a_store_that_is_dropped_is_given_up(backend: Backend) {
        let store = backend.open().await;
        store.directory.create_user(new_user("alice")).await.unwrap();
        drop(store);
        assert!(open_when_free(&backend).await.directory.user(UserId(1)).await.unwrap().is_some());
    }

    async fn a_server_that_is_killed_gives_up_what_it_held(backend: Backend) {
        let database = match &backend.database {
            Database::Sqlite(file) => format!("sqlite:{}", file.display()),
            Database::Postgres(url) => url.clone(),
        };
        let mut holder = Command::new(std::env::current_exe().unwrap());
        holder.args(["--exact", HOLDER, "--nocapture"]).env(HOLD, database);
        let mut holder = holder.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line.ends_with("holding")));
        let held = backend.try_open().await;
        holder.kill().unwrap();
        holder.wait().unwrap();
        assert_owned(held, "");
        open_when_free(&backend).await;
    }

    async fn everything_is_there_after_reopening(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        let pair = store.directory.private_group(alice.id, alice.id, "private_1", NOW).await.unwrap();
        store.directory.join(general.id, alice.id, NOW).await.unwrap();
        let hello = batch([message(1, 1, &general, &alice, "hello")]);
        store.log.append(hello.clone()).await.unwrap();
        store.lifecycle.close().await.unwrap();

        for _ in 0..2 {
            let store = backend.open().await;
            let page = MessagePage { limit: 10, ..MessagePage::default() };
            assert_eq!(store.log.messages(page).await.unwrap(), hello.messages);
            assert_eq!(store.directory.user_by_name("alice").await.unwrap().as_ref(), Some(&*alice));
            assert_eq!(store.directory.group_by_name("general").await.unwrap().as_ref(), Some(&*general));
            assert_eq!(store.directory.private_group(alice.id, alice.id, "private_2", NOW).await.unwrap(), pair);
            assert!(is_member(&store, general.id, alice.id).await);
            store.log.append(hello.clone()).await.unwrap();
            store.lifecycle.close().await.unwrap();
        }
    }

    async fn a_closed_store_answers_that_it_is(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        store.lifecycle.ping().await.unwrap();
        // What is under way is brought to its end.
        let (appended, closed) = tokio::join!(
            store.log.append(batch([message(1, 1, &general, &alice, "hello")])),
            store.lifecycle.close(),
        );
        appended.unwrap();
        closed.unwrap();
        assert!(matches!(store.lifecycle.ping().await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.directory.user(alice.id).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(store.log.append(batch([])).await, Err(StoreError::Unavailable(_))));
        store.lifecycle.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_file_has_one_owner_whatever_it_is_called() {
    let backend = Backend::sqlite();
    let _store = backend.open().await;
    let Database::Sqlite(file) = &backend.database else { unreachable!() };
    let link = file.with_file_name("link.db");
    std::os::unix::fs::symlink(file, &link).unwrap();
    assert_owned(store::open(&Database::Sqlite(link), 1).await.map(|opened| opened.store), "chat.db");
}

#[tokio::test]
async fn what_cannot_be_opened_is_told_in_one_line() {
    let missing = tempfile::tempdir().unwrap().path().join("missing/chat.db");
    let folder = tempfile::tempdir().unwrap();
    let not_a_database = folder.path().join("text");
    std::fs::write(
        &not_a_database,
        "text, and long enough that it cannot be taken for a database. ".repeat(9),
    )
    .unwrap();
    let postgres = Postgres::shared();
    let url = postgres.create_database();
    postgres.psql(&url, "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0");
    let latin = format!("{}/latin", url.rsplit_once('/').unwrap().0);
    for database in [
        Database::Postgres(latin),
        Database::Sqlite(missing),
        Database::Sqlite(not_a_database),
        Database::Postgres("postgres://alice:secret@127.0.0.1:1/chat".into()),
        Database::Postgres("postgres://alice:secret@127.0.0.1/chat?sslmode=require".into()),
    ] {
        let message = store::open(&database, 1).await.err().unwrap().to_string();
        assert!(!message.contains("secret") && !message.contains('\n'), "{message}");
        println!("{message}");
    }
}
