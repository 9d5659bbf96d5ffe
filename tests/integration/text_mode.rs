//! Sockets in text mode: who hears what, who is refused.

use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::{Socket, group_path, refused_handshake};
use serde_json::json;
use tokio::task::JoinSet;

both_stores_and_tls!(
    everyone_in_the_group_hears_a_message,
    comings_and_goings_are_announced_and_not_stored,
    a_leave_is_announced_when_a_connection_breaks,
    each_socket_of_a_user_is_announced,
    groups_do_not_hear_each_other,
    both_base_paths_lead_to_the_same_group,
    unknown_names_are_refused,
    other_socket_paths_refuse_the_handshake,
    a_private_group_refuses_the_third_even_when_both_are_away,
    the_last_place_of_a_private_group_goes_to_one,
    names_are_percent_decoded_once,
    an_echo_means_that_the_message_can_be_read,
    a_message_over_rest_is_heard,
    a_burst_arrives_in_order,
    announcements_stop_above_a_size,
);

const FULL: &str = "This is a private group and is already full.";

async fn refused(server: &Server, path: &str, line: &str) {
    let mut socket = Socket::open(server, path).await;
    socket.expect(line).await;
    socket.expect_close(1000).await;
}

async fn everyone_in_the_group_hears_a_message(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob", "carol"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    let mut carol = Socket::join(&server, "g", "carol").await;
    for line in ["bob joined g.", "carol joined g."] {
        alice.expect(line).await;
    }
    bob.expect("carol joined g.").await;

    alice.send("hello").await;
    for socket in [&mut alice, &mut bob, &mut carol] {
        socket.expect("alice: hello").await;
    }
    bob.send("").await;
    for socket in [&mut alice, &mut bob, &mut carol] {
        socket.expect("bob: ").await;
    }
    carol.send("two\nlines: \"and\" more\r\n").await;
    for socket in [&mut alice, &mut bob, &mut carol] {
        socket.expect("carol: two\nlines: \"and\" more\r\n").await;
    }
    let lines = ["alice: hello", "bob: ", "carol: two\nlines: \"and\" more\r\n"];
    assert_eq!(server.lines(group).await, lines);
}

async fn comings_and_goings_are_announced_and_not_stored(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    for _ in 0..3 {
        let bob = Socket::join(&server, "g", "bob").await;
        alice.expect("bob joined g.").await;
        bob.close().await;
        alice.expect("bob left g.").await;
    }
    assert_eq!(server.messages(group).await.len(), 0);
}

async fn a_leave_is_announced_when_a_connection_breaks(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    bob.vanish();
    alice.expect("bob left g.").await;
}

async fn each_socket_of_a_user_is_announced(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    server.public_group("g").await;
    let mut one = Socket::join(&server, "g", "alice").await;
    let mut two = Socket::join(&server, "g", "alice").await;
    one.expect("alice joined g.").await;
    two.send("from two").await;
    one.expect("alice: from two").await;
    two.expect("alice: from two").await;
    two.close().await;
    one.expect("alice left g.").await;
}

async fn groups_do_not_hear_each_other(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("one").await;
    server.public_group("two").await;
    let mut alice = Socket::join(&server, "one", "alice").await;
    let mut bob = Socket::join(&server, "two", "bob").await;
    alice.send("in one").await;
    alice.expect("alice: in one").await;
    bob.send("in two").await;
    bob.expect("bob: in two").await;
    alice.send("again").await;
    alice.expect("alice: again").await;
}

async fn both_base_paths_lead_to_the_same_group(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::open(&server, "/api/v1/ws/group/g/bob?any=1").await;
    bob.expect("bob joined g.").await;
    alice.expect("bob joined g.").await;
    bob.send("hello").await;
    alice.expect("bob: hello").await;
}

async fn unknown_names_are_refused(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let id = server.public_group("g").await;
    for (group, user) in
        [("g", "nobody"), ("nowhere", "alice"), ("nowhere", "nobody"), ("G", "alice"), ("g", "a\0")]
    {
        refused(&server, &group_path(group, user), "Invalid user or group!").await;
    }
    for path in ["/ws/group/%FC/alice", "/ws/group/g/al%FFice"] {
        refused(&server, path, "Invalid user or group!").await;
    }
    let members = server.http().await.get(&format!("/api/v1/groups/{id}/members/")).await;
    assert_eq!(members.ok(), json!([]));
}

async fn other_socket_paths_refuse_the_handshake(store: Store) {
    let server = Server::start(store).await;
    for path in
        ["/ws/nowhere", "/ws/group/g", "/ws/group/g/alice/more", "/ws/chat/one/bob", "/websocket", "/"]
    {
        let answer = refused_handshake(&server, path).await;
        assert!(
            (400..500).contains(&answer.status) || path == "/" && answer.status == 200,
            "{path}: {answer:?}"
        );
    }
}

async fn a_private_group_refuses_the_third_even_when_both_are_away(store: Store) {
    let mut server = Server::start(store).await;
    server.users(&["alice", "bob", "carol"]).await;
    let group = server.private_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    refused(&server, &group_path("g", "carol"), FULL).await;
    alice.send("undisturbed").await;
    alice.expect("alice: undisturbed").await;

    bob.close().await;
    alice.expect("bob left g.").await;
    alice.close().await;
    refused(&server, &group_path("g", "carol"), FULL).await;
    assert!(server.terminate().await.success());
    server.restart().await;
    refused(&server, &group_path("g", "carol"), FULL).await;
    Socket::join(&server, "g", "bob").await.close().await;
    assert_eq!(server.lines(group).await, ["alice: undisturbed"]);
}

async fn the_last_place_of_a_private_group_goes_to_one(store: Store) {
    const ROUNDS: usize = 25;
    let server = std::sync::Arc::new(Server::start(store).await);
    let names = ["alice", "bob", "carol", "dave"];
    server.users(&names).await;
    for round in 0..ROUNDS {
        let group = format!("g{round}");
        let id = server.private_group(&group).await;
        let mut attempts = JoinSet::new();
        for name in names {
            let (server, path) = (server.clone(), group_path(&group, name));
            attempts.spawn(async move {
                let mut socket = Socket::open(&server, &path).await;
                let line = socket.text().await;
                (line == FULL, socket)
            });
        }
        let outcomes = attempts.join_all().await;
        assert_eq!(outcomes.iter().filter(|(full, _)| *full).count(), 2, "round {round}");
        let members = server.http().await.get(&format!("/api/v1/groups/{id}/members/")).await.ok();
        assert_eq!(members.as_array().unwrap().len(), 2, "round {round}");
    }
}

async fn names_are_percent_decoded_once(store: Store) {
    let server = Server::start(store).await;
    let names = ["Zoë", "李 雷", "100%", "%41", "a+b?c#d", "👋"];
    for name in names {
        server.user(name).await;
        let group = format!("in {name}");
        server.public_group(&group).await;
        let mut socket = Socket::join(&server, &group, name).await;
        socket.send("x").await;
        socket.expect(&format!("{name}: x")).await;
    }
    refused(&server, "/ws/group/in%20Zo%C3%AB/A", "Invalid user or group!").await;
}

async fn an_echo_means_that_the_message_can_be_read(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    for count in 1..=20 {
        alice.send("x").await;
        alice.expect("alice: x").await;
        assert_eq!(server.messages(group).await.len(), count);
    }
}

async fn a_message_over_rest_is_heard(store: Store) {
    let server = Server::start(store).await;
    let (_, bot) = (server.user("alice").await, server.user("bot").await);
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let body = json!({ "group_id": group, "user_id": bot, "content": "beep", "client_id": "1" });
    for _ in 0..3 {
        server.http().await.post("/api/v1/messages/", &body).await.ok();
    }
    alice.expect("bot: beep").await;
    alice.send("once only").await;
    alice.expect("alice: once only").await;
}

async fn a_burst_arrives_in_order(store: Store) {
    const COUNT: usize = 500;
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    for number in 0..COUNT {
        alice.send(&format!("a{number}")).await;
        bob.send(&format!("b{number}")).await;
    }
    let mut heard = Vec::new();
    for _ in 0..2 * COUNT {
        heard.push(alice.text().await);
        bob.expect(heard.last().unwrap()).await;
    }
    for (name, initial) in [("alice", 'a'), ("bob", 'b')] {
        let own: Vec<&String> = heard.iter().filter(|line| line.starts_with(name)).collect();
        let expected: Vec<String> = (0..COUNT).map(|number| format!("{name}: {initial}{number}")).collect();
        assert!(own.into_iter().eq(expected.iter()), "{name}'s messages keep their order");
    }
    assert_eq!(server.lines(group).await, heard);
}

async fn announcements_stop_above_a_size(store: Store) {
    let server = Server::start_with(store, &["--announce-members-max", "2"]).await;
    server.users(&["alice", "bob", "carol", "dave"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    let mut sockets = Vec::new();
    for name in ["carol", "dave"] {
        let mut socket = Socket::open(&server, &group_path("g", name)).await;
        socket.send("here").await;
        for other in [&mut alice, &mut bob] {
            other.expect(&format!("{name}: here")).await;
        }
        sockets.push(socket);
    }
    sockets.pop().unwrap().close().await;
    bob.send("still here").await;
    bob.expect("bob: still here").await;
}
