//! The private chat of two.

use crate::support::chat::text;
use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::{Socket, encoded, group_path, refused_handshake};
use serde_json::Value;

both_stores!(
    two_users_chat_whoever_comes_first,
    two_who_come_at_once_share_one_group,
    the_group_is_private_and_heard_from_both_paths,
    a_chat_takes_up_a_private_group_made_before,
    unknown_users_are_refused,
    a_user_may_chat_with_themself,
);

fn chat_path(sender: i64, receiver: &str) -> String {
    format!("/ws/chat/{sender}/{}", encoded(receiver))
}

async fn groups(server: &Server) -> Vec<Value> {
    server.http().await.get("/api/v1/groups/").await.ok().as_array().unwrap().clone()
}

/// Opens a chat and reads the line that says so.
async fn chat(server: &Server, sender: (i64, &str), receiver: &str) -> Socket {
    let mut socket = Socket::open(server, &chat_path(sender.0, receiver)).await;
    socket.expect(&format!("{} joined the chat.", sender.1)).await;
    socket
}

async fn two_users_chat_whoever_comes_first(store: Store) {
    let server = Server::start(store).await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    let mut one = chat(&server, (alice, "alice"), "bob").await;
    let mut two = Socket::open(&server, &format!("/api/v1{}", chat_path(bob, "alice"))).await;
    for socket in [&mut one, &mut two] {
        socket.expect("bob joined the chat.").await;
    }
    one.send("hello").await;
    two.expect("alice: hello").await;
    two.send("hi").await;
    for line in ["alice: hello", "bob: hi"] {
        one.expect(line).await;
    }
    two.close().await;
    one.expect("bob left the chat.").await;

    let groups = groups(&server).await;
    assert_eq!(groups.len(), 1);
    let id = groups[0]["id"].as_i64().unwrap();
    assert_eq!(server.lines(id).await, ["alice: hello", "bob: hi"]);
}

async fn two_who_come_at_once_share_one_group(store: Store) {
    const ROUNDS: usize = 10;
    let server = Server::start(store).await;
    for round in 1..=ROUNDS {
        let (one, two) = (format!("one{round}"), format!("two{round}"));
        let ids = (server.user(&one).await, server.user(&two).await);
        let paths = (chat_path(ids.0, &two), chat_path(ids.1, &one));
        let (mut first, mut second) =
            tokio::join!(Socket::open(&server, &paths.0), Socket::open(&server, &paths.1));
        first.until(&format!("{one} joined the chat.")).await;
        second.until(&format!("{two} joined the chat.")).await;
        for (sender, line) in [(true, format!("{one}: x")), (false, format!("{two}: x"))] {
            if sender { &mut first } else { &mut second }.send("x").await;
            first.until(&line).await;
            second.until(&line).await;
        }
        assert_eq!(groups(&server).await.len(), round);
    }
}

async fn the_group_is_private_and_heard_from_both_paths(store: Store) {
    let server = Server::start(store).await;
    let (alice, _) = (server.user("alice").await, server.user("bob").await);
    server.user("carol").await;
    let mut one = chat(&server, (alice, "alice"), "bob").await;
    let group = groups(&server).await.remove(0);
    let name = text(&group["name"]);
    assert_eq!(group["is_private"], true);
    let digits = name.strip_prefix("private_").expect(name);
    assert!(digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{name}");

    let mut two = Socket::join(&server, name, "bob").await;
    one.expect(&format!("bob joined {name}.")).await;
    two.send("through the group").await;
    one.expect("bob: through the group").await;
    one.send("through the chat").await;
    two.expect("bob: through the group").await;
    two.expect("alice: through the chat").await;

    let mut three = Socket::open(&server, &group_path(name, "carol")).await;
    three.expect("This is a private group and is already full.").await;
    three.expect_close(1000).await;
}

async fn a_chat_takes_up_a_private_group_made_before(store: Store) {
    let mut server = Server::start(store).await;
    let (alice, bob) = (server.user("alice").await, server.user("bob").await);
    chat(&server, (alice, "alice"), "bob").await.close().await;
    assert!(server.terminate().await.success());
    server.restart().await;
    chat(&server, (bob, "bob"), "alice").await.close().await;
    chat(&server, (alice, "alice"), "bob").await.close().await;
    assert_eq!(groups(&server).await.len(), 1);
}

async fn unknown_users_are_refused(store: Store) {
    let server = Server::start(store).await;
    let alice = server.user("alice").await;
    for path in [chat_path(alice, "nobody"), chat_path(999_999, "alice"), chat_path(-1, "nobody")] {
        let mut socket = Socket::open(&server, &path).await;
        socket.expect("Invalid sender or receiver!").await;
        socket.expect_close(1000).await;
    }
    for path in ["/ws/chat/alice/alice", "/ws/chat/1.5/alice"] {
        let answer = refused_handshake(&server, path).await;
        assert!((400..500).contains(&answer.status), "{path}: {answer:?}");
    }
    assert!(groups(&server).await.is_empty());
}

async fn a_user_may_chat_with_themself(store: Store) {
    let server = Server::start(store).await;
    let alice = server.user("alice").await;
    let mut one = chat(&server, (alice, "alice"), "alice").await;
    one.send("note to self").await;
    one.expect("alice: note to self").await;
    chat(&server, (alice, "alice"), "alice").await.close().await;
    one.expect("alice joined the chat.").await;
    assert_eq!(groups(&server).await.len(), 1);
}
