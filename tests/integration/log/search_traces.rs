//! What is taken away is gone from the index too, to the last byte.

use serde_json::{Value, json};

use super::scene::Scene;
use crate::support::database::Store;
use crate::support::postgres::Postgres;

both_stores!(nothing_is_left_of_what_was_taken_away);

/// Whether any value of any table has this text in it, or with SQLite any file.
async fn is_anywhere(scene: &Scene, store: Store, text: &str) -> bool {
    match store {
        Store::Sqlite | Store::SqliteOverTls => {
            let files = std::fs::read_dir(scene.server.database().dir()).unwrap();
            let paths = files.map(|file| file.unwrap().path());
            let mut databases = paths.filter(|path| {
                path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("chat.sqlite"))
            });
            databases.any(|path| {
                let bytes = std::fs::read(path).unwrap();
                bytes.windows(text.len()).any(|window| window == text.as_bytes())
            })
        }
        Store::Postgres => {
            let url = scene.server.database().url().to_owned();
            let tables = "SELECT string_agg(format('SELECT count(*) FROM %I t WHERE t::text ILIKE ''%%{text}%%''', \
                relname), ' UNION ALL ') FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                .replace("{text}", text);
            let counts = tokio::task::spawn_blocking(move || {
                let looks = Postgres::shared().psql(&url, &tables);
                Postgres::shared().psql(&url, &looks)
            });
            counts.await.unwrap().split_whitespace().any(|count| count != "0")
        }
    }
}

async fn nothing_is_left_of_what_was_taken_away(store: Store) {
    let mut scene = Scene::start(store).await;
    let body = json!({ "name": "other", "is_private": false, "user_id": scene.alice });
    let other = scene.server.http().await.post("/api/v1/groups/", &body).await.ok()["id"].clone();
    let say = json!({ "group_id": other, "user_id": scene.alice, "content": "ofthedeletedgroup" });
    scene.server.http().await.post("/api/v1/messages/", &say).await.ok();
    let deleted = scene.post(scene.alice, "wordofthedeleted kept").await["id"].clone();
    let edited = scene.post(scene.alice, "wordbeforetheedit kept").await["id"].clone();
    let both = scene.post(scene.alice, "wordbeforeboth kept").await["id"].clone();
    for n in 0..500 {
        scene.post(scene.alice, &format!("word{n} kept")).await;
    }
    scene.settled(0).await;
    let traces = ["ofthedeletedgroup", "wordofthedeleted", "wordbeforetheedit", "wordbeforeboth"];
    scene.ask(scene.alice, "DELETE", &format!("groups/{other}"), Value::Null).await;
    for id in [&edited, &both] {
        scene
            .ask(scene.alice, "PATCH", &format!("messages/{id}"), json!({ "content": "anotherword kept" }))
            .await
            .ok();
    }
    // Not even before it is indexed anew.
    assert_eq!(scene.find(scene.alice, "wordbeforetheedit", "").await, json!([]));
    for id in [&deleted, &both] {
        scene.ask(scene.alice, "DELETE", &format!("messages/{id}"), Value::Null).await;
    }
    if store == Store::Postgres {
        for trace in traces {
            assert!(!is_anywhere(&scene, store, trace).await, "{trace}");
        }
    }
    scene.settled(1).await;
    for trace in traces {
        assert_eq!(scene.find(scene.alice, trace, "").await, json!([]));
    }
    assert_eq!(scene.find(scene.alice, "anotherword", "").await[0]["message"]["id"], edited);
    // The log of SQLite is in the file, and old pages are gone, when the server has stopped.
    scene.server.terminate().await;
    if let Store::Sqlite = store {
        let file = scene.server.database().dir().join("chat.sqlite");
        rusqlite::Connection::open(file).unwrap().execute_batch("VACUUM").unwrap();
    }
    assert!(is_anywhere(&scene, store, "anotherword").await && is_anywhere(&scene, store, "word499").await);
    for trace in traces {
        assert!(!is_anywhere(&scene, store, trace).await, "{trace}");
    }
}
