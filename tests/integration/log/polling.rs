//! The log as it is polled: just what a socket gets.

use serde_json::{Value, json};

use super::scene::{Scene, delete, edit, made, react, replay, reply};
use crate::support::database::Store;

both_stores!(polling_gives_what_sockets_get, the_log_is_read_in_pages);

/// Something of everything; gives the highest `seq`.
async fn live(scene: &Scene) -> i64 {
    let group = scene.group;
    let (mut by_alice, mut by_bob) = (scene.join("alice").await, scene.join("bob").await);
    let first = by_alice.store_as(group, "\"one\" @bob\u{1}", "c\n").await["message_id"].clone();
    let second = made(&mut by_bob, reply(group, &first, "two")).await["message_id"].clone();
    made(&mut by_alice, react(group, &second, "🎉", true)).await;
    made(&mut by_alice, edit(group, &first, "ein\u{2028}s @alice")).await;
    made(&mut by_alice, react(group, &second, "🎉", false)).await;
    made(&mut by_bob, delete(group, &second)).await;
    let path = format!("groups/{group}");
    let change = json!({ "name": "höhe \"g\"", "topic": "to\\pic", "join": "open" });
    scene.ask(scene.alice, "PATCH", &path, change).await.ok();
    scene.ask(scene.alice, "PUT", &format!("{path}/mutes/{}", scene.bob), Value::Null).await.ok();
    let until = json!({ "until": "2999-01-01T00:00:00Z" });
    scene.ask(scene.alice, "PUT", &format!("{path}/mutes/{}", scene.bob), until).await.ok();
    scene
        .ask(scene.alice, "PUT", &format!("{path}/members/{}", scene.bob), json!({ "role": "admin" }))
        .await
        .ok();
    by_alice.store(group, "last").await["seq"].as_i64().unwrap()
}

async fn polling_gives_what_sockets_get(store: Store) {
    let mut scene = Scene::start(store).await;
    let head = live(&scene).await;
    assert_eq!(head, 11);
    for turn in ["from memory", "from the store"] {
        for after in 0..=head {
            let mut socket = crate::support::json::JsonSocket::hello(&scene.server, "alice").await;
            let frames = replay(&mut socket, scene.group, after).await;
            let path = format!("/api/v1/groups/{}/log/?after_seq={after}", scene.group);
            let body = scene.server.http().await.get(&path).await.body.clone();
            assert_eq!(
                String::from_utf8(body).unwrap(),
                format!("[{}]", frames.join(",")),
                "{turn} after {after}"
            );
            for (frame, seq) in frames.iter().zip(after + 1..) {
                let event: Value = serde_json::from_str(frame).unwrap();
                assert_eq!(event["seq"], seq, "no gaps over messages and changes");
                assert_eq!(event["group_id"], scene.group);
            }
            assert_eq!(frames.len() as i64, head - after);
        }
        scene.server.terminate().await;
        scene.server.restart().await;
    }
    let mut live_reader = scene.join("bob").await;
    let mut by_alice = scene.join("alice").await;
    by_alice.store_as(scene.group, "live", "d").await;
    let frame = loop {
        let frame = live_reader.raw().text().await;
        if frame.contains("\"live\"") {
            break frame;
        }
    };
    let mut socket = scene.join("alice").await;
    assert_eq!(replay(&mut socket, scene.group, head).await, [frame.as_str()]);
    scene.server.terminate().await;
    scene.server.restart().await;
    let mut socket = scene.join("alice").await;
    assert_eq!(
        replay(&mut socket, scene.group, head).await,
        [frame.as_str()],
        "the same bytes live and replayed"
    );
}

async fn the_log_is_read_in_pages(store: Store) {
    let scene = Scene::start(store).await;
    let (group, mut by_alice) = (scene.group, scene.join("alice").await);
    let id = by_alice.store(group, "one").await["message_id"].clone();
    for number in 0..1_200 {
        by_alice.send(react(group, &id, "x", number % 2 == 0)).await;
    }
    for _ in 0..1_200 {
        by_alice.until("ack").await;
    }
    let seqs = async |query: &str| -> Vec<i64> {
        let log = scene.get(&format!("groups/{group}/log/{query}")).await;
        log.as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()).collect()
    };
    assert!(seqs("").await.into_iter().eq(1..=100));
    assert!(seqs("?limit=100000").await.into_iter().eq(1..=1_000));
    assert!(seqs("?after_seq=700&limit=1000").await.into_iter().eq(701..=1_201));
    assert!(seqs("?after_seq=7&limit=3").await.into_iter().eq(8..=10));
    assert!(seqs("?limit=0").await.is_empty());
    assert!(seqs("?after_seq=1201").await.is_empty());
    assert!(seqs("?after_seq=9223372036854775807").await.is_empty());
    let path = format!("/api/v1/groups/{group}/log/");
    let mut http = scene.server.http().await;
    for query in ["?after_seq=-1", "?after_seq=x", "?limit=-1", "?limit=x"] {
        assert_eq!(http.get(&format!("{path}{query}")).await.status, 422, "{query}");
    }
    assert_eq!(http.get("/api/v1/groups/999999/log/").await.detail(404), "Group not found");
    assert_eq!(http.get("/api/v1/groups/x/log/").await.status, 422);
    assert_eq!(http.post(&path, &json!({})).await.status, 405);
    let mut socket = scene.join("bob").await;
    assert_eq!(replay(&mut socket, group, 0).await.len(), 1_201);
}
