//! What one node has answered every other shows at once, whatever it knew before.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::scene::{By, Nodes, by_both};
use crate::access::scene::User;
use crate::support::http::Response;
use crate::support::json::JsonSocket;

by_both!(
    users_and_groups_are_those_of_today,
    members_bans_and_mutes_are_those_of_today,
    messages_are_listed_by_all,
    the_last_place_is_given_once,
    names_are_given_once,
);

/// How often each is tried.
const ROUNDS: usize = 12;

impl Nodes {
    /// What all of them answer, each of which is to be the same 200.
    async fn agree(&self, user: &User, path: &str) -> Value {
        let answers: Vec<Value> = self.all_say(user, path).await.iter().map(|answer| answer.ok()).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{path}: {answers:?}");
        answers[0].clone()
    }

    /// The same of a refusal.
    async fn all_refuse(&self, user: &User, path: &str, status: u16) {
        for answer in self.all_say(user, path).await {
            assert_eq!(answer.status, status, "{path}: {answer:?}");
        }
    }
}

async fn users_and_groups_are_those_of_today(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let alice = nodes[0].member("alice").await;
    for round in 0..ROUNDS {
        let (here, there) = (&nodes[round % 3], &nodes[(round + 1) % 3]);
        // An account, its address, and its end.
        let bob = here.member(&format!("bob {round}")).await;
        let path = format!("/users/{}", bob.id);
        assert_eq!(nodes.agree(&bob, &path).await["username"], bob.name);
        let email = format!("other{round}@example.com");
        here.request_as(&bob, "PATCH", "/users/me", &json!({ "email": email })).await.ok();
        assert_eq!(nodes.agree(&bob, &path).await["email"], email);
        assert_eq!(nodes.agree(&bob, "/users/me").await["email"], email);
        let found = nodes.agree(&alice, &format!("/search/users/?q=bob%20{round}")).await;
        assert_eq!(found[0]["id"], bob.id);
        there.done_as(&bob, "DELETE", &path).await;
        let placeholder = format!("deleted-{}", bob.id);
        assert_eq!(nodes.agree(&alice, &path).await["username"], placeholder);
        nodes.all_refuse(&bob, "/users/me", 401).await;

        // A group, its name, its rule, and its end.
        let name = format!("group {round}");
        let group = here.group_of(&alice, &name, false).await;
        let path = format!("/groups/{group}");
        assert_eq!(nodes.agree(&alice, &path).await["name"], name);
        let new_name = format!("new {round}");
        there.request_as(&alice, "PATCH", &path, &json!({ "name": new_name })).await.ok();
        assert_eq!(nodes.agree(&alice, &path).await["name"], new_name);
        let listed = nodes.agree(&alice, "/groups/").await;
        assert_eq!(listed.as_array().unwrap().last().unwrap()["name"], new_name);
        let posted = json!({ "group_id": group, "content": "x" });
        for node in nodes.iter() {
            let message = node.request_as(&alice, "POST", "/messages/", &posted).await.ok();
            assert_eq!(message["group_name"], new_name);
        }
        // The old name is free again.
        let again = there.group_of(&alice, &name, false).await;
        nodes.agree(&alice, &format!("/groups/{again}")).await;
        for (group, node) in [(group, here), (again, there)] {
            node.done_as(&alice, "DELETE", &format!("/groups/{group}")).await;
            nodes.all_refuse(&alice, &format!("/groups/{group}"), 404).await;
        }
        assert_eq!(nodes.agree(&alice, "/groups/").await, json!([]));
    }
}

async fn members_bans_and_mutes_are_those_of_today(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let (alice, bob) = (nodes[0].member("alice").await, nodes[1].member("bob").await);
    let group = nodes[2].group_of(&alice, "g", false).await;
    let path = format!("/groups/{group}");
    let place = format!("{path}/members/{}", bob.id);
    let members = format!("{path}/members/");
    for round in 0..ROUNDS {
        let node = |offset: usize| &nodes[(round + offset) % 3];
        assert_eq!(nodes.agree(&alice, &members).await.as_array().unwrap().len(), 1);
        nodes.all_refuse(&bob, &members, 403).await;
        node(0).request_as(&alice, "PUT", &place, &json!({})).await.ok();
        assert_eq!(nodes.agree(&bob, &members).await[1]["role"], "member");
        let own = nodes.agree(&bob, "/users/me/groups/").await;
        assert_eq!((&own[0]["group"]["id"], &own[0]["role"]), (&json!(group), &json!("member")));
        node(1).request_as(&alice, "PUT", &place, &json!({ "role": "admin" })).await.ok();
        assert_eq!(nodes.agree(&bob, &members).await[1]["role"], "admin");
        let mutes = format!("{path}/mutes/");
        node(2).request_as(&alice, "PUT", &format!("{mutes}{}", bob.id), &json!({})).await.ok();
        assert_eq!(nodes.agree(&alice, &mutes).await[0]["id"], bob.id);
        let say = json!({ "group_id": group, "content": "x" });
        for node in nodes.iter() {
            assert_eq!(node.request_as(&bob, "POST", "/messages/", &say).await.detail(403), "muted");
        }
        node(0).done_as(&alice, "DELETE", &format!("{mutes}{}", bob.id)).await;
        assert_eq!(nodes.agree(&alice, &mutes).await, json!([]));
        for node in nodes.iter() {
            node.request_as(&bob, "POST", "/messages/", &say).await.ok();
        }
        let bans = format!("{path}/bans/");
        node(1).request_as(&alice, "PUT", &format!("{bans}{}", bob.id), &json!({})).await.ok();
        assert_eq!(nodes.agree(&alice, &bans).await[0]["id"], bob.id);
        for node in nodes.iter() {
            assert_eq!(node.request_as(&bob, "PUT", &place, &json!({})).await.detail(403), "banned");
        }
        assert_eq!(nodes.agree(&bob, "/users/me/groups/").await, json!([]));
        node(2).done_as(&alice, "DELETE", &format!("{bans}{}", bob.id)).await;
        assert_eq!(nodes.agree(&alice, &bans).await, json!([]));
        // In by oneself, and out by another node.
        node(0).request_as(&bob, "PUT", &place, &json!({})).await.ok();
        nodes.agree(&bob, &members).await;
        node(1).done_as(&bob, "DELETE", &place).await;
    }
}

async fn messages_are_listed_by_all(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let (alice, bob) = (nodes[0].member("alice").await, nodes[1].member("bob").await);
    let group = nodes[2].group_of(&alice, "g", false).await;
    let mut sockets: Vec<JsonSocket> = Vec::new();
    for node in nodes.iter() {
        sockets.push(bob.read(node, group).await);
    }
    let history = json!({ "type": "history", "group_id": group, "limit": 1 });
    for round in 0..ROUNDS {
        let content = format!("first {round}");
        let ack = sockets[round % 3].store(group, &content).await;
        for socket in &mut sockets {
            let history = socket.ask(history.clone()).await;
            assert_eq!(history["messages"][0]["content"], content, "{history}");
        }
        let path = format!("/messages/{}", ack["message_id"]);
        assert_eq!(nodes.agree(&alice, &path).await["content"], content);
        let read = json!({ "type": "read", "group_id": group, "seq": ack["seq"] });
        sockets[(round + 1) % 3].ask(read).await;
        let own = nodes.agree(&bob, "/users/me/groups/").await;
        assert_eq!((&own[0]["read_seq"], &own[0]["unread"]), (&ack["seq"], &json!(0)), "{own}");
        let edit = json!({ "content": format!("second {round}") });
        nodes[(round + 1) % 3].request_as(&bob, "PATCH", &path, &edit).await.ok();
        assert_eq!(nodes.agree(&alice, &path).await["content"], edit["content"]);
        let reaction = format!("{path}/reactions/%2B1");
        nodes[(round + 2) % 3].done_as(&alice, "PUT", &reaction).await;
        assert_eq!(nodes.agree(&bob, &path).await["reactions"][0]["count"], 1);
        nodes[round % 3].done_as(&alice, "DELETE", &path).await;
        assert_eq!(nodes.agree(&bob, &path).await["deleted"], true);
        let log = format!("/groups/{group}/log/?after_seq={}", ack["seq"].as_i64().unwrap() - 1);
        let kinds: Vec<Value> = nodes
            .agree(&alice, &log)
            .await
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["type"].clone())
            .collect();
        assert_eq!(kinds, ["message", "edited", "reaction", "deleted"]);
    }
}

/// The same asked of each node at the same time.
async fn race(nodes: &Nodes, asks: &[(&User, &str, String, Value)]) -> Vec<Response> {
    let asks = asks.iter().enumerate().map(|(index, (user, method, path, body))| async move {
        nodes[index % nodes.len()].request_as(user, method, path, body).await
    });
    join_all(asks).await
}

async fn the_last_place_is_given_once(by: By) {
    let nodes = Nodes::start(by, 2).await;
    let [alice, bob, carol] =
        [nodes[0].user("alice").await, nodes[0].user("bob").await, nodes[1].user("carol").await];
    for round in 0..20 {
        let group = nodes[round % 2].private_group(&round.to_string()).await;
        let join = |node: usize, user: i64| {
            let (path, http) =
                (format!("/api/v1/groups/{group}/members/{user}?user_id={user}"), nodes[node].http());
            async move { http.await.request("PUT", &path, &[], b"").await.status }
        };
        assert_eq!(join(0, alice).await, 200);
        let (one, two) = tokio::join!(join(0, bob), join(1, carol));
        assert!([(200, 403), (403, 200)].contains(&(one, two)), "{one} {two}");
        for node in nodes.iter() {
            let members = node.http().await.get(&format!("/api/v1/groups/{group}/members/")).await.ok();
            assert_eq!(members.as_array().unwrap().len(), 2, "{members}");
        }
    }
}

async fn names_are_given_once(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let (alice, bob) = (nodes[0].member("alice").await, nodes[1].member("bob").await);
    for round in 0..ROUNDS {
        let group = json!({ "name": round.to_string(), "is_private": false });
        let asks = [&alice, &bob, &alice].map(|user| (user, "POST", "/groups/".to_owned(), group.clone()));
        let mut answers: Vec<u16> = race(&nodes, &asks).await.iter().map(|answer| answer.status).collect();
        answers.sort_unstable();
        assert_eq!(answers, [200, 400, 400]);
    }
    // A private chat of two that both begin at once is one.
    for round in 0..ROUNDS {
        let (one, two) =
            (nodes[0].member(&format!("one {round}")).await, nodes[1].member(&format!("two {round}")).await);
        let chat = |node: usize, from: User, to: User| {
            let path = format!("/ws/chat/{}/{}", from.id, to.name.replace(' ', "%20"));
            let node = &nodes[node];
            async move {
                let socket =
                    crate::support::socket::Socket::open_with(node, &path, &from.json_protocols()).await;
                let mut socket = JsonSocket::over(socket);
                socket.event("welcome").await;
                // Who is second may hear that the other one has begun it.
                socket.until("subscribed").await["group"]["id"].clone()
            }
        };
        let (first, second) = tokio::join!(chat(0, one.clone(), two.clone()), chat(2, two, one));
        assert_eq!(first, second);
    }
}
