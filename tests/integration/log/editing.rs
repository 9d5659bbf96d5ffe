//! Other contents for messages of one's own.

use serde_json::{Value, json};

use super::scene::{Scene, delete, edit, edit_as, made, next_entry, repeated};
use crate::support::database::Store;
use crate::support::socket::Socket;

both_stores!(
    the_sender_edits_and_all_are_told,
    nobody_else_edits,
    what_changes_nothing_is_a_duplicate,
    a_client_id_is_one_over_sends_and_edits,
    the_client_id_of_an_edit_that_changed_nothing_is_known,
    an_edit_over_rest_is_one_over_a_socket,
    bad_contents_are_refused,
);

async fn the_sender_edits_and_all_are_told(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, .. } = scene;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    let mut lines = Socket::join(&scene.server, "g", "bob").await;
    let sent = by_alice.store(group, "one").await;
    let id = &sent["message_id"];
    let ack = made(&mut by_alice, edit(group, id, "two")).await;
    let expected = json!({
        "type": "ack", "id": ack["id"], "message_id": id, "group_id": group, "seq": 2,
        "created_at": ack["created_at"], "duplicate": false,
    });
    assert_eq!(ack, expected);
    let event = json!({
        "type": "edited", "group_id": group, "seq": 2, "user_id": alice, "username": "alice",
        "created_at": ack["created_at"], "message_id": id, "message_seq": 1, "content": "two",
    });
    assert_eq!(next_entry(&mut by_bob).await["content"], "one");
    assert_eq!(next_entry(&mut by_bob).await, event);
    lines.until("alice: one").await;
    lines.expect("alice (edited): two").await;

    let today = json!({
        "id": id, "content": "two", "user_id": alice, "username": "alice", "group_id": group, "group_name": "g",
        "created_at": sent["created_at"], "seq": 1, "edited_at": ack["created_at"],
    });
    assert_eq!(scene.message(id).await, today);
    assert_eq!(scene.list().await, json!([today]));
    let history = by_bob.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!(history["messages"], json!([today]));

    let again = made(&mut by_alice, edit(group, id, "three")).await;
    lines.expect("alice (edited): three").await;
    assert_eq!(scene.message(id).await["edited_at"], again["created_at"]);
    let log = scene.log(0).await;
    let contents: Vec<&Value> = log.as_array().unwrap().iter().map(|entry| &entry["content"]).collect();
    assert_eq!(contents, ["three", "three", "three"], "old contents are kept nowhere");
    assert_eq!(log[0]["edited_at"], again["created_at"]);
}

async fn nobody_else_edits(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, bob, .. } = scene;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    // Not even of the group's owner.
    let of_bob = by_bob.store(group, "mine").await["message_id"].clone();
    by_alice.refused(edit(group, &of_bob, "yours"), "forbidden").await;
    let path = format!("messages/{of_bob}");
    let content = json!({ "content": "yours" });
    scene.ask(alice, "PATCH", &path, content.clone()).await.detail(403);
    let nameless = format!("/api/v1/{path}");
    let answer = scene.server.http().await.request("PATCH", &nameless, JSON, b"{\"content\":\"x\"}").await;
    assert!((400..500).contains(&answer.status), "somebody has to be named: {answer:?}");
    by_alice.refused(edit(group, &json!(999_999), "x"), "not_found").await;
    by_alice.refused(edit(group, &json!(0), "x"), "not_found").await;
    by_alice.refused(edit(group, &json!(-1), "x"), "not_found").await;
    for unknown in ["999999", "0", "-1", "99999999999999999999"] {
        let answer = scene.ask(alice, "PATCH", &format!("messages/{unknown}"), content.clone()).await;
        assert_eq!(answer.detail(404), "Message not found");
    }
    assert_eq!(scene.ask(bob, "PATCH", "messages/x", content).await.status, 422);
    assert_eq!(scene.log(0).await.as_array().unwrap().len(), 1);
}

const JSON: &[(&str, &str)] = &[("Content-Type", "application/json")];

async fn what_changes_nothing_is_a_duplicate(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_alice) = (scene.group, scene.join("alice").await);
    let sent = by_alice.store(group, "one").await;
    let id = &sent["message_id"];
    repeated(&mut by_alice, edit(group, id, "one"), &sent).await;
    let first = made(&mut by_alice, edit(group, id, "two")).await;
    repeated(&mut by_alice, edit(group, id, "two"), &first).await;
    let second = made(&mut by_alice, edit(group, id, "one")).await;
    repeated(&mut by_alice, edit(group, id, "one"), &second).await;
    let answer =
        scene.ask(scene.alice, "PATCH", &format!("messages/{id}"), json!({ "content": "one" })).await;
    assert_eq!(answer.ok()["edited_at"], second["created_at"]);
    // Both of one batch.
    by_alice.send(edit(group, id, "three")).await;
    by_alice.send(edit(group, id, "three")).await;
    let (one, two) = (by_alice.until("ack").await, by_alice.until("ack").await);
    assert_eq!((&one["duplicate"], &two["duplicate"]), (&json!(false), &json!(true)));
    assert_eq!((&one["seq"], &one["created_at"]), (&two["seq"], &two["created_at"]));
    assert_eq!(scene.log(0).await.as_array().unwrap().len(), 4);
}

async fn the_client_id_of_an_edit_that_changed_nothing_is_known(store: Store) {
    let mut scene = Scene::start(store).await;
    let (group, mut by_alice) = (scene.group, scene.join("alice").await);
    let sent = by_alice.store(group, "a").await;
    let id = sent["message_id"].clone();
    repeated(&mut by_alice, edit_as(group, &id, "a", "nothing"), &sent).await;
    let changed = made(&mut by_alice, edit_as(group, &id, "b", "something")).await;
    // Both acks were lost, so both are sent once more, in their order, perhaps to another server.
    for _ in 0..2 {
        repeated(&mut by_alice, edit_as(group, &id, "a", "nothing"), &sent).await;
        repeated(&mut by_alice, edit_as(group, &id, "b", "something"), &changed).await;
        assert_eq!(scene.message(&id).await["content"], "b");
        scene.server.kill9().await;
        scene.server.restart().await;
        by_alice = scene.join("alice").await;
    }
    // In one batch with what makes it so, and for whatever else bears the name.
    let send = |content: &str, client_id: &str| json!({ "type": "send", "group_id": group, "content": content, "client_id": client_id });
    let commands = [
        edit_as(group, &id, "c", "first"),
        edit_as(group, &id, "c", "same"),
        edit_as(group, &id, "d", "same"),
        send("x", "same"),
        send("x", "nothing"),
    ];
    for command in &commands {
        by_alice.send(command.clone()).await;
    }
    let mut acks = Vec::new();
    for _ in 0..commands.len() {
        let ack = by_alice.until("ack").await;
        acks.push((ack["seq"].as_i64().unwrap(), ack["duplicate"].as_bool().unwrap()));
    }
    assert_eq!(acks, [(3, false), (3, true), (3, true), (3, true), (1, true)]);
    assert_eq!(scene.message(&id).await["content"], "c");
    assert_eq!(by_alice.ask(edit_as(group, &id, "e", "same")).await["seq"], 3);
}

async fn a_client_id_is_one_over_sends_and_edits(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_alice) = (scene.group, scene.join("alice").await);
    let sent = by_alice.store_as(group, "one", "a").await;
    let id = &sent["message_id"];
    let other = by_alice.store(group, "other").await;
    let ack = made(&mut by_alice, edit_as(group, id, "two", "b")).await;
    assert_eq!(ack["client_id"], "b");
    let send = |content: &str, client_id: &str| json!({ "type": "send", "group_id": group, "content": content, "client_id": client_id });
    // Whatever the new content, and whatever the message.
    repeated(&mut by_alice, edit_as(group, id, "three", "b"), &ack).await;
    repeated(&mut by_alice, edit_as(group, &other["message_id"], "x", "b"), &ack).await;
    repeated(&mut by_alice, edit_as(group, &json!(999_999), "x", "b"), &ack).await;
    repeated(&mut by_alice, edit_as(group, id, "three", "a"), &sent).await;
    repeated(&mut by_alice, send("x", "b"), &ack).await;
    repeated(&mut by_alice, send("x", "a"), &sent).await;
    assert_eq!(scene.message(id).await["content"], "two");

    // Over REST too, by the field and by the header.
    let path = format!("messages/{id}");
    let body = json!({ "content": "four", "client_id": "b" });
    assert_eq!(scene.ask(scene.alice, "PATCH", &path, body).await.ok()["content"], "two");
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "b")];
    let mut http = scene.server.http().await;
    let path = format!("/api/v1/{path}?user_id={}", scene.alice);
    let answer = http.request("PATCH", &path, &headers, b"{\"content\":\"four\"}").await;
    assert_eq!(answer.ok()["content"], "two");
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "c")];
    let answer = http.request("PATCH", &path, &headers, b"{\"content\":\"five\"}").await;
    assert_eq!(answer.ok()["content"], "five");
    // Another user's names are others.
    let mut by_bob = scene.join("bob").await;
    assert_eq!(by_bob.store_as(group, "mine", "b").await["duplicate"], false);

    // A repeat after a delete, and after a restart, gives the first ack.
    made(&mut by_alice, delete(group, id)).await;
    repeated(&mut by_alice, edit_as(group, id, "two", "b"), &ack).await;
    repeated(&mut by_alice, send("one", "a"), &sent).await;
    let mut scene = scene;
    scene.server.terminate().await;
    scene.server.restart().await;
    let mut by_alice = scene.join("alice").await;
    repeated(&mut by_alice, edit_as(group, id, "two", "b"), &ack).await;
    repeated(&mut by_alice, send("one", "b"), &ack).await;
    let body = json!({ "content": "two", "client_id": "b" });
    let answer = scene.ask(scene.alice, "PATCH", &format!("messages/{id}"), body).await;
    assert_eq!(answer.ok()["deleted"], true);
}

async fn an_edit_over_rest_is_one_over_a_socket(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_bob) = (scene.group, scene.join("bob").await);
    let sent = scene.post(scene.alice, "one").await;
    let id = &sent["id"];
    let answer =
        scene.ask(scene.alice, "PATCH", &format!("messages/{id}/"), json!({ "content": "two" })).await.ok();
    let mut today = sent.clone();
    today["content"] = json!("two");
    today["edited_at"] = answer["edited_at"].clone();
    assert_eq!(answer, today);
    assert_eq!(next_entry(&mut by_bob).await["content"], "one");
    let event = next_entry(&mut by_bob).await;
    let expected = json!({
        "type": "edited", "group_id": group, "seq": 2, "user_id": scene.alice, "username": "alice",
        "created_at": answer["edited_at"], "message_id": id, "message_seq": 1, "content": "two",
    });
    assert_eq!(event, expected);
    // The actor may stand in the body.
    let body = json!({ "content": "three", "user_id": scene.alice });
    let path = format!("/api/v1/messages/{id}");
    let answer = scene.server.http().await.request("PATCH", &path, JSON, body.to_string().as_bytes()).await;
    assert_eq!(answer.ok()["content"], "three");
}

async fn bad_contents_are_refused(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_alice) = (scene.group, scene.join("alice").await);
    let id = by_alice.store(group, "one").await["message_id"].clone();
    let long = "x".repeat(1024 * 1024 + 1);
    by_alice.refused(edit(group, &id, "a\0b"), "bad_frame").await;
    by_alice.refused(edit(group, &id, &long), "too_large").await;
    by_alice.refused(edit_as(group, &id, "x", &"c".repeat(65)), "bad_frame").await;
    for field in ["group_id", "message_id", "content"] {
        let mut frame = edit(group, &id, "x");
        frame.as_object_mut().unwrap().remove(field);
        let error = by_alice.refused(frame, "bad_frame").await;
        assert!(error["message"].as_str().unwrap().contains(field), "{error}");
    }
    let path = format!("messages/{id}");
    for (content, status) in [(json!("a\0b"), 422), (json!(long), 413), (json!(1), 422), (Value::Null, 422)] {
        let answer = scene.ask(scene.alice, "PATCH", &path, json!({ "content": content })).await;
        assert_eq!(answer.status, status);
    }
    made(&mut by_alice, edit(group, &id, "")).await;
    assert_eq!(scene.message(&id).await.get("deleted"), None, "an empty content is one");
    made(&mut by_alice, edit(group, &id, &long[1..])).await;
    assert_eq!(scene.message(&id).await["content"].as_str().map(str::len), Some(1024 * 1024));
}
