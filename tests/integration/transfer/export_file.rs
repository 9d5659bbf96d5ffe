//! Files that an export is written to.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::program::{assert_equal, complaint, done, export};
use crate::support::database::{Database, Store};

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
async fn a_file_that_is_not_there_is_not_made() {
    let database = Database::create(Store::Sqlite).await;
    let complaint = complaint(&database, &["export", "all.jsonl"], b"").await;
    assert!(complaint.contains("there is no file "), "{complaint}");
    assert_eq!(fs::read_dir(database.dir()).unwrap().count(), 0);
}
