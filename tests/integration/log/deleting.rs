//! Messages whose content is taken away.

use serde_json::{Value, json};

use super::scene::{
    Scene, delete, edit, made, next_entry, react, reaction_path, read, repeated, replay, reply,
};
use crate::access::people::{Trio, refused};
use crate::support::database::Store;

both_stores!(
    the_sender_deletes_and_all_are_told,
    admins_delete_what_others_said,
    nothing_comes_after_a_deletion
);

async fn the_sender_deletes_and_all_are_told(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, bob, .. } = scene;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    let root = by_alice.store(group, "root").await["message_id"].clone();
    by_bob.until("message").await;
    let sent = made(&mut by_alice, reply(group, &root, "for @bob")).await;
    let id = &sent["message_id"];
    made(&mut by_alice, edit(group, id, "secret for @bob")).await;
    made(&mut by_bob, react(group, id, "+1", true)).await;
    assert_eq!(scene.message(&root).await["replies"], 1);
    by_bob.refused(delete(group, id), "forbidden").await;
    scene.ask(bob, "DELETE", &format!("messages/{id}"), Value::Null).await.detail(403);

    let mut reader = scene.join("bob").await;
    let ack = made(&mut by_alice, delete(group, id)).await;
    assert_eq!(ack["seq"], 5);
    let event = json!({
        "type": "deleted", "group_id": group, "seq": 5, "user_id": alice, "username": "alice",
        "created_at": ack["created_at"], "message_id": id, "message_seq": 2,
    });
    assert_eq!(next_entry(&mut reader).await, event);
    repeated(&mut by_alice, delete(group, id), &ack).await;
    let again = scene.ask(alice, "DELETE", &format!("messages/{id}"), Value::Null).await;
    assert_eq!((again.status, again.body.len()), (204, 0));

    let today = json!({
        "id": id, "content": "", "user_id": alice, "username": "alice", "group_id": group, "group_name": "g",
        "created_at": sent["created_at"], "seq": 2, "reply_to": root, "thread_id": root, "deleted": true,
    });
    assert_eq!(scene.message(id).await, today);
    assert_eq!(scene.list().await[1], today);
    let history = by_bob.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!(history["messages"][1], today);
    assert_eq!(scene.message(&root).await.get("replies"), None);
    let log = replay(&mut by_bob, group, 0).await;
    assert!(!log.concat().contains("secret"), "{log:?}");
    let entries: Vec<Value> = log.iter().map(|frame| serde_json::from_str(frame).unwrap()).collect();
    let mut message = today.clone();
    message["type"] = json!("message");
    assert_eq!(entries[1], message);
    assert_eq!((&entries[2]["type"], &entries[2]["content"]), (&json!("edited"), &json!("")));
    assert_eq!(entries[2].get("mentions"), None);
    assert_eq!(entries[4], event);
}

async fn admins_delete_what_others_said(store: Store) {
    let trio = Trio::start(store).await;
    let (mut by_olga, mut by_ann, mut by_bob) =
        (trio.by(&trio.olga).await, trio.by(&trio.ann).await, trio.by(&trio.bob).await);
    let group = by_olga.create_group("g", false).await;
    for person in [&trio.ann, &trio.bob] {
        by_olga.put(&format!("groups/{group}/members/{}", person.id), Value::Null).await.ok();
    }
    let say = |content: &str| json!({ "group_id": group, "content": content });
    let of_olga = by_olga.post("messages/", say("of olga")).await.ok()["id"].clone();
    let of_bob = by_bob.post("messages/", say("of bob")).await.ok()["id"].clone();
    let path = format!("messages/{of_bob}");
    by_ann.ask("DELETE", &path, &Value::Null).await.detail(403);
    let mut ann_speaks = read(&trio.town.server, &trio.ann, group).await;
    ann_speaks.refused(delete(group, &of_bob), "forbidden").await;
    by_olga.put(&format!("groups/{group}/members/{}", trio.ann.id), json!({ "role": "admin" })).await.ok();
    let ack = made(&mut ann_speaks, delete(group, &of_bob)).await;
    let message = by_bob.get(&path).await.ok();
    assert_eq!((&message["deleted"], &message["user_id"]), (&json!(true), &json!(trio.bob.id)));
    let log =
        by_bob.get(&format!("groups/{group}/log/?after_seq={}", ack["seq"].as_i64().unwrap() - 1)).await.ok();
    assert_eq!((&log[0]["user_id"], &log[0]["username"]), (&json!(trio.ann.id), &json!("ann")));
    // Twice is once, whoever it is that may.
    by_bob.delete(&path).await;
    by_olga.delete(&path).await;
    // An admin deletes what the owner said, and edits nothing.
    by_ann.ask("PATCH", &format!("messages/{of_olga}"), &json!({ "content": "x" })).await.detail(403);
    by_ann.delete(&format!("messages/{of_olga}")).await;

    // An admin of the server need not be a member.
    let trio = Trio { town: crate::access::people::Town::start(store).await, ..trio };
    let root = trio.town.log_in("root").await;
    let olga = trio.town.person("olga").await;
    let mut by_olga = trio.town.client(&olga.token).await;
    let group = by_olga.create_group("g", false).await;
    let id = by_olga.post("messages/", json!({ "group_id": group, "content": "x" })).await.ok()["id"].clone();
    let mut by_root = trio.town.client(&root.token).await;
    refused(
        &by_root.ask("PUT", &reaction_path(&id, "+1"), &Value::Null).await,
        403,
        "not a member of this group",
    );
    by_root.delete(&format!("messages/{id}")).await;
    assert_eq!(by_olga.get(&format!("messages/{id}")).await.ok()["deleted"], true);
    let log = by_olga.get(&format!("groups/{group}/log")).await.ok();
    assert_eq!(log[1]["username"], "root");
}

async fn nothing_comes_after_a_deletion(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, .. } = scene;
    let mut by_alice = scene.join("alice").await;
    let id = by_alice.store(group, "one").await["message_id"].clone();
    made(&mut by_alice, react(group, &id, "+1", true)).await;
    made(&mut by_alice, delete(group, &id)).await;
    for command in [
        edit(group, &id, "two"),
        edit(group, &id, "one"),
        edit(group, &id, ""),
        react(group, &id, "+1", true),
        react(group, &id, "+1", false),
        react(group, &id, "-1", false),
    ] {
        by_alice.refused(command, "not_found").await;
    }
    let path = format!("messages/{id}");
    let edited = scene.ask(alice, "PATCH", &path, json!({ "content": "two" })).await;
    assert_eq!(edited.detail(404), "Message not found");
    for method in ["PUT", "DELETE"] {
        let reacted = scene.ask(alice, method, &reaction_path(&id, "+1"), Value::Null).await;
        assert_eq!(reacted.detail(404), "Message not found");
    }
    assert_eq!(scene.message(&id).await.get("reactions"), None);
    for unknown in [json!(999_999), json!(0), json!(-5)] {
        by_alice.refused(delete(group, &unknown), "not_found").await;
        let answer = scene.ask(alice, "DELETE", &format!("messages/{unknown}"), Value::Null).await;
        assert_eq!(answer.detail(404), "Message not found");
    }
    assert_eq!(scene.log(0).await.as_array().unwrap().len(), 3);
}
