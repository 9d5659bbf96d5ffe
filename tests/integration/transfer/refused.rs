//! What an import does not take.

use super::program::{assert_equal, complaint, done, export, imported, run};
use crate::support::database::{Database, Store};

both_stores!(what_makes_no_sense_is_named_with_its_line, data_of_the_databases_own_are_left_alone);

const EXPORT: &str = r#"{"groupcast":"export","format":1,"version":"0.1.0"}
{"server":{"epoch":"e","unsettled":false,"last_group_id":1,"last_api_key_id":0,"last_message_id":0,"last_message_at":"1970-01-01T00:00:00.000000Z"}}
{"user":{"id":1,"username":"ann","email":"ann@example.com","password":"x","is_admin":true,"erased":false}}
{"group":{"id":1,"name":"g","is_private":false,"topic":"","invite_only":false,"first_seq":1}}
{"membership":{"group_id":1,"user_id":1,"role":"owner","joined_at":"2026-01-02T03:04:05.678901Z","read_seq":1}}
{"message":{"id":1,"group_id":1,"seq":1,"user_id":1,"created_at":"2026-01-02T03:04:05.678901Z","content":"hello","mentions":[1]}}
{"log_entry":{"group_id":1,"seq":2,"place":1,"user_id":1,"kind":"member","member_id":1,"member_change":"role","role":"owner","created_at":"2026-01-02T03:04:05.678901Z"}}
{"end":{"api_key":0,"ban":0,"ended_token":0,"group":1,"log_entry":1,"membership":1,"message":1,"mute":0,"outside_identity":0,"private_pair":0,"reaction":0,"sent_id":0,"server":1,"session":0,"user":1}}
"#;

async fn what_makes_no_sense_is_named_with_its_line(store: Store) {
    imported(store, EXPORT).await;
    for (part, instead, says) in [
        ("\"export\"", "\"exports\"", "line 1 is not the first of an export of groupcast"),
        ("\"format\":1,\"version\":\"0.1.0\"", "\"format\":2,\"version\":\"9.8.7\"", "use groupcast 9.8.7"),
        ("\"id\":1,\"username\"", "\"id\":0,\"username\"", "line 3, column "),
        ("\"username\":\"ann\"", "\"username\":\"a\\u0000\"", "there is a NUL in a text"),
        ("\"username\":\"ann\",", "", "missing field `username`"),
        ("\"username\"", "\"name\"", "line 3, column 22: unknown field `name`"),
        ("\"role\":\"owner\",\"joined_at\"", "\"role\":\"king\",\"joined_at\"", "unknown variant `king`"),
        ("\"2026-01-02T03", "\"2026-02-30T03", "is no time such as"),
        ("\"message\":{\"id\":1", "\"message\":{\"id\":9007199254740992", "9007199254740992 is out of range"),
        ("[1]", "[]", "line 6, column "),
        ("\"member_id\":1,", "", "line 7: missing field `member_id`"),
        ("{\"group\":", "{\"party\":", "line 4, column 8: unknown variant `party`"),
        ("\"group_id\":1,\"seq\":1", "\"group_id\":7,\"seq\":1", "line 6: the database refuses this: "),
        ("{\"membership\":", "\n{\"membership\":", "line 5 ends in the middle"),
        ("\"message\":1,", "\"message\":2,", "line 8 counts 2 records of the kind message, and there are 1"),
        ("\"mute\":0,", "", "line 8 does not count all kinds of records"),
        ("\"user\":1}}\n", "\"user\":1}}\n{}\n", "line 9 comes after the end"),
    ] {
        let (database, changed) = (Database::create(store).await, EXPORT.replacen(part, instead, 1));
        assert_ne!(changed, EXPORT, "{part}");
        let complaint = complaint(&database, &["import"], changed.as_bytes()).await;
        assert!(complaint.contains(says), "{part} -> {instead}: {complaint}");
    }
    let user = EXPORT.lines().nth(2).unwrap();
    let twice = EXPORT.replacen(user, &format!("{user}\n{}", user.replace("\"id\":1", "\"id\":2")), 1);
    let complaint = complaint(&Database::create(store).await, &["import"], twice.as_bytes()).await;
    assert!(complaint.contains("line 4: the database refuses this"), "{complaint}");
}

async fn data_of_the_databases_own_are_left_alone(store: Store) {
    let database = Database::create(store).await;
    done(&database, &["group", "add", "g"], b"").await;
    let before = export(&database).await;
    let complaint = complaint(&database, &["import"], EXPORT.as_bytes()).await;
    assert!(complaint.contains("has data of its own, and an import needs an empty one"), "{complaint}");
    assert_equal(&export(&database).await, &before);
}

#[tokio::test]
async fn what_is_no_export_makes_no_database() {
    let database = Database::create(Store::Sqlite).await;
    for (arguments, input) in [(&["import"][..], &b""[..]), (&["import", "nowhere.jsonl"], b"")] {
        complaint(&database, arguments, input).await;
    }
    assert_eq!(std::fs::read_dir(database.dir()).unwrap().count(), 0);
    let output = run(&database, &["import", "one", "two"], b"").await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
