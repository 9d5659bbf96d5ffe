//! Many members: each message reaches all, once, in order, whatever some of them do.

use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::{Socket, group_path};
use tokio::task::JoinSet;

both_stores_and_tls!(
    a_thousand_members_hear_everything_once_in_order,
    a_member_who_reads_nothing_stops_nobody,
    a_slow_reader_keeps_the_order_it_gets,
);

async fn a_thousand_members_hear_everything_once_in_order(store: Store) {
    // Each password takes its time to hash, so every user comes with many sockets.
    const USERS: usize = 40;
    const SOCKETS_EACH: usize = 25;
    const SENDERS: usize = 4;
    const MESSAGES_EACH: usize = 25;
    rlimit::increase_nofile_limit(4_096).expect("a limit of open files");

    let server = Server::start_with(store, &["--announce-members-max", "0"]).await;
    let group = server.public_group("g").await;
    let mut names = Vec::new();
    for number in 0..USERS {
        names.push(format!("user{number}"));
        server.user(&names[number]).await;
    }
    let mut sockets = Vec::new();
    for number in 0..USERS * SOCKETS_EACH {
        sockets.push(Socket::open(&server, &group_path("g", &names[number % USERS])).await);
    }
    // All are in the group once each has heard the one who came last.
    sockets.last_mut().unwrap().send("ready").await;
    let ready = format!("{}: ready", names[USERS - 1]);
    for socket in &mut sockets {
        socket.until(&ready).await;
    }
    for number in 0..MESSAGES_EACH {
        for socket in &mut sockets[..SENDERS] {
            socket.send(&number.to_string()).await;
        }
    }
    let mut readers = JoinSet::new();
    for mut socket in sockets {
        readers.spawn(async move {
            let mut heard = Vec::new();
            for _ in 0..SENDERS * MESSAGES_EACH {
                heard.push(socket.text().await);
            }
            (heard, socket)
        });
    }
    let heard = readers.join_all().await;
    let (first, _) = &heard[0];
    for (other, _) in &heard {
        assert!(other == first, "all hear the same in the same order");
    }
    for name in &names[..SENDERS] {
        let own: Vec<&String> = first.iter().filter(|line| line.starts_with(&format!("{name}: "))).collect();
        let expected: Vec<String> = (0..MESSAGES_EACH).map(|number| format!("{name}: {number}")).collect();
        assert!(own.into_iter().eq(expected.iter()), "{name}: {first:?}");
    }
    assert_eq!(server.lines(group).await[1..], first[..]);
}

async fn a_member_who_reads_nothing_stops_nobody(store: Store) {
    const COUNT: usize = 100;
    let options = ["--outbox-bytes-max", "1MiB", "--stall-timeout", "500ms"];
    let server = Server::start_with(store, &options).await;
    server.users(&["alice", "bob", "silent"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    let silent = Socket::join(&server, "g", "silent").await;
    for line in ["bob joined g.", "silent joined g."] {
        alice.expect(line).await;
    }
    bob.expect("silent joined g.").await;

    let content = "x".repeat(200_000);
    for number in 0..COUNT {
        let text = format!("{number} {content}");
        alice.send(&text).await;
        let line = format!("alice: {text}");
        for socket in [&mut alice, &mut bob] {
            let mut heard = socket.text().await;
            if heard == "silent left g." {
                heard = socket.text().await;
            }
            assert!(heard == line, "message {number} is whole and in its place");
        }
    }
    assert_eq!(server.messages(group).await.len(), COUNT);
    drop(silent);
}

async fn a_slow_reader_keeps_the_order_it_gets(store: Store) {
    const COUNT: usize = 2_000;
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    let padding = "x".repeat(2_000);
    for number in 0..COUNT {
        alice.send(&format!("{number} {padding}")).await;
        alice.expect(&format!("alice: {number} {padding}")).await;
    }
    for number in 0..COUNT {
        bob.expect(&format!("alice: {number} {padding}")).await;
    }
}
