//! An operator's command beside a server.

use groupcast::model::UserId;
use groupcast::store::{self, Database, StoreError};

use super::{Backend, batch, group, message, new_user, user};
use crate::support::postgres::Postgres;

on_both! {
    async fn a_command_works_on_a_database_that_nobody_uses(backend: Backend) {
        let store = store::open_beside(&backend.database).await.unwrap();
        store.accounts.create_first_admin(new_user("admin")).await.unwrap().unwrap();
        store.accounts.note_change().await.unwrap();
        store.lifecycle.close().await.unwrap();
        let store = backend.open().await;
        assert!(store.directory.user(UserId(1)).await.unwrap().unwrap().is_admin);
        assert_eq!(store.accounts.changes().await.unwrap(), 1);
    }
}

#[tokio::test]
async fn a_file_that_a_server_uses_is_not_opened() {
    let backend = Backend::sqlite();
    let _store = backend.open().await;
    let beside = store::open_beside(&backend.database).await.map(drop);
    assert!(matches!(beside, Err(StoreError::Owned(_))), "{beside:?}");
}

#[tokio::test]
async fn a_command_works_beside_a_server_on_postgres_but_stores_no_messages() {
    let backend = Backend::postgres();
    let server = backend.open().await;
    let (general, alice) = (group(&server, "general").await, user(&server, "alice").await);
    let beside = store::open_beside(&backend.database).await.unwrap();
    beside.accounts.set_admin(alice.id, true).await.unwrap();
    beside.accounts.note_change().await.unwrap();
    beside.lifecycle.ping().await.unwrap();
    let batch = batch([message(1, 1, &general, &alice, "x")]);
    let answer = beside.log.append(batch.clone()).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    beside.lifecycle.close().await.unwrap();
    assert!(server.directory.user(alice.id).await.unwrap().unwrap().is_admin);
    assert_eq!(server.accounts.changes().await.unwrap(), 1);
    server.log.append(batch).await.unwrap();
    server.lifecycle.close().await.unwrap();
}

#[tokio::test]
async fn a_command_of_another_version_than_the_server_is_refused() {
    let backend = Backend::postgres();
    let Database::Postgres(url) = &backend.database else { unreachable!() };
    let server = backend.open().await;
    let postgres = Postgres::shared();
    for version in [
        "DELETE FROM refinery_schema_history WHERE version = (SELECT max(version) FROM refinery_schema_history)",
        "INSERT INTO refinery_schema_history (version, name) VALUES (1000, 'later')",
        "DROP TABLE refinery_schema_history",
    ] {
        postgres.psql(url, version);
        let beside = store::open_beside(&backend.database).await.map(drop);
        let Err(StoreError::Refused(reason)) = beside else { panic!("{version}: {beside:?}") };
        assert!(reason.to_string().contains("another version"), "{reason}");
    }
    server.lifecycle.close().await.unwrap();
}
