//! Who comes and who goes, as JSON mode tells it.

use std::time::{Duration, Instant};

use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;
use serde_json::json;

/// How long a user may be away unnoticed.
const GRACE: Duration = Duration::from_secs(5);

async fn start(options: &[&str]) -> (Server, i64) {
    let server = Server::start_with(Store::Sqlite, &[&["--threads", "2"], options].concat()).await;
    server.users(&["alice", "bob", "carol"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

#[tokio::test]
async fn others_are_told_and_the_user_is_not() {
    let (server, group) = start(&[]).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    let joined = alice.event("joined").await;
    assert_eq!((&joined["username"], &joined["group_id"]), (&json!("bob"), &json!(group)));
    assert!(joined["user_id"].is_i64());
    bob.say(group, "hello").await;
    bob.message("hello").await;
    alice.message("hello").await;

    bob.ask(json!({ "type": "unsubscribe", "group_id": group })).await;
    let left = alice.event("left").await;
    assert_eq!((&left["username"], &left["user_id"]), (&json!("bob"), &joined["user_id"]));
    // Gone for good, so this is a new arrival.
    bob.subscribe(group).await;
    assert_eq!(alice.event("joined").await["username"], "bob");
    bob.vanish();
    assert_eq!(alice.event("left").await["username"], "bob");
}

#[tokio::test]
async fn several_sockets_of_a_user_are_one() {
    let (server, group) = start(&[]).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let one = JsonSocket::join(&server, group, "bob").await;
    assert_eq!(alice.event("joined").await["username"], "bob");
    let two = JsonSocket::at_group(&server, "g", "bob").await;
    let mut three = Socket::open(&server, "/ws/group/g/bob").await;
    three.until("bob joined g.").await;
    let online = alice.ask(json!({ "type": "presence", "group_id": group })).await;
    assert_eq!(online["online"], 2);
    one.into_raw().close().await;
    two.vanish();
    // Carol's leave is told after what would be told of bob's sockets.
    JsonSocket::join(&server, group, "carol").await.into_raw().close().await;
    assert_eq!(alice.event("joined").await["username"], "carol");
    assert_eq!(alice.event("left").await["username"], "carol");
    three.close().await;
    assert_eq!(alice.event("left").await["username"], "bob");
}

#[tokio::test]
async fn a_reconnect_is_not_a_leave_and_a_join() {
    let (server, group) = start(&[]).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    alice.event("joined").await;
    let path = format!("/api/v1/groups/{group}/presence/");
    for round in 0..5 {
        let since = Instant::now();
        bob.vanish();
        crate::support::until("bob to be away", async || {
            (server.http().await.get(&path).await.ok()["online"] == 1).then_some(())
        })
        .await;
        bob = JsonSocket::join(&server, group, "bob").await;
        let was_short = since.elapsed() < GRACE;
        bob.say(group, &round.to_string()).await;
        if was_short {
            alice.message(&round.to_string()).await;
        } else {
            alice.until("message").await;
        }
    }
    // Nothing of all this is told later: carol comes and goes after it, and each leave takes the same time.
    JsonSocket::join(&server, group, "carol").await.into_raw().close().await;
    assert_eq!(alice.event("joined").await["username"], "carol");
    assert_eq!(alice.event("left").await["username"], "carol");
    // Subscribing anew is no leave either.
    bob.subscribe(group).await;
    bob.say(group, "anew").await;
    alice.message("anew").await;
}

#[tokio::test]
async fn a_member_who_does_not_listen_types_once_in_a_while() {
    let (server, group) = start(&[]).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    bob.ask(json!({ "type": "unsubscribe", "group_id": group })).await;
    for on in [true, true, true, false] {
        bob.send(json!({ "type": "typing", "group_id": group, "on": on })).await;
    }
    for on in [true, false] {
        assert_eq!(alice.until("typing").await["on"], on);
    }
}

#[tokio::test]
async fn a_large_group_is_told_numbers() {
    const NAMED: usize = 5;
    const MEMBERS: usize = 60;
    let (server, group) = start(&["--announce-members-max", &NAMED.to_string()]).await;
    let start = Instant::now();
    let mut sockets = Vec::new();
    for number in 0..MEMBERS {
        let name = format!("member {number}");
        server.user(&name).await;
        sockets.push(JsonSocket::hello(&server, &name).await);
        sockets[number].send(json!({ "type": "subscribe", "group_id": group })).await;
    }
    let (mut joined, mut counts) = (0, 0);
    for socket in &mut sockets {
        loop {
            let event = socket.next().await;
            match event["type"].as_str().unwrap() {
                "joined" => joined += 1,
                "presence" => {
                    assert!(event.get("users").is_none(), "{event}");
                    counts += 1;
                    if event["online"] == MEMBERS {
                        break;
                    }
                }
                other => assert!(matches!(other, "subscribed" | "caught_up"), "{event}"),
            }
        }
    }
    let periods = start.elapsed().as_secs() as usize + 2;
    assert_eq!(joined, NAMED * (NAMED - 1) / 2);
    assert!(counts <= MEMBERS * periods, "{counts} frames in {periods} periods");

    let presence = sockets[0].ask(json!({ "type": "presence", "group_id": group })).await;
    assert_eq!(presence["online"], MEMBERS);
    assert!(presence.get("users").is_none(), "{presence}");

    // Those who go are told as a number too, until few are left.
    let mut last = sockets.swap_remove(0);
    let gone = sockets.len() - 1;
    let rest = sockets.split_off(gone);
    sockets.into_iter().for_each(JsonSocket::vanish);
    loop {
        let event = last.next().await;
        match event["type"].as_str().unwrap() {
            "presence" => {}
            "left" => break,
            _ => panic!("{event}"),
        }
    }
    drop(rest);
}
