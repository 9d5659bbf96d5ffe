//! Who is made a member of a group by somebody else is told so, whatever their sockets read.

use serde_json::{Value, json};

use super::scene::{User, start};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;

both_stores!(
    all_sockets_of_who_is_added_are_told,
    who_is_in_a_new_private_chat_is_told,
    where_names_are_believed_it_is_the_same,
);

/// Nothing has come that was not read.
async fn expect_silence(socket: &mut JsonSocket) {
    socket.send(json!({ "type": "ping" })).await;
    assert_eq!(socket.next().await["type"], "pong");
}

fn added(group: i64, name: &str, is_private: bool, role: &str) -> Value {
    let group = json!({ "id": group, "name": name, "is_private": is_private });
    json!({ "type": "added", "group": group, "role": role })
}

async fn all_sockets_of_who_is_added_are_told(store: Store) {
    let server = start(store).await;
    let (alice, bob, carol) =
        (server.member("alice").await, server.member("bob").await, server.member("carol").await);
    let open = server.group_of(&alice, "open", false).await;
    let mut reads_nothing = bob.hello(&server).await;
    let mut reads_another = bob.read(&server, open).await;
    let mut lines = bob.join(&server, "open").await;
    let mut of_carol = carol.hello(&server).await;
    let mut closed = bob.hello(&server).await;
    closed.send(json!({ "type": "unsubscribe", "group_id": open })).await;
    drop(closed);

    let group = server.group_of(&alice, "club", false).await;
    let path = format!("/groups/{group}");
    server.request_as(&alice, "PATCH", &path, &json!({ "join": "invite" })).await.ok();
    let member = |user: &User| format!("/groups/{group}/members/{}", user.id);
    server.request_as(&alice, "PUT", &member(&bob), &json!({ "role": "admin" })).await.ok();
    assert_eq!(reads_nothing.until("added").await, added(group, "club", false, "admin"));
    assert_eq!(reads_another.until("added").await, added(group, "club", false, "admin"));
    // It can be read at once.
    reads_nothing.subscribe(group).await;

    // Another role is an entry of the log, and who was a member is not added.
    server.request_as(&alice, "PUT", &member(&bob), &json!({ "role": "member" })).await.ok();
    server.request_as(&bob, "PUT", &member(&bob), &Value::Null).await.ok();
    expect_silence(&mut reads_another).await;
    expect_silence(&mut of_carol).await;
    server.request_as(&alice, "PUT", &member(&carol), &Value::Null).await.ok();
    assert_eq!(of_carol.next().await, added(group, "club", false, "member"));

    // What one does oneself is no news.
    server.group_of(&bob, "bobs", true).await;
    expect_silence(&mut reads_another).await;
    server
        .request_as(&carol, "PUT", &format!("/groups/{open}/members/{}", carol.id), &Value::Null)
        .await
        .ok();
    expect_silence(&mut of_carol).await;
    lines.send("still here").await;
    lines.expect("bob: still here").await;
}

async fn who_is_in_a_new_private_chat_is_told(store: Store) {
    let server = start(store).await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let mut of_bob = bob.hello(&server).await;
    let path = format!("/ws/chat/{}/bob", alice.id);
    let mut chat = JsonSocket::over(Socket::open_with(&server, &path, &alice.json_protocols()).await);
    chat.event("welcome").await;
    let group = chat.event("subscribed").await["group"].clone();
    chat.event("caught_up").await;
    assert_eq!(of_bob.next().await, json!({ "type": "added", "group": group, "role": "member" }));
    let again = JsonSocket::over(Socket::open_with(&server, &path, &alice.json_protocols()).await);
    drop(again);
    chat.say(group["id"].as_i64().unwrap(), "hi").await;
    expect_silence(&mut of_bob).await;
}

async fn where_names_are_believed_it_is_the_same(store: Store) {
    let server = Server::start(store).await;
    for name in ["alice", "bob"] {
        server.user(name).await;
    }
    let mut of_bob = JsonSocket::hello(&server, "bob").await;
    let owned = json!({ "name": "g", "is_private": false, "user_id": 1 });
    let group = server.http().await.post("/api/v1/groups/", &owned).await.ok()["id"].as_i64().unwrap();
    server.http().await.request("PUT", "/api/v1/groups/1/members/2?user_id=1", &[], b"").await.ok();
    assert_eq!(of_bob.next().await, added(group, "g", false, "member"));
}
