//! What sockets are told of groups that change, and of what they may not do.

use serde_json::{Value, json};

use super::scene::{User, start};
use crate::support::database::Store;
use crate::support::patiently;
use crate::support::server::Server;

both_stores!(a_group_is_called_by_its_name_of_today);

async fn a_group_is_called_by_its_name_of_today(store: Store) {
    let server = start(store).await;
    let (alice, bob) = (server.member("alice").await, server.member("bob").await);
    let group = server.group_of(&alice, "g", false).await;
    let mut of_alice = alice.read(&server, group).await;
    let mut first = bob.join(&server, "g").await;
    let mut second = bob.join(&server, "g").await;
    first.expect("bob joined g.").await;
    let answer =
        server.request_as(&alice, "PATCH", &format!("/groups/{group}"), &json!({ "name": "tea" })).await;
    assert_eq!(answer.ok()["name"], "tea");
    let message = json!({ "type": "send", "group_id": group, "content": "x", "ephemeral": true });
    of_alice.send(message).await;
    assert_eq!(of_alice.until("message").await["group_name"], "tea");
    for socket in [&mut first, &mut second] {
        socket.expect("alice: x").await;
    }
    second.close().await;
    first.expect("bob left tea.").await;
    server.done_as(&alice, "DELETE", &format!("/groups/{group}/members/{}", bob.id)).await;
    first.expect("You are no longer in tea.").await;
    first.expect_close(4003).await;
}

/// Over Postgres, where keys are made beside the server.
#[tokio::test]
async fn a_key_that_may_only_read_is_told_so_in_text_mode() {
    let server = start(Store::Postgres).await;
    let bob = server.member("bob").await;
    server.group_of(&bob, "g", false).await;
    let token = server.key(&["reader", "--scope", "read", "--as", "bob"]).await;
    let mut socket = User { token, ..bob }.join(&server, "g").await;
    socket.send("hello").await;
    socket.expect("Message refused: the scope of this key does not allow this.").await;
}

/// The same of admins of the server.
#[tokio::test]
async fn who_governs_no_more_does_not_over_an_open_socket_either() {
    let server = start(Store::Postgres).await;
    let (alice, root) = (server.member("alice").await, server.member("root").await);
    let group = server.group_of(&alice, "g", false).await;
    server.request_as(&alice, "PATCH", &format!("/groups/{group}"), &json!({ "join": "invite" })).await.ok();
    server.operate(&["user", "admin", "root"]).await;
    sees(&server, &root, group, 200).await;
    let mut socket = root.hello(&server).await;
    let presence = json!({ "type": "presence", "group_id": group });
    assert_eq!(socket.ask(presence.clone()).await["type"], "presence");
    server.operate(&["user", "admin", "root", "--revoke"]).await;
    sees(&server, &root, group, 404).await;
    for request in [presence, json!({ "type": "subscribe", "group_id": group })] {
        socket.refused(request, "not_found").await;
    }
}

/// Waits until a request for the group is answered so: the server looks twice a second what operators have changed.
async fn sees(server: &Server, user: &User, group: i64, status: u16) {
    let path = format!("/groups/{group}");
    patiently("the change", async {
        while server.request_as(user, "GET", &path, &Value::Null).await.status != status {}
    })
    .await;
}
