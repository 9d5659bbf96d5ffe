//! Messages over REST.

use crate::support::chat::text;
use crate::support::database::Store;
use crate::support::http::Connection;
use crate::support::server::Server;
use crate::support::socket::Socket;
use serde_json::{Value, json};

both_stores!(
    a_message_is_posted_and_read,
    messages_are_filtered,
    messages_are_paged,
    pages_by_seq_go_both_ways,
    a_bad_query_is_422,
    a_list_of_any_length_comes_whole,
    a_retry_gives_the_first_message,
    a_message_that_cannot_be_posted_is_refused,
    times_are_in_utc_and_ascend,
);

const MESSAGES: &str = "/api/v1/messages/";

async fn post(http: &mut Connection, group: i64, user: i64, content: &str) -> Value {
    let body = json!({ "group_id": group, "user_id": user, "content": content });
    http.post(MESSAGES, &body).await.ok()
}

async fn contents(http: &mut Connection, query: &str) -> Vec<String> {
    let messages = http.get(&format!("{MESSAGES}{query}")).await.ok();
    messages.as_array().unwrap().iter().map(|message| text(&message["content"]).to_owned()).collect()
}

async fn a_message_is_posted_and_read(store: Store) {
    let server = Server::start(store).await;
    let (user, group) = (server.user("alice").await, server.public_group("g").await);
    let mut http = server.http().await;
    let posted = post(&mut http, group, user, "Grüße, 世界 👋").await;
    let expected = json!({
        "id": posted["id"], "seq": 1, "content": "Grüße, 世界 👋", "user_id": user, "username": "alice",
        "group_id": group, "group_name": "g", "created_at": posted["created_at"],
    });
    assert_eq!(posted, expected);
    assert!(posted["id"].as_i64().unwrap() > 0);
    assert_eq!(http.get(MESSAGES).await.ok(), json!([posted]));
    assert_eq!(http.get(MESSAGES.trim_end_matches('/')).await.ok(), json!([posted]));
    assert_eq!(post(&mut http, group, user, "").await["seq"], 2);
}

async fn messages_are_filtered(store: Store) {
    let server = Server::start(store).await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let (one, two) = (server.public_group("one").await, server.public_group("two").await);
    let mut http = server.http().await;
    for (group, user, content) in [(one, alice, "a1"), (two, alice, "a2"), (one, bob, "b1"), (two, bob, "b2")]
    {
        post(&mut http, group, user, content).await;
    }
    assert_eq!(contents(&mut http, "").await, ["a1", "a2", "b1", "b2"]);
    assert_eq!(contents(&mut http, &format!("?group_id={one}")).await, ["a1", "b1"]);
    assert_eq!(contents(&mut http, &format!("?user_id={bob}")).await, ["b1", "b2"]);
    assert_eq!(contents(&mut http, &format!("?group_id={two}&user_id={alice}&unknown=1")).await, ["a2"]);
    for nothing in ["?group_id=0", "?user_id=0", "?group_id=999999", "?user_id=999999", "?group_id=-1"] {
        assert_eq!(http.get(&format!("{MESSAGES}{nothing}")).await.ok(), json!([]), "{nothing}");
    }
}

async fn messages_are_paged(store: Store) {
    let server = Server::start(store).await;
    let (user, group) = (server.user("alice").await, server.public_group("g").await);
    let mut socket = Socket::join(&server, "g", "alice").await;
    for number in 0..120 {
        socket.send(&number.to_string()).await;
    }
    for number in 0..120 {
        socket.expect(&format!("alice: {number}")).await;
    }
    let mut http = server.http().await;
    let numbers = |range: std::ops::Range<i32>| range.map(|number| number.to_string()).collect::<Vec<_>>();
    for (query, expected) in [
        ("", 0..100),
        ("?limit=5", 0..5),
        ("?skip=5&limit=5", 5..10),
        ("?skip=115", 115..120),
        ("?skip=120", 0..0),
        ("?limit=0", 0..0),
        ("?limit=1000", 0..120),
    ] {
        assert_eq!(contents(&mut http, query).await, numbers(expected), "{query}");
    }
    let filtered = format!("?group_id={group}&user_id={user}&skip=100&limit=3");
    assert_eq!(contents(&mut http, &filtered).await, numbers(100..103));
}

async fn pages_by_seq_go_both_ways(store: Store) {
    let server = Server::start(store).await;
    let user = server.user("alice").await;
    let (group, other) = (server.public_group("g").await, server.public_group("other").await);
    let mut http = server.http().await;
    for number in 1..=10 {
        post(&mut http, group, user, &number.to_string()).await;
        post(&mut http, other, user, "noise").await;
    }
    for (query, expected) in [
        ("after_seq=0", vec!["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"]),
        ("after_seq=7", vec!["8", "9", "10"]),
        ("after_seq=7&limit=2", vec!["8", "9"]),
        ("after_seq=10", vec![]),
        ("before_seq=4", vec!["1", "2", "3"]),
        ("before_seq=9&limit=3", vec!["6", "7", "8"]),
        ("before_seq=1000&limit=2", vec!["9", "10"]),
        ("before_seq=1", vec![]),
        ("after_seq=3&before_seq=6", vec!["4", "5"]),
    ] {
        assert_eq!(contents(&mut http, &format!("?group_id={group}&{query}")).await, expected, "{query}");
    }
}

async fn a_bad_query_is_422(store: Store) {
    let server = Server::start(store).await;
    let mut http = server.http().await;
    for (query, field) in [
        ("?skip=-1", "skip"),
        ("?limit=-1", "limit"),
        ("?limit=x", "limit"),
        ("?skip=", "skip"),
        ("?group_id=x", "group_id"),
        ("?user_id=1.5", "user_id"),
        ("?skip=99999999999999999999999", "skip"),
        ("?limit=9223372036854775808", "limit"),
    ] {
        let detail = http.get(&format!("{MESSAGES}{query}")).await.detail(422);
        assert_eq!(detail[0]["loc"], json!(["query", field]), "{query}");
    }
    let all = http.get(&format!("{MESSAGES}?group_id=x&user_id=x&limit=x&skip=x")).await.detail(422);
    let fields: Vec<&Value> = all.as_array().unwrap().iter().map(|entry| &entry["loc"][1]).collect();
    assert_eq!(fields, ["skip", "limit", "user_id", "group_id"], "whatever the order of the query");
}

async fn a_list_of_any_length_comes_whole(store: Store) {
    const COUNT: usize = 1_200;
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut socket = Socket::join(&server, "g", "alice").await;
    for number in 0..COUNT {
        socket.send(&number.to_string()).await;
    }
    for number in 0..COUNT {
        socket.expect(&format!("alice: {number}")).await;
    }
    let expected: Vec<String> = (0..COUNT).map(|number| format!("alice: {number}")).collect();
    assert_eq!(server.lines(group).await, expected);
    let newest =
        contents(&mut server.http().await, &format!("?group_id={group}&before_seq=1201&limit=1100")).await;
    assert_eq!(newest, (100..COUNT).map(|number| number.to_string()).collect::<Vec<_>>());
}

async fn a_retry_gives_the_first_message(store: Store) {
    let server = Server::start(store).await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let (group, other) = (server.public_group("g").await, server.public_group("other").await);
    let mut http = server.http().await;
    let body = |group, user, content, client_id: &str| json!({ "group_id": group, "user_id": user, "content": content, "client_id": client_id });
    let first = http.post(MESSAGES, &body(group, alice, "first", "x")).await.ok();
    assert_eq!(first["client_id"], "x");
    assert_eq!(http.post(MESSAGES, &body(group, alice, "again", "x")).await.ok(), first);
    let headers = [("Content-Type", "application/json"), ("Idempotency-Key", "x")];
    let plain = json!({ "group_id": group, "user_id": alice, "content": "again" }).to_string();
    assert_eq!(http.request("POST", MESSAGES, &headers, plain.as_bytes()).await.ok(), first);

    http.post(MESSAGES, &body(group, bob, "of another", "x")).await.ok();
    http.post(MESSAGES, &body(other, alice, "elsewhere", "x")).await.ok();
    http.post(MESSAGES, &body(group, alice, "second", "y")).await.ok();
    assert_eq!(server.lines(group).await, ["alice: first", "bob: of another", "alice: second"]);
    let long = http.post(MESSAGES, &body(group, alice, "third", &"x".repeat(65))).await;
    assert!(matches!(long.status, 400 | 422), "{long:?}");
}

async fn a_message_that_cannot_be_posted_is_refused(store: Store) {
    let server = Server::start_with(store, &["--content-bytes-max", "1KiB"]).await;
    let (alice, bob, carol) =
        (server.user("alice").await, server.user("bob").await, server.user("carol").await);
    let group = server.private_group("g").await;
    let mut http = server.http().await;
    post(&mut http, group, alice, "one").await;
    post(&mut http, group, bob, &"é".repeat(512)).await;
    let mut attempt = async |group: i64, user: i64, content: &str| {
        let body = json!({ "group_id": group, "user_id": user, "content": content });
        http.post(MESSAGES, &body).await
    };
    let full = attempt(group, carol, "three").await;
    assert_eq!(full.detail(403), "This is a private group and is already full.");
    assert_eq!(attempt(group, 999_999, "x").await.detail(404), "User not found");
    assert_eq!(attempt(999_999, alice, "x").await.detail(404), "Group not found");
    assert!(matches!(attempt(group, alice, &"é".repeat(513)).await.status, 400 | 413 | 422));
    assert!(matches!(attempt(group, alice, "a\0b").await.status, 400 | 422));
    assert_eq!(server.messages(group).await.len(), 2);
}

async fn times_are_in_utc_and_ascend(store: Store) {
    let server = Server::start(store).await;
    let (user, group) = (server.user("alice").await, server.public_group("g").await);
    let mut http = server.http().await;
    let mut times = Vec::new();
    for _ in 0..5 {
        times.push(text(&post(&mut http, group, user, "x").await["created_at"]).to_owned());
    }
    for time in &times {
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z");
    }
    assert!(times.is_sorted());
    let listed: Vec<Value> = server.messages(group).await.iter().map(|m| m["created_at"].clone()).collect();
    assert_eq!(listed, times);
}
