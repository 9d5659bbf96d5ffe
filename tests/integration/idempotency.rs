//! A message that is sent again under its `client_id` is stored and delivered once.

use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use serde_json::{Value, json};
use tokio::task::JoinSet;

both_stores!(
    a_client_id_is_known_on_every_socket,
    a_client_id_is_of_one_sender_and_group,
    a_client_id_outlives_the_server,
    a_client_id_counts_within_a_burst,
    a_client_id_counts_over_rest_too,
    duplicates_do_not_disturb_others,
);

/// Asserts that both are acks of one message, and that the second says so.
fn assert_duplicate(first: &Value, second: &Value) {
    assert_eq!((&first["duplicate"], &second["duplicate"]), (&json!(false), &json!(true)), "{second}");
    for field in ["message_id", "group_id", "seq", "created_at", "client_id"] {
        assert_eq!(first[field], second[field], "{field}");
    }
}

async fn a_client_id_is_known_on_every_socket(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    let mut one = JsonSocket::join(&server, group, "alice").await;
    let mut two = JsonSocket::join(&server, group, "alice").await;
    let longest = "é".repeat(32);
    for client_id in ["a", "", &longest] {
        let first = one.store_as(group, "first", client_id).await;
        assert_duplicate(&first, &one.store_as(group, "first", client_id).await);
        assert_duplicate(&first, &two.store_as(group, "another content", client_id).await);
        bob.until("message").await;
    }
    one.store(group, "end").await;
    bob.message("end").await;
    assert_eq!(server.lines(group).await, ["alice: first", "alice: first", "alice: first", "alice: end"]);
}

async fn a_client_id_is_of_one_sender_and_group(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    for name in ["g", "h"] {
        let group = server.public_group(name).await;
        for user in ["alice", "bob"] {
            let mut socket = JsonSocket::join(&server, group, user).await;
            let ack = socket.store_as(group, user, "a").await;
            assert_eq!(ack["duplicate"], false, "{name} {user}");
        }
        assert_eq!(server.lines(group).await, ["alice: alice", "bob: bob"]);
    }
}

async fn a_client_id_outlives_the_server(store: Store) {
    let mut server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let first = JsonSocket::join(&server, group, "alice").await.store_as(group, "once", "a").await;
    server.kill9().await;
    server.restart().await;
    assert_duplicate(
        &first,
        &JsonSocket::join(&server, group, "alice").await.store_as(group, "twice", "a").await,
    );
    assert_eq!(server.terminate().await.code(), Some(0));
    server.restart().await;
    assert_duplicate(
        &first,
        &JsonSocket::join(&server, group, "alice").await.store_as(group, "thrice", "a").await,
    );
    assert_eq!(server.lines(group).await, ["alice: once"]);
}

async fn a_client_id_counts_within_a_burst(store: Store) {
    const IDS: usize = 50;
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut sockets = JoinSet::new();
    for socket in 0..3 {
        let mut alice = JsonSocket::join(&server, group, "alice").await;
        sockets.spawn(async move {
            for number in 0..2 * IDS {
                let client_id = format!("{}", number % IDS);
                let content = format!("{socket}.{number}");
                let message = json!({
                    "type": "send", "group_id": group, "content": content, "client_id": client_id, "id": number,
                });
                alice.send(message).await;
            }
            let mut acks = Vec::new();
            while acks.len() < 2 * IDS {
                acks.push(alice.until("ack").await);
            }
            acks
        });
    }
    let acks = crate::support::patiently("all acks", sockets.join_all()).await;
    for acks in &acks {
        let mut requests: Vec<_> = acks.iter().map(|ack| ack["id"].as_i64().unwrap()).collect();
        requests.sort_unstable();
        assert!(requests.into_iter().eq(0..2 * IDS as i64), "each is acked once");
    }
    let messages = server.messages(group).await;
    assert_eq!(messages.len(), IDS);
    let acks: Vec<&Value> = acks.iter().flatten().collect();
    for message in &messages {
        let mut of_message: Vec<_> =
            acks.iter().filter(|ack| ack["client_id"] == message["client_id"]).copied().collect();
        of_message.sort_by_key(|ack| ack["duplicate"].as_bool());
        let (first, others) = of_message.split_first().unwrap();
        assert_eq!(first["message_id"], message["id"]);
        assert_eq!(others.len(), 5);
        others.iter().for_each(|other| assert_duplicate(first, other));
    }
}

async fn a_client_id_counts_over_rest_too(store: Store) {
    let server = Server::start(store).await;
    let user = server.user("alice").await;
    let group = server.public_group("g").await;
    let mut socket = JsonSocket::join(&server, group, "alice").await;
    let mut http = server.http().await;

    // First over REST, then over the socket and over REST again.
    let body = json!({ "group_id": group, "user_id": user, "content": "one", "client_id": "a" });
    let posted = http.post("/api/v1/messages/", &body).await.ok();
    assert_eq!(posted["client_id"], "a");
    socket.message("one").await;
    let ack = socket.store_as(group, "two", "a").await;
    assert_eq!((&ack["message_id"], &ack["duplicate"]), (&posted["id"], &json!(true)));
    assert_eq!((&ack["seq"], &ack["created_at"]), (&posted["seq"], &posted["created_at"]));

    // The header does the same; the body goes before it.
    let with_key = async |body: &Value, key: &str| {
        let headers = [("Content-Type", "application/json"), ("Idempotency-Key", key)];
        let body = body.to_string();
        let mut http = server.http().await;
        http.request("POST", "/api/v1/messages/", &headers, body.as_bytes()).await.ok()
    };
    let plain = json!({ "group_id": group, "user_id": user, "content": "three" });
    assert_eq!(with_key(&plain, "a").await, posted);
    assert_eq!(with_key(&body, "b").await, posted);

    // First over the socket, then over REST.
    let ack = socket.store_as(group, "four", "c").await;
    let again = with_key(&plain, "c").await;
    assert_eq!(
        (&again["id"], &again["seq"], &again["content"]),
        (&ack["message_id"], &json!(2), &json!("four"))
    );
    // Nothing of all this was delivered twice.
    let end = json!({ "group_id": group, "user_id": user, "content": "end" });
    http.post("/api/v1/messages/", &end).await.ok();
    socket.message("end").await;
    assert_eq!(server.lines(group).await, ["alice: one", "alice: four", "alice: end"]);
}

async fn duplicates_do_not_disturb_others(store: Store) {
    const MESSAGES: usize = 150;
    let server = Server::start(store).await;
    server.users(&["alice", "bob", "carol", "dave"]).await;
    let group = server.public_group("g").await;
    let mut reader = JsonSocket::join(&server, group, "dave").await;
    let mut writers = JoinSet::new();
    for (user, sends) in [("alice", 1), ("bob", 2), ("carol", 3)] {
        let mut socket = JsonSocket::join(&server, group, user).await;
        writers.spawn(async move {
            let mut duplicates = 0;
            for number in 0..MESSAGES {
                let client_id = number.to_string();
                let message = json!({
                    "type": "send", "group_id": group, "content": client_id, "client_id": client_id,
                });
                for _ in 0..sends {
                    socket.send(message.clone()).await;
                }
            }
            for _ in 0..MESSAGES * sends {
                let ack = socket.until("ack").await;
                duplicates += usize::from(ack["duplicate"] == true);
            }
            assert_eq!(duplicates, MESSAGES * (sends - 1), "{user}");
        });
    }
    let mut next_of = std::collections::HashMap::new();
    for seq in 1..=3 * MESSAGES {
        let message = reader.until("message").await;
        assert_eq!(message["seq"], seq);
        let next = next_of.entry(message["username"].to_string()).or_insert(0);
        assert_eq!(message["content"], next.to_string());
        *next += 1;
    }
    crate::support::patiently("the writers", writers.join_all()).await;
    assert_eq!(server.messages(group).await.len(), 3 * MESSAGES);
}
