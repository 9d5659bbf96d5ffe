//! From one database into the other, and back.

use serde_json::{Value, json};

use super::program::{assert_equal, export, import, imported, other};
use super::scene::{Scene, open_private};
use crate::access::people::{PASSWORD, Person};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::socket::Socket;
use crate::support::until;

both_stores!(
    an_export_is_the_same_from_either_database,
    nobody_notices_that_the_database_is_another,
    numbers_and_names_go_on_from_where_they_were,
    what_a_server_does_by_itself_changes_no_export,
);

async fn an_export_is_the_same_from_either_database(store: Store) {
    let mut scene = Scene::start(store).await;
    let first = export(scene.stop().await).await;
    let there = imported(other(store), &first).await;
    assert_equal(&export(&there).await, &first);
    let back = imported(store, &export(&there).await).await;
    assert_equal(&export(&back).await, &first);

    let again = import(&there, &first).await;
    assert_eq!(again["new_lines"], 0, "{again}");
    assert_equal(&export(&there).await, &first);

    let end: Value = serde_json::from_str(first.lines().last().unwrap()).unwrap();
    for (name, count) in end["end"].as_object().unwrap() {
        assert_ne!(count, 0, "the scene has something of everything: {name}");
        let lines = first.lines().filter(|line| line.starts_with(&format!("{{\"{name}\":")));
        assert_eq!(count, lines.count(), "{name}");
    }
    assert!(!first.contains("null") && !first.contains("secretly"), "what is not there is not said");
}

async fn nobody_notices_that_the_database_is_another(store: Store) {
    let mut scene = Scene::start(store).await;
    let before = scene.view().await;
    let there = imported(other(store), &export(scene.stop().await).await).await;
    let scene = scene.moved_to(there).await;
    for (before, after) in before.iter().zip(scene.view().await) {
        assert_eq!(*before, after);
    }
    // The index is filled anew.
    let query = "\"once more\"";
    let found = until("messages to be found", async || {
        let found = scene.find(query).await;
        (found.as_array().unwrap().len() == 1).then_some(found)
    })
    .await;
    assert_eq!(found[0]["message"]["content"], "hello @ann, once more");

    let mut by_key = scene.town.client(&scene.key).await;
    assert_eq!(by_key.get("users/me").await.ok()["id"], scene.bob.id);
    assert_eq!(scene.town.log_in("ann").await.id, scene.ann.id);
    assert_eq!(scene.town.try_log_in("eve", PASSWORD).await.status, 200);
    let mut stranger = scene.town.stranger().await;
    let token = json!({ "refresh_token": scene.ann.refresh_token });
    let renewed = Person::of(&stranger.post("sessions/refresh/", token.clone()).await.ok());
    assert_eq!(scene.by(&renewed).await.get("users/me").await.ok()["id"], scene.ann.id);
    assert_eq!(stranger.post("sessions/refresh/", token).await.status, 401, "it is spent");
}

async fn numbers_and_names_go_on_from_where_they_were(store: Store) {
    let mut scene = Scene::start(store).await;
    let before = scene.say(&scene.ann, scene.square, "the last", json!({})).await;
    let first = export(scene.stop().await).await;
    let scene = scene.moved_to(imported(other(store), &first).await).await;
    let after = scene.say(&scene.ann, scene.square, "the next", json!({})).await;
    for number in ["id", "seq"] {
        assert_eq!(after[number].as_i64(), before[number].as_i64().map(|before| before + 1), "{number}");
    }
    // What was cut off is known by its name, and so is what was edited or deleted since.
    for (person, group, client_id) in [
        (&scene.ann, scene.short, "1"),
        (&scene.ann, scene.short, "6"),
        (&scene.ann, scene.square, "ä/1"),
        (&scene.bob, scene.square, "gone"),
        (&scene.bob, scene.square, "bob 1"),
    ] {
        let mut socket = JsonSocket::over(Socket::open(&scene.town.server, "/ws").await);
        socket.ask(json!({ "type": "hello", "token": person.token })).await;
        let ack = socket.store_as(group, "once more", client_id).await;
        assert_eq!(ack["duplicate"], true, "{ack}");
        assert!(ack["message_id"].as_i64() < before["id"].as_i64(), "{ack}");
    }
    assert_eq!(open_private(&scene.town, &scene.bob, scene.ann.id, "ann").await, scene.private);
    let numbers = |kind: &str| -> Vec<i64> {
        let lines = first.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter_map(|line| line[kind]["id"].as_i64()).collect()
    };
    assert_eq!(scene.town.person("new").await.id, numbers("user").into_iter().max().unwrap() + 1);
    let group = scene.by(&scene.ann).await.create_group("new", false).await;
    assert_eq!(
        group,
        numbers("group").into_iter().max().unwrap() + 2,
        "the number of a deleted group is spent"
    );
    let change = scene
        .by(&scene.ann)
        .await
        .patch(&format!("groups/{}", scene.square), json!({ "topic": "new" }))
        .await;
    assert_eq!(change.ok()["topic"], "new");
    let log = scene.by(&scene.ann).await.get(&format!("groups/{}/log/?limit=1000", scene.square)).await.ok();
    for (index, entry) in log.as_array().unwrap().iter().enumerate() {
        assert_eq!(entry["seq"], index + 1, "{entry}");
    }
}

/// Marks are swept, the index is filled: an export says nothing of it.
async fn what_a_server_does_by_itself_changes_no_export(store: Store) {
    let mut scene = Scene::start(store).await;
    let first = export(scene.stop().await).await;
    let mut scene = scene.moved_to(imported(store, &first).await).await;
    until("a message to be found", async || (scene.find("hello").await != json!([])).then_some(())).await;
    assert!(scene.town.server.terminate().await.success());
    assert_equal(&export(scene.town.server.database()).await, &first);
}
