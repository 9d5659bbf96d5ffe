//! Answers to messages, and the threads that they make.

use serde_json::{Value, json};

use super::scene::{Scene, delete, edit, made, next_entry, reply};
use crate::support::database::Store;

both_stores!(
    an_answer_stands_in_the_thread_of_its_root,
    a_thread_is_listed,
    only_messages_of_the_group_are_answered
);

async fn an_answer_stands_in_the_thread_of_its_root(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_alice, mut by_bob) = (scene.group, scene.join("alice").await, scene.join("bob").await);
    let root = by_alice.store(group, "root").await["message_id"].clone();
    let mut first = reply(group, &root, "first");
    // Derived, never taken.
    first["thread_id"] = json!(999);
    let first = made(&mut by_alice, first).await;
    let second = made(&mut by_alice, reply(group, &first["message_id"], "second")).await;
    by_bob.message("root").await;
    let event = json!({
        "type": "message", "id": second["message_id"], "content": "second", "user_id": scene.alice,
        "username": "alice", "group_id": group, "group_name": "g", "created_at": second["created_at"], "seq": 3,
        "reply_to": first["message_id"], "thread_id": root,
    });
    assert_eq!(by_bob.message("first").await["thread_id"], root);
    assert_eq!(next_entry(&mut by_bob).await, event);
    let body = json!({
        "group_id": group, "user_id": scene.bob, "content": "third", "reply_to": second["message_id"], "thread_id": 5,
    });
    let third = scene.server.http().await.post("/api/v1/messages/", &body).await.ok();
    assert_eq!((&third["reply_to"], &third["thread_id"]), (&second["message_id"], &root));
    assert_eq!(scene.message(&third["id"]).await, third);
    // A message that was edited begins a thread, and so does one that was deleted.
    made(&mut by_alice, edit(group, &root, "new root")).await;
    made(&mut by_alice, delete(group, &root)).await;
    let last = made(&mut by_alice, reply(group, &root, "last")).await;
    assert_eq!(scene.message(&last["message_id"]).await["thread_id"], root);
    let root = scene.message(&root).await;
    assert_eq!((&root["replies"], &root["last_reply_at"]), (&json!(4), &last["created_at"]));
}

async fn a_thread_is_listed(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_alice) = (scene.group, scene.join("alice").await);
    let other = by_alice.store(group, "other").await["message_id"].clone();
    let root = by_alice.store(group, "root").await["message_id"].clone();
    made(&mut by_alice, reply(group, &other, "elsewhere")).await;
    let (mut ids, mut acks) = (vec![root.clone()], Vec::new());
    for number in 0..5 {
        let ack = made(&mut by_alice, reply(group, ids.last().unwrap(), &number.to_string())).await;
        ids.push(ack["message_id"].clone());
        acks.push(ack);
    }
    by_alice.store(group, "after").await;
    let list = async |query: &str| match scene.get(&format!("messages/?thread_id={root}{query}")).await {
        Value::Array(messages) => messages,
        other => panic!("{other}"),
    };
    let ids_of =
        |messages: &[Value]| messages.iter().map(|message| message["id"].clone()).collect::<Vec<_>>();
    let thread = list("").await;
    assert_eq!(ids_of(&thread), ids);
    assert_eq!((&thread[0]["replies"], &thread[0]["last_reply_at"]), (&json!(5), &acks[4]["created_at"]));
    assert!(
        thread[1..].iter().all(|message| message.get("replies").is_none() && message["thread_id"] == root)
    );
    assert_eq!(ids_of(&list("&skip=1&limit=2").await), ids[1..3]);
    assert_eq!(ids_of(&list(&format!("&group_id={group}")).await), ids);
    assert_eq!(list(&format!("&user_id={}", scene.bob)).await, [] as [Value; 0]);
    assert_eq!(ids_of(&list(&format!("&group_id={group}&after_seq={}", acks[2]["seq"])).await), ids[4..]);

    // What was deleted is listed and not counted.
    made(&mut by_alice, delete(group, &ids[5])).await;
    let thread = list("").await;
    assert_eq!(ids_of(&thread), ids);
    assert_eq!(thread[5]["deleted"], true);
    assert_eq!((&thread[0]["replies"], &thread[0]["last_reply_at"]), (&json!(4), &acks[3]["created_at"]));
    let history = by_alice.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!(history["messages"], scene.list().await);
    assert_eq!(history["messages"][1]["replies"], 4);
    for unknown in ["999999", "0", "-1"] {
        assert_eq!(scene.get(&format!("messages/?thread_id={unknown}")).await, json!([]));
    }
}

async fn only_messages_of_the_group_are_answered(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_alice) = (scene.group, scene.join("alice").await);
    let elsewhere = scene.server.public_group("elsewhere").await;
    by_alice.subscribe(elsewhere).await;
    let other = by_alice.store(elsewhere, "there").await["message_id"].clone();
    for unknown in [json!(999_999), json!(0), json!(-1), other] {
        by_alice.refused(reply(group, &unknown, "x"), "not_found").await;
        let body = json!({ "group_id": group, "user_id": scene.alice, "content": "x", "reply_to": unknown });
        let answer = scene.server.http().await.post("/api/v1/messages/", &body).await;
        assert_eq!(answer.detail(404), "Message not found");
    }
    by_alice.refused(reply(group, &json!("x"), "x"), "bad_frame").await;
    assert_eq!(by_alice.store(group, "first").await["seq"], 1);
}
