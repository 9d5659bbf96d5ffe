//! Reactions to messages.

use serde_json::{Value, json};

use super::scene::{Scene, made, next_entry, react, reaction_path, repeated};
use crate::support::database::Store;

both_stores!(
    reactions_come_and_go,
    reactions_are_counted_in_lists_and_nowhere_else,
    a_message_has_fifty_different_ones,
    what_is_no_reaction_is_refused,
);

async fn reactions_come_and_go(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, bob, .. } = scene;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    let sent = by_alice.store(group, "one").await;
    let id = &sent["message_id"];
    repeated(&mut by_bob, react(group, id, "🎉", false), &sent).await;
    let on = made(&mut by_bob, react(group, id, "🎉", true)).await;
    let event = json!({
        "type": "reaction", "group_id": group, "seq": 2, "user_id": bob, "username": "bob",
        "created_at": on["created_at"], "message_id": id, "message_seq": 1, "emoji": "🎉", "on": true,
    });
    assert_eq!(next_entry(&mut by_alice).await, event);
    repeated(&mut by_bob, react(group, id, "🎉", true), &on).await;
    // Another's and another one are others.
    repeated(&mut by_alice, react(group, id, "🎉", false), &sent).await;
    repeated(&mut by_bob, react(group, id, "+1", false), &sent).await;
    let off = made(&mut by_bob, react(group, id, "🎉", false)).await;
    assert_eq!(off["seq"], 3);
    assert_eq!(next_entry(&mut by_alice).await["on"], false);
    repeated(&mut by_bob, react(group, id, "🎉", false), &off).await;

    let path = reaction_path(id, "🎉");
    for (method, seq) in [("PUT", 4), ("PUT", 4), ("DELETE", 5), ("DELETE", 5), ("PUT", 6)] {
        let answer = scene.ask(bob, method, &path, Value::Null).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        assert_eq!(scene.log(0).await.as_array().unwrap().len(), seq);
    }
    // All in one batch.
    for on in [false, true, true, false] {
        by_bob.send(react(group, id, "🎉", on)).await;
    }
    let mut acks = Vec::new();
    for _ in 0..4 {
        let ack = by_bob.until("ack").await;
        acks.push((ack["seq"].as_i64().unwrap(), ack["duplicate"].as_bool().unwrap()));
    }
    assert_eq!(acks, [(7, false), (8, false), (8, true), (9, false)]);
    assert_eq!(scene.message(id).await.get("reactions"), None);
}

async fn reactions_are_counted_in_lists_and_nowhere_else(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, bob, .. } = scene;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    let sent = by_alice.store(group, "one").await;
    let live = by_bob.until("message").await;
    let id = &sent["message_id"];
    by_alice.store(group, "two").await;
    made(&mut by_bob, react(group, id, "b/c", true)).await;
    made(&mut by_alice, react(group, id, "+1", true)).await;
    made(&mut by_bob, react(group, id, "+1", true)).await;
    let reactions = json!([
        { "emoji": "b/c", "count": 1, "user_ids": [bob] },
        { "emoji": "+1", "count": 2, "user_ids": [alice, bob] },
    ]);
    assert_eq!(scene.message(id).await["reactions"], reactions);
    let list = scene.list().await;
    assert_eq!((&list[0]["reactions"], list[1].get("reactions")), (&reactions, None));
    let history = by_bob.ask(json!({ "type": "history", "group_id": group })).await;
    assert_eq!(history["messages"], list);
    assert_eq!(scene.log(0).await[0], live, "a message with reactions is unchanged");
    made(&mut by_bob, react(group, id, "b/c", false)).await;
    assert_eq!(scene.message(id).await["reactions"], json!([reactions[1]]));

    // At most ten are named.
    let mut all = vec![alice, bob];
    for number in 0..10 {
        let name = format!("user {number}");
        all.push(scene.server.user(&name).await);
        let mut socket = scene.join(&name).await;
        made(&mut socket, react(group, id, "+1", true)).await;
    }
    let reaction = &scene.message(id).await["reactions"][0];
    assert_eq!(reaction, &json!({ "emoji": "+1", "count": 12, "user_ids": all[..10] }));
}

async fn a_message_has_fifty_different_ones(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, bob, .. } = scene;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    let id = by_alice.store(group, "one").await["message_id"].clone();
    // Handed in together: the bound holds within a batch too.
    for number in 0..51 {
        by_alice.send(react(group, &id, &format!("e{number}"), true)).await;
    }
    let (mut acks, mut codes) = (0, Vec::new());
    while acks + codes.len() < 51 {
        let answer = by_alice.next().await;
        match answer["type"].as_str() {
            Some("ack") => acks += 1,
            Some("error") => codes.push(answer["code"].clone()),
            _ => {}
        }
    }
    assert_eq!((acks, codes), (50, vec![json!("too_large")]));
    by_bob.refused(react(group, &id, "another", true), "too_large").await;
    scene.ask(bob, "PUT", &reaction_path(&id, "another"), Value::Null).await.detail(409);
    made(&mut by_bob, react(group, &id, "e7", true)).await;
    made(&mut by_alice, react(group, &id, "e7", false)).await;
    by_bob.refused(react(group, &id, "another", true), "too_large").await;
    made(&mut by_bob, react(group, &id, "e7", false)).await;
    made(&mut by_bob, react(group, &id, "another", true)).await;
    by_alice.refused(react(group, &id, "e7", true), "too_large").await;
    assert_eq!(scene.message(&id).await["reactions"].as_array().unwrap().len(), 50);
}

async fn what_is_no_reaction_is_refused(store: Store) {
    let scene = Scene::start(store).await;
    let Scene { group, alice, .. } = scene;
    let mut by_alice = scene.join("alice").await;
    let id = by_alice.store(group, "one").await["message_id"].clone();
    for bad in ["", " ", "a b", "a\u{2003}b", "a\u{a0}", "a\n", "a\0", &"x".repeat(65)] {
        by_alice.refused(react(group, &id, bad, true), "bad_frame").await;
        if !bad.is_empty() {
            assert_eq!(
                scene.ask(alice, "PUT", &reaction_path(&id, bad), Value::Null).await.status,
                422,
                "{bad:?}"
            );
        }
    }
    for odd in ["/", "a/b", "//", "a/", "/reactions/", "?", "#", "%2F", "..", "{emoji}"] {
        let path = reaction_path(&id, odd);
        assert_eq!(scene.ask(alice, "PUT", &path, Value::Null).await.status, 204, "{odd:?}");
        assert_eq!(scene.message(&id).await["reactions"][0]["emoji"], odd);
        assert_eq!(scene.ask(alice, "DELETE", &(path + "/"), Value::Null).await.status, 204, "{odd:?}");
        assert_eq!(scene.message(&id).await.get("reactions"), None);
    }
    for field in ["group_id", "message_id", "emoji", "on"] {
        let mut frame = react(group, &id, "x", true);
        frame.as_object_mut().unwrap().remove(field);
        by_alice.refused(frame, "bad_frame").await;
    }
    made(&mut by_alice, react(group, &id, &"x".repeat(64), true)).await;
    by_alice.refused(react(group, &json!(999_999), "x", true), "not_found").await;
    let unknown = scene.ask(alice, "PUT", "messages/999999/reactions/x", Value::Null).await;
    assert_eq!(unknown.detail(404), "Message not found");
}
