//! An import that is killed, and run again.

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::program::{assert_equal, complaint, export, import, run, start};
use crate::support::database::{Database, Store};
use crate::support::patiently;

both_stores!(
    an_import_that_is_killed_goes_on_where_it_was,
    what_is_truncated_is_known_and_can_be_completed,
    nobody_else_opens_what_is_not_complete,
);

/// More messages than one transaction takes several times over, some of them long.
const MESSAGES: usize = 30_000;

/// An export of a group of two.
pub(super) fn long_export(messages: usize) -> String {
    let time = "2026-01-02T03:04:05.678901Z";
    let mut lines = vec![
        json!({ "groupcast": "export", "format": 1, "version": "0" }),
        json!({ "server": { "epoch": "e", "unsettled": false, "last_group_id": 1, "last_api_key_id": 0,
            "last_message_id": 0, "last_message_at": time } }),
    ];
    for (id, name) in [(1, "ann"), (2, "bob")] {
        lines.push(json!({ "user": { "id": id, "username": name, "email": format!("{name}@example.com"),
            "password": "x", "is_admin": false, "erased": false } }));
    }
    lines.push(
        json!({ "group": { "id": 1, "name": "g", "is_private": false, "topic": "", "invite_only": false,
        "first_seq": 1 } }),
    );
    for user in [1, 2] {
        lines.push(
            json!({ "membership": { "group_id": 1, "user_id": user, "role": "member", "joined_at": time,
            "read_seq": messages } }),
        );
    }
    for id in 1..=messages {
        let content = if id % 5_000 == 0 { "long ".repeat(400_000) } else { format!("message {id} @ann") };
        let mut message = json!({ "id": id, "group_id": 1, "seq": id, "user_id": 1 + id % 2, "created_at": time,
            "content": content, "client_id": format!("c{id}") });
        if id % 3 == 0 {
            message["mentions"] = json!([1]);
        }
        lines.push(json!({ "message": message }));
    }
    let mut end = json!({ "server": 1, "user": 2, "group": 1, "membership": 2, "message": messages });
    for name in
        ["outside_identity", "ended_token", "session", "api_key", "private_pair", "ban", "mute", "reaction"]
            .into_iter()
            .chain(["log_entry", "sent_id"])
    {
        end[name] = json!(0);
    }
    lines.push(json!({ "end": end }));
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Kills an import that has read about so much of the export.
async fn kill_after(database: &Database, part: &[u8]) {
    let mut child = start(database, &["import"]);
    let mut stdin = child.stdin.take().unwrap();
    // What is written it has read, but for what a pipe holds.
    patiently("the program to read", stdin.write_all(part)).await.unwrap();
    patiently("the program's end", child.kill()).await.unwrap();
}

async fn an_import_that_is_killed_goes_on_where_it_was(store: Store) {
    let (database, whole) = (Database::create(store).await, long_export(MESSAGES));
    for percent in [3, 30, 60, 99] {
        kill_after(&database, &whole.as_bytes()[..whole.len() * percent / 100]).await;
    }
    let report = import(&database, &whole).await;
    let (lines, new) = (report["lines"].as_u64().unwrap(), report["new_lines"].as_u64().unwrap());
    assert_eq!(lines, whole.lines().count() as u64);
    assert!(new < lines / 2, "what was stored before is not stored again: {report}");
    let all = export(&database).await;
    let kept = |text: &str| -> Vec<Value> {
        text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert!(kept(&all) == kept(&whole), "what was read in comes out");
    let at_once = Database::create(store).await;
    import(&at_once, &whole).await;
    assert_equal(&export(&at_once).await, &all);
    assert_eq!(import(&database, &whole).await["new_lines"], 0);
}

async fn what_is_truncated_is_known_and_can_be_completed(store: Store) {
    let (database, whole) = (Database::create(store).await, long_export(6_000));
    let (half, _) = whole.split_at(whole.len() / 2);
    let line_break = half.rfind('\n').unwrap();
    for (part, says) in [
        (half, "ends in the middle: the file is truncated"),
        (&half[..=line_break], "the file is truncated: line "),
        (&whole[..whole.len() - 2], "ends in the middle: the file is truncated"),
    ] {
        let complaint = complaint(&database, &["import"], part.as_bytes()).await;
        assert!(complaint.contains(says), "{complaint}");
    }
    // One that is shorter than what is stored.
    let complaint = complaint(&database, &["import"], &whole.as_bytes()[..1_000]).await;
    assert!(complaint.contains("data of another export"), "{complaint}");
    import(&database, &whole).await;
    assert_eq!(export(&database).await.lines().count(), whole.lines().count());
}

async fn nobody_else_opens_what_is_not_complete(store: Store) {
    let (database, whole) = (Database::create(store).await, long_export(6_000));
    let half = &whole[..whole.len() / 2];
    complaint(&database, &["import"], half.as_bytes()).await;
    for arguments in [&["--port=0"][..], &["user", "list"], &["export"]] {
        let output = run(&database, arguments, b"").await;
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {text}");
        assert!(text.contains("is not complete: run it again with the same file"), "{arguments:?}: {text}");
    }
    let other = whole.replacen("ann@example.com", "ann@example.net", 1);
    let complaint = complaint(&database, &["import"], other.as_bytes()).await;
    assert!(complaint.contains("data of another export"), "{complaint}");
    import(&database, &whole).await;
}
