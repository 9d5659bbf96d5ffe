//! What is done to members and to the group stands in its log.

use serde_json::{Value, json};

use super::scene::{is_entry, next_entry, read};
use crate::access::people::{Person, Trio};
use crate::support::database::Store;
use crate::support::json::JsonSocket;

both_stores!(
    what_becomes_of_members_is_told,
    the_removed_are_not_told,
    an_heir_is_told,
    who_is_erased_is_told
);

/// A `member` entry but for its time.
fn member(group: i64, seq: i64, by: (i64, &str), of: (i64, &str), change: &str) -> Value {
    json!({
        "type": "member", "group_id": group, "seq": seq, "user_id": by.0, "username": by.1,
        "member": { "id": of.0, "username": of.1 }, "change": change,
    })
}

fn with(mut entry: Value, name: &str, value: &str) -> Value {
    entry[name] = json!(value);
    entry
}

/// Takes the time out of an entry, which it has.
fn without_time(mut entry: Value) -> Value {
    let time = entry.as_object_mut().unwrap().remove("created_at");
    assert!(time.is_some_and(|time| time.as_str().is_some_and(|time| time.ends_with('Z'))), "{entry}");
    entry
}

/// Nothing of a log comes before the answer to a ping.
async fn expect_nothing(socket: &mut JsonSocket) {
    socket.send(json!({ "type": "ping" })).await;
    loop {
        let event = socket.next().await;
        if event["type"] == "pong" {
            return;
        }
        assert!(!is_entry(&event), "{event}");
    }
}

async fn what_becomes_of_members_is_told(store: Store) {
    let trio = Trio::start(store).await;
    let (olga, ann, bob) = ((trio.olga.id, "olga"), (trio.ann.id, "ann"), (trio.bob.id, "bob"));
    let (mut by_olga, mut by_ann) = (trio.by(&trio.olga).await, trio.by(&trio.ann).await);
    let group = by_olga.create_group("g", false).await;
    let mut reader = read(&trio.town.server, &trio.olga, group).await;
    let (path, until) = (format!("groups/{group}"), "2999-01-01T00:00:00.000000Z");
    let of = |kind: &str, person: (i64, &str)| format!("{path}/{kind}/{}", person.0);
    by_ann.put(&of("members", ann), Value::Null).await.ok();
    by_ann.put(&of("members", ann), Value::Null).await.ok();
    by_olga.put(&of("members", bob), Value::Null).await.ok();
    by_olga.put(&of("members", ann), json!({ "role": "admin" })).await.ok();
    by_olga.put(&of("members", ann), json!({ "role": "admin" })).await.ok();
    by_ann.put(&of("mutes", bob), json!({ "until": until })).await.ok();
    by_ann.delete(&of("mutes", bob)).await;
    by_ann.put(&of("mutes", bob), Value::Null).await.ok();
    by_ann.patch(&path, json!({ "name": "h" })).await.ok();
    by_ann.patch(&path, json!({ "name": "h" })).await.ok();
    by_ann.patch(&path, json!({ "topic": "t", "join": "invite", "name": "h" })).await.ok();
    by_olga.delete(&of("members", bob)).await;
    by_olga.put(&of("bans", bob), json!({ "until": until, "reason": "secret" })).await.ok();
    by_olga.delete(&of("bans", bob)).await;
    by_olga.put(&of("bans", ann), Value::Null).await.ok();
    for refused in [of("bans", bob), of("mutes", ann), of("members", bob)] {
        assert_eq!(by_olga.ask("DELETE", &refused, &Value::Null).await.status, 404);
    }
    by_olga.delete(&of("bans", ann)).await;
    by_olga.put(&of("members", ann), json!({ "role": "admin" })).await.ok();
    by_olga.put(&of("members", ann), json!({ "role": "owner" })).await.ok();
    let changed = |seq: i64, more: Value| {
        let mut entry = json!({
            "type": "group", "group_id": group, "seq": seq, "user_id": ann.0, "username": "ann",
        });
        entry.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        entry
    };
    let expected = vec![
        member(group, 1, ann, ann, "joined"),
        member(group, 2, olga, bob, "joined"),
        with(member(group, 3, olga, ann, "role"), "role", "admin"),
        with(member(group, 4, ann, bob, "muted"), "until", until),
        member(group, 5, ann, bob, "unmuted"),
        member(group, 6, ann, bob, "muted"),
        changed(7, json!({ "name": "h" })),
        changed(8, json!({ "topic": "t", "join": "invite" })),
        member(group, 9, olga, bob, "kicked"),
        with(member(group, 10, olga, bob, "banned"), "until", until),
        member(group, 11, olga, bob, "unbanned"),
        member(group, 12, olga, ann, "banned"),
        member(group, 13, olga, ann, "unbanned"),
        with(member(group, 14, olga, ann, "joined"), "role", "admin"),
        with(member(group, 15, olga, ann, "role"), "role", "owner"),
    ];
    let log = by_olga.get(&format!("{path}/log/")).await.ok();
    let log = log.as_array().unwrap();
    assert_eq!(log.iter().cloned().map(without_time).collect::<Vec<_>>(), expected);
    for entry in log {
        assert_eq!(&next_entry(&mut reader).await, entry);
    }
    let sent = by_olga.post("messages/", json!({ "group_id": group, "content": "x" })).await.ok();
    assert_eq!(sent["seq"], 16);
    assert!(log.is_sorted_by_key(|entry| entry["created_at"].as_str().map(str::to_owned)));
}

async fn the_removed_are_not_told(store: Store) {
    let trio = Trio::start(store).await;
    let mut by_olga = trio.by(&trio.olga).await;
    for kind in ["kicked", "banned", "left"] {
        let group = by_olga.create_group(kind, false).await;
        let mut by_bob = trio.by(&trio.bob).await;
        let path = format!("groups/{group}/members/{}", trio.bob.id);
        by_bob.put(&path, Value::Null).await.ok();
        let server = &trio.town.server;
        let (mut bob_reads, mut ann_reads) =
            (read(server, &trio.bob, group).await, read(server, &trio.ann, group).await);
        match kind {
            "kicked" => by_olga.delete(&path).await,
            "left" => by_bob.delete(&path).await,
            _ => drop(by_olga.put(&format!("groups/{group}/bans/{}", trio.bob.id), Value::Null).await.ok()),
        }
        by_olga.post("messages/", json!({ "group_id": group, "content": "after" })).await.ok();
        let gone = loop {
            let event = bob_reads.next().await;
            assert!(!is_entry(&event), "{event}");
            if event["type"] == "unsubscribed" {
                break event;
            }
        };
        assert_eq!(gone["reason"], kind);
        expect_nothing(&mut bob_reads).await;
        let entry = next_entry(&mut ann_reads).await;
        assert_eq!((&entry["change"], &entry["member"]["id"]), (&json!(kind), &json!(trio.bob.id)));
        assert_eq!(next_entry(&mut ann_reads).await["content"], "after");
    }
}

async fn an_heir_is_told(store: Store) {
    let trio = Trio::start(store).await;
    let (mut by_olga, mut by_ann) = (trio.by(&trio.olga).await, trio.by(&trio.ann).await);
    let group = by_olga.create_group("g", false).await;
    by_ann.put(&format!("groups/{group}/members/{}", trio.ann.id), Value::Null).await.ok();
    by_olga.delete(&format!("groups/{group}/members/{}", trio.olga.id)).await;
    let log = by_ann.get(&format!("groups/{group}/log/?after_seq=1")).await.ok();
    let entries: Vec<Value> = log.as_array().unwrap().iter().cloned().map(without_time).collect();
    let olga = (trio.olga.id, "olga");
    let heir = with(member(group, 3, olga, (trio.ann.id, "ann"), "role"), "role", "owner");
    assert_eq!(entries, [member(group, 2, olga, olga, "left"), heir]);
}

async fn who_is_erased_is_told(store: Store) {
    let trio = Trio::start(store).await;
    let mut by_olga = trio.by(&trio.olga).await;
    for (person, query) in [(&trio.bob, "messages=erase"), (&trio.ann, "messages=keep")] {
        erased(&trio, &mut by_olga, person, query).await;
    }
}

async fn erased(trio: &Trio, by_olga: &mut crate::access::people::Client, person: &Person, query: &str) {
    let mut client = trio.by(person).await;
    let group = by_olga.create_group(query, false).await;
    client.put(&format!("groups/{group}/members/{}", person.id), Value::Null).await.ok();
    let say = |content: &str| json!({ "group_id": group, "content": content });
    client.post("messages/", say("one")).await.ok();
    by_olga.post("messages/", say("two")).await.ok();
    client.post("messages/", say("three")).await.ok();
    let mut reader = read(&trio.town.server, &trio.olga, group).await;
    client.delete(&format!("users/{}?{query}", person.id)).await;
    let placeholder = format!("deleted-{}", person.id);
    let mut seen = vec![next_entry(&mut reader).await];
    while seen[seen.len() - 1]["change"] != "erased" {
        seen.push(next_entry(&mut reader).await);
    }
    let (of_messages, of_member) = seen.split_at(seen.len() - 1);
    assert_eq!(of_member[0]["member"], json!({ "id": person.id, "username": placeholder }));
    let deleted: Vec<_> = of_messages.iter().map(|entry| (&entry["type"], &entry["message_seq"])).collect();
    let kind = json!("deleted");
    match query {
        "messages=erase" => assert_eq!(deleted, [(&kind, &json!(2)), (&kind, &json!(4))]),
        _ => assert!(deleted.is_empty(), "{deleted:?}"),
    }
    let log = by_olga.get(&format!("groups/{group}/log/")).await.ok();
    let log = log.as_array().unwrap();
    for (entry, seq) in log.iter().zip(1..) {
        assert_eq!(entry["seq"], seq);
        assert!(entry["username"] == "olga" || entry["username"] == placeholder.as_str(), "{entry}");
    }
    let contents: Vec<&Value> = log[1..4].iter().map(|entry| &entry["content"]).collect();
    match query {
        "messages=erase" => assert_eq!(contents, ["", "two", ""]),
        _ => assert_eq!(contents, ["one", "two", "three"]),
    }
}
