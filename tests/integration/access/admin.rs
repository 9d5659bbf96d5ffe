//! What admins of the server look at and do.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::people::{Client, Person, Town};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::socket::Socket;
use crate::support::until;

both_stores!(
    the_status_tells_what_happens,
    users_are_listed_page_by_page,
    groups_are_listed_page_by_page,
    a_session_is_ended_at_once,
    a_key_is_told_once_and_counts_until_it_is_revoked,
    a_key_that_can_not_be_made_says_why,
    settings_are_shown_without_secrets,
    a_page_has_a_bound,
);

/// A JSON socket of somebody's.
async fn hello(town: &Town, token: &str) -> JsonSocket {
    let mut socket = JsonSocket::over(Socket::open(&town.server, "/ws").await);
    assert_eq!(socket.ask(json!({ "type": "hello", "token": token })).await["type"], "welcome");
    socket
}

/// A town, its admin, and a connection of theirs.
async fn governed(store: Store) -> (Town, Person, Client) {
    let town = Town::start(store).await;
    let root = town.log_in("root").await;
    let http = town.client(&root.token).await;
    (town, root, http)
}

/// One column of a list.
fn column<'l>(list: &'l Value, name: &str) -> Vec<&'l Value> {
    list.as_array().expect("a list").iter().map(|row| &row[name]).collect()
}

async fn the_status_tells_what_happens(store: Store) {
    let (town, _, mut http) = governed(store).await;
    let ann = town.person("ann").await;
    let group = town.client(&ann.token).await.create_group("g", false).await;
    let before = http.get("admin/status/").await.ok();
    assert_eq!(before["connections"], json!({ "text": 0, "json": 0 }));
    let mut socket = hello(&town, &ann.token).await;
    socket.subscribe(group).await;
    for content in ["a", "b", "c"] {
        socket.store(group, content).await;
    }
    town.try_log_in("ann", "guess").await;
    let after = http.get("admin/status/").await.ok();
    assert_eq!(after["connections"], json!({ "text": 0, "json": 1 }));
    let grown = |name: &str| after[name].as_u64().unwrap() - before[name].as_u64().unwrap();
    assert_eq!((grown("messages_committed"), grown("deliveries")), (3, 3));
    for name in ["queue_messages", "outbox_bytes", "lagged"] {
        assert_eq!(after[name], 0, "{name}");
    }
    assert_eq!(after["logins"], json!({ "ok": 2, "wrong": 1, "locked": 0, "unavailable": 0 }));
    assert_eq!(after["dropped_sockets"], json!({}));
    let commits = &after["commit_seconds"];
    let buckets = commits["buckets"].as_array().unwrap();
    assert!(buckets.is_sorted_by_key(|bucket| bucket["le"].as_f64().unwrap().to_bits()), "{commits}");
    assert!(buckets.is_sorted_by_key(|bucket| bucket["count"].as_u64().unwrap()), "{commits}");
    assert!(commits["count"].as_u64() >= buckets.last().unwrap()["count"].as_u64(), "{commits}");
    assert!(commits["count"].as_u64().unwrap() >= 3 && commits["sum"].as_f64().unwrap() > 0.0, "{commits}");
    let kind = match store {
        Store::Sqlite | Store::SqliteOverTls => "sqlite",
        Store::Postgres => "postgres",
    };
    assert_eq!((&after["store"], &after["auth"]), (&json!(kind), &json!("token")));
    assert_eq!(after["version"], env!("CARGO_PKG_VERSION"));
    assert!(after["uptime_s"].as_f64() > before["uptime_s"].as_f64());
    for name in ["resident_bytes", "cpu_seconds", "threads", "open_files", "open_files_max"] {
        assert!(after["process"][name].as_f64().unwrap() > 0.0, "{after}");
    }
    // The same as is told to Prometheus.
    let metrics = town.server.http().await.get("/metrics").await;
    let metrics = String::from_utf8(metrics.body.to_vec()).unwrap();
    let committed = format!("groupcast_messages_committed_total {}\n", after["messages_committed"]);
    assert!(metrics.contains(&committed), "{metrics}");
    for bucket in buckets {
        let line =
            format!("groupcast_commit_seconds_bucket{{le=\"{}\"}} {}\n", bucket["le"], bucket["count"]);
        assert!(metrics.contains(&line), "{line} is not in {metrics}");
    }
}

async fn users_are_listed_page_by_page(store: Store) {
    let (town, root, mut http) = governed(store).await;
    let (ann, anna) = (town.person("ann").await, town.person("Anna").await);
    town.log_in("ann").await;
    let group = town.client(&ann.token).await.create_group("g", false).await;
    let mut socket = hello(&town, &ann.token).await;
    socket.subscribe(group).await;
    let all = http.get("admin/users/").await.ok();
    let row = |person: &Person, name: &str, sessions: u64| {
        let email = format!("{name}@example.com");
        let (is_admin, online) = (name == "root", name == "ann");
        json!({ "id": person.id, "username": name, "email": email, "is_admin": is_admin,
                "sessions": sessions, "online": online })
    };
    assert_eq!(all, json!([row(&root, "root", 1), row(&ann, "ann", 2), row(&anna, "Anna", 1)]));
    for (query, names) in [
        ("q=AN", &["ann", "Anna"][..]),
        ("q=ann%40", &["ann"]),
        ("q=anna@EXAMPLE.com", &["Anna"]),
        ("q=x", &[]),
        ("q=%00", &[]),
        ("q=&limit=1", &["root"]),
        ("limit=0", &[]),
        (&format!("after={}", root.id), &["ann", "Anna"]),
        (&format!("q=an&after={}&limit=5", ann.id), &["Anna"]),
    ] {
        let found = http.get(&format!("admin/users/?{query}")).await.ok();
        assert_eq!(column(&found, "username"), names, "{query}");
    }
    for wrong in ["limit=-1", "after=x", "after=-1", "limit=99999999999999999999"] {
        assert_eq!(http.get(&format!("admin/users/?{wrong}")).await.status, 422, "{wrong}");
    }
    http.delete(&format!("users/{}", anna.id)).await;
    assert_eq!(column(&http.get("admin/users/?q=an").await.ok(), "id"), [ann.id]);
    drop(socket);
    until("nobody to be online", async || {
        let found = town.client(&root.token).await.get("admin/users/").await.ok();
        (!column(&found, "online").contains(&&json!(true))).then_some(())
    })
    .await;
}

async fn groups_are_listed_page_by_page(store: Store) {
    let (town, _, mut http) = governed(store).await;
    let (ann, bob) = (town.person("ann").await, town.person("bob").await);
    let mut hers = town.client(&ann.token).await;
    let (lobby, pair) = (hers.create_group("Lobby", false).await, hers.create_group("lo-pair", true).await);
    let secret = hers.create_invite_group("secret").await;
    town.client(&bob.token).await.put(&format!("groups/{lobby}/members/{}", bob.id), Value::Null).await.ok();
    hers.post("messages/", json!({ "group_id": lobby, "content": "hello" })).await.ok();
    let mut socket = hello(&town, &bob.token).await;
    socket.subscribe(lobby).await;
    let all = http.get("admin/groups/").await.ok();
    assert_eq!(column(&all, "id"), [lobby, pair, secret]);
    let head = all[0]["head_seq"].as_u64().unwrap();
    assert_eq!(
        all[0],
        json!({ "id": lobby, "name": "Lobby", "is_private": false, "topic": "", "join": "open",
                "members": 2, "online": 1, "head_seq": head })
    );
    assert!(head >= 1);
    assert_eq!((&all[1]["is_private"], &all[1]["members"]), (&json!(true), &json!(1)));
    assert_eq!((&all[2]["join"], &all[2]["online"]), (&json!("invite"), &json!(0)));
    for (query, ids) in [
        ("q=LO", &[lobby, pair][..]),
        ("q=lo-", &[pair]),
        ("q=ecret", &[]),
        ("limit=1", &[lobby]),
        (&format!("after={lobby}&q=l"), &[pair]),
    ] {
        assert_eq!(column(&http.get(&format!("admin/groups/?{query}")).await.ok(), "id"), ids, "{query}");
    }
    // What is done to them is done where it always was.
    http.delete(&format!("groups/{lobby}/members/{}", bob.id)).await;
    http.delete(&format!("groups/{secret}")).await;
    let left = http.get("admin/groups/").await.ok();
    assert_eq!((column(&left, "id"), &left[0]["members"]), (vec![&json!(lobby), &json!(pair)], &json!(1)));
}

async fn a_session_is_ended_at_once(store: Store) {
    let (town, root, mut http) = governed(store).await;
    let ann = town.person("ann").await;
    let other = town.log_in("ann").await;
    let socket = hello(&town, &other.token).await;
    let listed = http.get("admin/sessions/").await.ok();
    let row = &listed[0];
    assert_eq!(row["user"], json!({ "id": ann.id, "username": "ann" }));
    assert_eq!((&row["sockets"], &row["current"], &row["client"]), (&json!(1), &json!(false), &json!("")));
    assert_eq!(row["created_at"], row["renewed_at"]);
    assert_eq!(column(&listed, "sockets"), [1, 0, 0]);
    let current = column(&listed, "current");
    assert_eq!(current.iter().filter(|current| ***current == json!(true)).count(), 1);
    let hers = http.get(&format!("admin/users/{}/sessions/", ann.id)).await.ok();
    assert_eq!(column(&hers, "id"), column(&listed, "id")[..2]);
    assert_eq!(hers[0], *row);
    assert_eq!(http.get("admin/users/999999/sessions/").await.detail(404), "User not found");

    // Page by page.
    let ids: Vec<i64> = column(&listed, "id").iter().map(|id| id.as_i64().unwrap()).collect();
    let page = http.get(&format!("admin/sessions/?after={}&limit=1", ids[0])).await.ok();
    assert_eq!(column(&page, "id"), [ids[1]]);
    assert_eq!(http.get(&format!("admin/sessions/?after={}", ids[2])).await.ok(), json!([]));

    http.delete(&format!("admin/sessions/{}", ids[0])).await;
    socket.into_raw().expect_close(4001).await;
    let mut theirs = town.client(&other.token).await;
    assert_eq!(theirs.get("users/me").await.status, 401);
    let renewal = json!({ "refresh_token": other.refresh_token });
    assert_eq!(theirs.post("sessions/refresh/", renewal).await.status, 401);
    assert_eq!(town.client(&ann.token).await.get("users/me").await.status, 200);
    let again = http.ask("DELETE", &format!("admin/sessions/{}", ids[0]), &Value::Null).await;
    assert_eq!(again.detail(404), "Session not found");
    assert_eq!(http.get(&format!("admin/sessions/?after={}", ids[0])).await.detail(404), "Session not found");
    assert_eq!(column(&http.get("admin/sessions/").await.ok(), "id"), ids[1..]);
    // One's own too.
    let own = http.get(&format!("admin/users/{}/sessions/", root.id)).await.ok();
    assert_eq!(own[0]["current"], true);
    http.delete(&format!("admin/sessions/{}", own[0]["id"])).await;
    assert_eq!(http.get("admin/sessions/").await.status, 401);
}

async fn a_key_is_told_once_and_counts_until_it_is_revoked(store: Store) {
    let (town, root, mut http) = governed(store).await;
    let ann = town.person("ann").await;
    assert_eq!(http.get("admin/keys/").await.ok(), json!([]));
    let answer = http
        .post("admin/keys/", json!({ "name": "bot", "scope": "write", "as": "user", "user_id": ann.id }))
        .await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let mut made = answer.ok();
    let Value::String(secret) = made.as_object_mut().unwrap().remove("key").unwrap() else {
        panic!("{made}")
    };
    assert!(secret.starts_with("gck_"), "{secret}");
    assert_eq!(
        made,
        json!({ "id": made["id"], "name": "bot", "scope": "write", "as": "user", "user_id": ann.id,
                "username": "ann", "created_at": made["created_at"] })
    );
    for (name, scope, actor) in [("all/of it", "admin", "any"), ("a watch", "read", "server")] {
        let more = http.post("admin/keys/", json!({ "name": name, "scope": scope, "as": actor })).await.ok();
        assert_eq!((&more["as"], more.get("user_id")), (&json!(actor), None));
    }
    let listed = http.get("admin/keys/").await.ok();
    assert_eq!(column(&listed, "name"), ["a watch", "all/of it", "bot"]);
    assert_eq!(listed[2], made);
    assert!(!listed.to_string().contains("gck_"), "{listed}");

    let mut by_key = town.client(&secret).await;
    assert_eq!(by_key.get("users/me").await.ok()["username"], "ann");
    let group = by_key.create_group("g", false).await;
    let mut socket = hello(&town, &secret).await;
    socket.subscribe(group).await;
    http.delete("admin/keys/bot").await;
    assert_eq!(by_key.get("users/me").await.status, 401, "at once");
    socket.into_raw().expect_close(4001).await;
    assert_eq!(http.ask("DELETE", "admin/keys/bot", &Value::Null).await.detail(404), "Key not found");
    http.delete("admin/keys/all%2Fof%20it").await;
    assert_eq!(column(&http.get("admin/keys/").await.ok(), "name"), ["a watch"]);
    assert_eq!(http.ask("DELETE", "admin/keys/a%00b", &Value::Null).await.status, 404);
    assert_eq!(town.client(&root.token).await.get("users/me").await.status, 200);
    assert!(!town.server.log().contains(&secret), "no key in the log");
}

async fn a_key_that_can_not_be_made_says_why(store: Store) {
    let (_town, root, mut http) = governed(store).await;
    let key = json!({ "name": "bot", "scope": "read", "as": "user", "user_id": root.id });
    let with = |name: &str, value: Value| {
        let mut key = key.clone();
        match value {
            Value::Null => drop(key.as_object_mut().unwrap().remove(name)),
            value => key[name] = value,
        }
        key
    };
    http.post("admin/keys/", key.clone()).await.ok();
    assert_eq!(http.post("admin/keys/", key.clone()).await.detail(400), "Key name already registered");
    for (name, value, status) in [
        ("name", Value::Null, 422),
        ("name", json!(""), 422),
        ("name", json!("a\0b"), 422),
        ("name", json!("x".repeat(51)), 422),
        ("name", json!(5), 422),
        ("scope", Value::Null, 422),
        ("scope", json!("all"), 422),
        ("as", Value::Null, 422),
        ("as", json!("root"), 422),
        ("user_id", Value::Null, 422),
        ("user_id", json!("x"), 422),
    ] {
        let answer = http.post("admin/keys/", with(name, value.clone())).await;
        let detail = answer.detail(status);
        assert_eq!(detail[0]["loc"], json!(["body", name]), "{name} {value}: {detail}");
        assert_eq!(detail.as_array().unwrap().len(), 1, "{detail}");
    }
    for nobody in [json!(999_999), json!(-1), json!(99_999_999_999_999_999_999_u128 as f64)] {
        let fresh = json!({ "name": "other", "scope": "read", "as": "user", "user_id": nobody });
        assert_eq!(http.post("admin/keys/", fresh).await.detail(404), "User not found");
    }
    assert_eq!(http.get("admin/keys/").await.ok().as_array().unwrap().len(), 1);
}

async fn settings_are_shown_without_secrets(store: Store) {
    let options = ["--send-rate=7", "--log=warn,groupcast=info"];
    let town = Town::start_with(store, &["root"], &[], &options).await;
    let root = town.log_in("root").await;
    let settings = town.client(&root.token).await.get("admin/settings/").await.ok();
    let shown = |name: &str| {
        let found: Vec<&Value> =
            settings.as_array().unwrap().iter().filter(|row| row["name"] == name).collect();
        assert_eq!(found.len(), 1, "{name}: {settings}");
        (found[0]["value"].as_str().unwrap().to_owned(), found[0]["source"].as_str().unwrap().to_owned())
    };
    let pair = |value: &str, source: &str| (value.to_owned(), source.to_owned());
    assert_eq!(shown("send-rate"), pair("7", "command line"));
    assert_eq!(shown("auth"), pair("token", "command line"));
    assert_eq!(shown("heartbeat"), pair("25s", "default"));
    assert_eq!(shown("JWT_SECRET_KEY"), pair("***", "JWT_SECRET_KEY in .env"));
    let (url, source) = shown("database-url");
    assert!(url.contains(':') && source.ends_with("in the environment"), "{url} {source}");
    let text = settings.to_string();
    assert!(!text.contains(super::people::SIGNING_KEY), "{text}");
    // The same names as the command has.
    let names: BTreeSet<&str> =
        column(&settings, "name").into_iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names.len(), settings.as_array().unwrap().len());
    assert!(!names.contains("check-config") && !names.contains("new-epoch"), "{names:?}");
}

async fn a_page_has_a_bound(store: Store) {
    let (town, root, mut http) = governed(store).await;
    for n in 0..101 {
        http.create_group(&format!("group{n}"), false).await;
    }
    let mut owner = town.client(&root.token).await;
    assert_eq!(owner.get("admin/groups/").await.ok().as_array().unwrap().len(), 50);
    let page = owner.get("admin/groups/?limit=5000").await.ok();
    assert_eq!(page.as_array().unwrap().len(), 100);
    let rest = owner.get(&format!("admin/groups/?limit=5000&after={}", page[99]["id"])).await.ok();
    assert_eq!(column(&rest, "name"), ["group100"]);
}
