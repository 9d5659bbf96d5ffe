//! What is decided on one node holds on all.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_postgres::{Client, NoTls};

use super::scene::{By, Nodes, by_both, flood};
use crate::access::scene::User;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::until;

by_both!(
    nothing_is_stored_after_the_answer,
    sockets_of_all_nodes_are_told,
    a_role_holds_everywhere,
    who_was_let_in_is_let_in_everywhere,
);

/// What ends somebody's writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Kick,
    Ban,
    Mute,
    Leave,
    DeleteGroup,
    Erase,
    LogOut,
    NewPassword,
}

const DEEDS: [Deed; 8] = [
    Deed::Kick,
    Deed::Ban,
    Deed::Mute,
    Deed::Leave,
    Deed::DeleteGroup,
    Deed::Erase,
    Deed::LogOut,
    Deed::NewPassword,
];

impl Deed {
    async fn be_done(self, node: &Server, group: i64, alice: &User, bob: &User) {
        let (who, method, path) = match self {
            Self::Kick => (alice, "DELETE", format!("/groups/{group}/members/{}", bob.id)),
            Self::Ban => (alice, "PUT", format!("/groups/{group}/bans/{}", bob.id)),
            Self::Mute => (alice, "PUT", format!("/groups/{group}/mutes/{}", bob.id)),
            Self::Leave => (bob, "DELETE", format!("/groups/{group}/members/{}", bob.id)),
            Self::DeleteGroup => (alice, "DELETE", format!("/groups/{group}")),
            Self::Erase => (bob, "DELETE", format!("/users/{}", bob.id)),
            Self::LogOut => (bob, "DELETE", "/sessions/current".to_owned()),
            Self::NewPassword => {
                let other = node.log_in(&bob.name).await;
                let body = json!({ "password": "another", "current_password": "secret" });
                node.request_as(&other, "PATCH", "/users/me", &body).await.ok();
                return;
            }
        };
        node.done_as(who, method, &path).await;
    }

    /// What the sockets of who it is done to are told, and the code of their close, if they are closed.
    fn told(self) -> (Option<&'static str>, Option<u16>) {
        match self {
            Self::Kick => (Some("kicked"), None),
            Self::Ban => (Some("banned"), None),
            Self::Leave => (Some("left"), None),
            Self::DeleteGroup => (Some("deleted"), None),
            Self::Mute => (None, None),
            Self::Erase | Self::LogOut | Self::NewPassword => (None, Some(4001)),
        }
    }
}

async fn database(nodes: &Nodes) -> Client {
    let (client, connection) = tokio_postgres::connect(nodes[0].database().url(), NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// How many messages of a user's there are.
async fn stored(database: &Client, user: &User) -> i64 {
    let count = "SELECT count(*) FROM messages WHERE user_id = $1::bigint::integer";
    database.query_one(count, &[&user.id]).await.unwrap().get(0)
}

/// Bob writes over two nodes while something is done on a third.
async fn nothing_is_stored_after_the_answer(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let database = database(&nodes).await;
    let alice = nodes[0].member("alice").await;
    for round in 0..2 {
        for deed in DEEDS {
            let bob = nodes[round % 3].member(&format!("bob {round} {deed:?}")).await;
            let group = nodes[0].group_of(&alice, &format!("{round} {deed:?}"), false).await;
            let mut floods = Vec::new();
            for node in &nodes[1..] {
                let mut socket = bob.hello(node).await;
                socket.subscribe(group).await;
                floods.push(flood(socket, group));
                let mut socket = bob.hello(node).await;
                socket.subscribe(group).await;
                floods.push(flood(socket, group));
            }
            until("a flood", async || (stored(&database, &bob).await > 100).then_some(())).await;
            deed.be_done(&nodes[0], group, &alice, &bob).await;
            let before = stored(&database, &bob).await;
            // It goes on meanwhile, which nothing tells of.
            tokio::time::sleep(Duration::from_millis(120)).await;
            assert_eq!(stored(&database, &bob).await, before, "more of it after the answer: {deed:?}");
            for flood in floods {
                flood.abort();
                let _ = flood.await;
            }
        }
    }
}

/// Reads until the socket is told what was done.
async fn be_told(socket: &mut JsonSocket, deed: Deed) {
    let (reason, close) = deed.told();
    loop {
        match socket.try_next().await {
            // Whose account ends is told to have left before that.
            Ok(event) if event["type"] == "unsubscribed" && deed == Deed::Erase => {
                assert_eq!(event["reason"], "left");
            }
            Ok(event) if event["type"] == "unsubscribed" => {
                assert_eq!(event["reason"].as_str(), reason, "{deed:?}: {event}");
                return;
            }
            Ok(event) if deed == Deed::Mute && event["change"] == "muted" => return,
            Ok(_) => {}
            Err(code) => {
                assert_eq!(code, close, "{deed:?}");
                return;
            }
        }
    }
}

async fn sockets_of_all_nodes_are_told(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let alice = nodes[0].member("alice").await;
    for deed in DEEDS {
        let mut quickest = Duration::MAX;
        for round in 0..2 {
            let bob = nodes[1].member(&format!("bob {round} {deed:?}")).await;
            let name = format!("{round} {deed:?}");
            let group = nodes[0].group_of(&alice, &name, false).await;
            let mut sockets = Vec::new();
            for node in nodes.iter() {
                sockets.push(bob.read(node, group).await);
            }
            let mut lines = bob.enter(&nodes[2], &name).await;
            let began = Instant::now();
            deed.be_done(&nodes[round % 3], group, &alice, &bob).await;
            let answered = Instant::now();
            for socket in &mut sockets {
                be_told(socket, deed).await;
            }
            match deed.told() {
                (Some(_), _) => {
                    lines.until(&format!("You are no longer in {name}.")).await;
                    lines.expect_close(4003).await;
                }
                // Either comes first.
                (None, Some(_)) if deed == Deed::Erase => while lines.try_text().await.is_ok() {},
                (None, Some(code)) => lines.until_close(code).await,
                (None, None) => {}
            }
            println!(
                "{by:?} {deed:?}: answered after {:?}, told {:?} later",
                answered - began,
                answered.elapsed()
            );
            quickest = quickest.min(answered.elapsed());
        }
        assert!(quickest < Duration::from_secs(2), "{deed:?}: {quickest:?}");
    }
}

/// What somebody may do follows their role on whichever node they are, at once.
async fn a_role_holds_everywhere(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let [alice, bob, carol] =
        [nodes[0].member("alice").await, nodes[1].member("bob").await, nodes[2].member("carol").await];
    let group = nodes[0].group_of(&alice, "g", false).await;
    let mut of_carol = carol.read(&nodes[2], group).await;
    let mut of_bob = bob.read(&nodes[1], group).await;
    let place = format!("/groups/{group}/members/{}", bob.id);
    for round in 0..10 {
        let message = of_carol.store(group, &round.to_string()).await["message_id"].clone();
        let delete = json!({ "type": "delete", "group_id": group, "message_id": message });
        of_bob.refused(delete.clone(), "forbidden").await;
        let topic = json!({ "topic": round.to_string() });
        let path = format!("/groups/{group}");
        assert_eq!(nodes[2].request_as(&bob, "PATCH", &path, &topic).await.status, 403);
        nodes[0].request_as(&alice, "PUT", &place, &json!({ "role": "admin" })).await.ok();
        assert_eq!(nodes[2].request_as(&bob, "PATCH", &path, &topic).await.ok()["topic"], topic["topic"]);
        let deleted = of_bob.ask(delete).await;
        assert_eq!(deleted["type"], "ack", "{deleted}");
        nodes[0].request_as(&alice, "PUT", &place, &json!({ "role": "member" })).await.ok();
    }
    // Handed over, and back by who has it then.
    for (who, node, to) in [(&alice, 0, &bob), (&bob, 1, &alice)] {
        let place = format!("/groups/{group}/members/{}", to.id);
        nodes[node].request_as(who, "PUT", &place, &json!({ "role": "owner" })).await.ok();
        let answer = nodes[2].request_as(who, "DELETE", &format!("/groups/{group}"), &Value::Null).await;
        assert_eq!(answer.status, 403, "{answer:?}");
    }
    nodes[2].done_as(&alice, "DELETE", &format!("/groups/{group}")).await;
    for socket in [&mut of_bob, &mut of_carol] {
        assert_eq!(socket.until("unsubscribed").await["reason"], "deleted");
        socket.refused(json!({ "type": "send", "group_id": group, "content": "x" }), "not_found").await;
    }
}

/// A refusal that was told before is not remembered.
async fn who_was_let_in_is_let_in_everywhere(by: By) {
    let nodes = Nodes::start_guarded(by, 3).await;
    let (alice, bob) = (nodes[0].member("alice").await, nodes[1].member("bob").await);
    let mut of_bob = bob.hello(&nodes[1]).await;
    for round in 0..10 {
        let group = nodes[0].group_of(&alice, &round.to_string(), false).await;
        let path = format!("/groups/{group}");
        nodes[2].request_as(&alice, "PATCH", &path, &json!({ "join": "invite" })).await.ok();
        let send = json!({ "type": "send", "group_id": group, "content": "x" });
        of_bob.refused(send.clone(), "not_found").await;
        assert_eq!(nodes[2].request_as(&bob, "GET", &path, &Value::Null).await.status, 404);
        nodes[0].request_as(&alice, "PUT", &format!("{path}/members/{}", bob.id), &json!({})).await.ok();
        assert_eq!(of_bob.until("added").await["group"]["id"], group);
        assert_eq!(of_bob.ask(send.clone()).await["type"], "ack");
        nodes[2].request_as(&bob, "GET", &path, &Value::Null).await.ok();
        // Muted by one and allowed to write again by another.
        let mute = format!("{path}/mutes/{}", bob.id);
        nodes[round % 3].done_as(&alice, "PUT", &mute).await;
        of_bob.refused(send.clone(), "forbidden").await;
        nodes[(round + 1) % 3].done_as(&alice, "DELETE", &mute).await;
        assert_eq!(of_bob.ask(send.clone()).await["type"], "ack");
        let ban = format!("{path}/bans/{}", bob.id);
        nodes[round % 3].done_as(&alice, "PUT", &ban).await;
        // What was on its way when it came is refused by the writer, which does not know who knows of the group.
        let refusal = of_bob.ask(send.clone()).await;
        assert!(["not_found", "forbidden"].map(Value::from).contains(&refusal["code"]), "{refusal}");
        nodes[(round + 1) % 3].done_as(&alice, "DELETE", &ban).await;
        nodes[0].request_as(&alice, "PUT", &format!("{path}/members/{}", bob.id), &json!({})).await.ok();
        assert_eq!(of_bob.ask(send).await["type"], "ack");
    }
}
