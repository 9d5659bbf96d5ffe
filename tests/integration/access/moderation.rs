//! Bans, mutes, and that the kicked are gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use groupcast::model::Timestamp;
use serde_json::{Value, json};

use super::people::{Client, Trio, delete, refused};
use crate::support::database::Store;
use crate::support::until;

both_stores!(
    a_ban_keeps_out_until_it_is_lifted_or_over,
    a_mute_stops_writing_and_nothing_else,
    reasons_and_ends_are_checked,
    nothing_of_the_kicked_is_stored_after_the_answer,
);

async fn a_ban_keeps_out_until_it_is_lifted_or_over(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, .. } = &trio;
    let (mut by_olga, mut by_ann) = (trio.by(olga).await, trio.by(ann).await);
    let group = by_olga.create_group("g", false).await;
    let (member, ban) =
        (format!("groups/{group}/members/{}", ann.id), format!("groups/{group}/bans/{}", ann.id));
    by_ann.put(&member, Value::Null).await.ok();
    let made = by_olga.put(&ban, json!({ "reason": "noise" })).await.ok();
    let created_at = &made["created_at"];
    assert!(created_at.as_str().is_some_and(|text| text.ends_with('Z')), "{made}");
    let row = json!({ "id": ann.id, "username": "ann", "by": olga.id, "reason": "noise", "created_at": created_at });
    assert_eq!(made, row);
    assert_eq!(by_olga.get(&format!("groups/{group}/bans")).await.ok(), json!([row]));

    assert_eq!(by_ann.get(&format!("groups/{group}")).await.ok()["name"], "g", "she may still see it");
    refused(&by_ann.put(&member, Value::Null).await, 403, "banned");
    refused(&by_olga.put(&member, Value::Null).await, 403, "banned");
    refused(&by_ann.get(&format!("messages/?group_id={group}")).await, 403, "banned");
    refused(&by_ann.post("messages/", json!({ "group_id": group, "content": "x" })).await, 403, "banned");
    by_olga.delete(&ban).await;
    refused(&delete(&mut by_olga, &ban).await, 404, "Ban not found");
    by_ann.put(&member, Value::Null).await.ok();

    let long = by_olga.put(&ban, json!({ "until": "2999-12-31T23:30:00.5+00:30" })).await.ok();
    assert_eq!(long["until"], "2999-12-31T23:00:00.500000Z");
    refused(&by_ann.put(&member, Value::Null).await, 403, "banned");
    assert!(made["created_at"].as_str() < long["created_at"].as_str());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let soon = Timestamp((now + Duration::from_secs(2)).as_micros() as i64).to_string();
    by_olga.put(&ban, json!({ "until": soon })).await.ok();
    refused(&by_ann.put(&member, Value::Null).await, 403, "banned");
    until("the ban to be over", async || {
        (by_ann.put(&member, Value::Null).await.status == 200).then_some(())
    })
    .await;
    assert_eq!(by_olga.get(&format!("groups/{group}/bans/")).await.ok(), json!([]));
    by_olga.put(&ban, Value::Null).await.ok();
    assert_eq!(by_olga.get(&format!("groups/{group}/bans/")).await.ok()[0].get("until"), None, "replaced");
    assert_eq!(
        by_olga.put(&format!("groups/{group}/bans/999999"), Value::Null).await.detail(404),
        "User not found"
    );
    assert_eq!(by_olga.put(&format!("groups/{group}/bans/{}", olga.id), Value::Null).await.status, 403);
}

async fn a_mute_stops_writing_and_nothing_else(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, bob, .. } = &trio;
    let (mut by_olga, mut by_ann) = (trio.by(olga).await, trio.by(ann).await);
    let group = by_olga.create_group("g", false).await;
    let (member, mute) =
        (format!("groups/{group}/members/{}", ann.id), format!("groups/{group}/mutes/{}", ann.id));
    by_ann.put(&member, Value::Null).await.ok();
    let message = json!({ "group_id": group, "content": "x" });
    let retry = json!({ "group_id": group, "content": "x", "client_id": "1" });
    let first = by_ann.post("messages/", retry.clone()).await.ok();
    let made = by_olga.put(&mute, json!({})).await.ok();
    let row = json!({ "id": ann.id, "username": "ann", "by": olga.id, "created_at": made["created_at"] });
    assert_eq!(made, row);
    assert_eq!(by_olga.get(&format!("groups/{group}/mutes/")).await.ok(), json!([row]));
    refused(&by_ann.post("messages/", message.clone()).await, 403, "muted");
    assert_eq!(by_ann.post("messages/", retry).await.ok(), first, "what was sent is told again");
    by_ann.get(&format!("messages/?group_id={group}")).await.ok();
    // Leaving lifts no mute.
    by_ann.delete(&member).await;
    by_ann.put(&member, Value::Null).await.ok();
    refused(&by_ann.post("messages/", message.clone()).await, 403, "muted");
    by_olga.delete(&mute).await;
    refused(&delete(&mut by_olga, &mute).await, 404, "Mute not found");
    by_ann.post("messages/", message).await.ok();
    let stranger = format!("groups/{group}/mutes/{}", bob.id);
    refused(&by_olga.put(&stranger, Value::Null).await, 404, "Member not found");
}

async fn reasons_and_ends_are_checked(store: Store) {
    let trio = Trio::start(store).await;
    let mut by_olga = trio.by(&trio.olga).await;
    let group = by_olga.create_group("g", false).await;
    for kind in ["bans", "mutes"] {
        let path = format!("groups/{group}/{kind}/{}", trio.ann.id);
        for (until, problem) in [
            (json!("2999-01-01T00:00:00"), "timezone_aware"),
            (json!("2999-01-01"), "datetime_parsing"),
            (json!("soon"), "datetime_parsing"),
            (json!(""), "datetime_parsing"),
            (json!(32_503_680_000_i64), "datetime_type"),
            (json!("2001-01-01T00:00:00Z"), "value_error"),
        ] {
            let detail = by_olga.put(&path, json!({ "until": until })).await.detail(422);
            assert_eq!((&detail[0]["type"], &detail[0]["loc"]), (&json!(problem), &json!(["body", "until"])));
        }
        assert_eq!(by_olga.put(&path, json!([])).await.status, 422);
    }
    let ban = format!("groups/{group}/bans/{}", trio.ann.id);
    assert_eq!(by_olga.put(&ban, json!({ "reason": "x".repeat(251) })).await.status, 422);
    assert_eq!(by_olga.put(&ban, json!({ "reason": "a\0" })).await.status, 422);
    assert_eq!(by_olga.get(&format!("groups/{group}/bans/")).await.ok(), json!([]));
    let none = json!({ "reason": null, "until": null });
    assert_eq!(by_olga.put(&ban, none).await.ok().get("reason"), None);
}

async fn nothing_of_the_kicked_is_stored_after_the_answer(store: Store) {
    let trio = Trio::start(store).await;
    let Trio { olga, ann, .. } = &trio;
    let mut by_olga = trio.by(olga).await;
    for (turn, kind) in ["members", "bans", "members", "members"].into_iter().enumerate() {
        let group = by_olga.create_group(&format!("g{turn}"), false).await;
        let member = format!("groups/{group}/members/{}", ann.id);
        by_olga.put(&member, Value::Null).await.ok();
        let is_over = Arc::new(AtomicBool::new(false));
        let mut senders = Vec::new();
        for _ in 0..4 {
            let (mut client, is_over) = (trio.by(ann).await, Arc::clone(&is_over));
            senders.push(tokio::spawn(async move {
                let mut sent = 0;
                while !is_over.load(Ordering::Relaxed) {
                    let answer = client.post("messages/", json!({ "group_id": group, "content": "x" })).await;
                    match answer.status {
                        200 => sent += 1,
                        status => assert_eq!(status, 403),
                    }
                }
                sent
            }));
        }
        let list = format!("messages/?group_id={group}&limit=1000000");
        let count = async |client: &mut Client| client.get(&list).await.ok().as_array().unwrap().len();
        while count(&mut by_olga).await < 5 {}
        match kind {
            "bans" => drop(by_olga.put(&format!("groups/{group}/bans/{}", ann.id), Value::Null).await.ok()),
            _ => by_olga.delete(&member).await,
        }
        let after = count(&mut by_olga).await;
        let last = by_olga.post("messages/", json!({ "group_id": group, "content": "last" })).await.ok();
        // How she came and how she went stand in the log too.
        assert_eq!(last["seq"].as_u64(), Some(after as u64 + 3));
        is_over.store(true, Ordering::Relaxed);
        let mut sent = 0;
        for sender in senders {
            sent += sender.await.unwrap();
        }
        assert_eq!(count(&mut by_olga).await, after + 1, "nothing came after it");
        assert!(sent <= after, "{sent} were answered, {after} are stored");
    }
}
