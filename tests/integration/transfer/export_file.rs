//! Files that an export is written to.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustix::process::{Pid, Signal, kill_process};

use super::interrupted::long_export;
use super::program::{assert_equal, complaint, done, export, imported, start};
use crate::support::database::{Database, Store};
use crate::support::{patiently, until};

both_stores!(a_file_is_for_its_owner_alone);

async fn a_file_is_for_its_owner_alone(store: Store) {
    let database = Database::create(store).await;
    done(&database, &["group", "add", "g"], b"").await;
    let path = database.dir().join("all.jsonl");
    let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(done(&database, &["export", "all.jsonl"], b"").await, "");
    assert_eq!(mode(), 0o600);
    assert_equal(&fs::read_to_string(&path).unwrap(), &export(&database).await);
    fs::write(&path, "what was there before").unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    done(&database, &["export", "all.jsonl"], b"").await;
    assert_eq!(mode(), 0o600, "also in the place of one that was not");
    assert_equal(&fs::read_to_string(&path).unwrap(), &done(&database, &["export", "-"], b"").await);
}

#[tokio::test]
async fn what_cannot_be_written_is_told() {
    let database = Database::create(Store::Sqlite).await;
    done(&database, &["group", "add", "g"], b"").await;
    for path in ["nowhere/all.jsonl", "/dev/full"] {
        let complaint = complaint(&database, &["export", path], b"").await;
        assert!(complaint.contains(path), "{complaint}");
    }
    let left = fs::read_dir(database.dir()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| name.to_string_lossy().starts_with("chat.sqlite")));
}

#[tokio::test]
async fn what_is_half_written_goes_when_it_is_stopped() {
    let database = imported(Store::Postgres, &long_export(6_000)).await;
    let (locker, connection) = tokio_postgres::connect(database.url(), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    locker.batch_execute("BEGIN; LOCK TABLE reactions").await.unwrap();
    let mut child = start(&database, &["export", "all.jsonl"]);
    let files = || fs::read_dir(database.dir()).unwrap().count();
    until("a part of the file", async || (files() == 1).then_some(())).await;
    let pid = child.id().and_then(|id| Pid::from_raw(id.try_into().unwrap())).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let status = patiently("the program's end", child.wait()).await.unwrap();
    assert_eq!((status.code(), files()), (Some(1), 0));
}

#[tokio::test]
async fn a_file_that_is_not_there_is_not_made() {
    let database = Database::create(Store::Sqlite).await;
    let complaint = complaint(&database, &["export", "all.jsonl"], b"").await;
    assert!(complaint.contains("there is no file "), "{complaint}");
    assert_eq!(fs::read_dir(database.dir()).unwrap().count(), 0);
}
