//! Messages that have begun to arrive and are not finished: bounded over all sockets, and not for ever.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;

use tokio::task::JoinSet;

use crate::support::blocking::{crowd_turn, open_crowd, raise_open_files_max};
use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::{Data, Message, Socket};
use crate::support::until;

const SOCKETS_MAX: usize = 10_000;
/// Files of the server and of the test that are none of these sockets, and those that the server keeps back.
const FILES_SPARE: usize = 1_000;
const MESSAGE_BYTES: usize = 1 << 20;
/// More than a message may have that is served whatever others have begun.
const BEGUN_BYTES: usize = 8 << 10;
/// With a quarter of the bound for small messages, what large ones may take.
const LARGE_BYTES_MAX: u64 = 192 << 20;
const RESIDENT_MAX: u64 = 320 << 20;

/// The beginning of a text of one MiB: its head and half of it. The key of its mask is zero.
fn half() -> Vec<u8> {
    let mut frame = vec![0x81, 0x80 | 127];
    frame.extend_from_slice(&(MESSAGE_BYTES as u64).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.resize(frame.len() + MESSAGE_BYTES / 2, b'x');
    frame
}

/// Sends as much as the system takes.
fn pour(stream: &mut TcpStream, bytes: &[u8], sent: &mut usize) {
    while *sent < bytes.len() {
        match stream.write(&bytes[*sent..]) {
            Ok(length) => *sent += length,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("the server is there: {error}"),
        }
    }
}

#[tokio::test]
async fn ten_thousand_halves_of_a_message_cost_bounded_memory_and_nobody_else() {
    let _turn = crowd_turn().await;
    let count = SOCKETS_MAX.min(raise_open_files_max() - FILES_SPARE);
    // Nobody here answers pings or says hello.
    let options = ["--heartbeat", "1h", "--hello-timeout", "1h"];
    let server = Server::start_with(Store::Sqlite, &options).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;

    let half = half();
    let mut streams: Vec<(TcpStream, usize)> = open_crowd(server.address(), count, |_, _| {})
        .into_iter()
        .map(|socket| (socket.into_parts().0, 0))
        .collect();
    for (stream, sent) in &mut streams {
        stream.set_nonblocking(true).unwrap();
        pour(stream, &half, sent);
    }
    until("all that there is room for to be read", async || {
        streams.iter_mut().for_each(|(stream, sent)| pour(stream, &half, sent));
        (server.memory("VmRSS") > LARGE_BYTES_MAX).then_some(())
    })
    .await;
    for content in ["hello", &"long".repeat(700)] {
        alice.send(content).await;
        alice.expect(&format!("alice: {content}")).await;
    }
    let unsent = streams.iter().filter(|(_, sent)| *sent < half.len()).count();
    assert!(unsent > count / 2, "only {unsent} of {count} wait");
    let resident = server.memory("VmHWM");
    assert!(resident <= RESIDENT_MAX, "{} MiB", resident >> 20);

    assert_eq!(server.messages(group).await.len(), 2);
}

#[tokio::test]
async fn a_message_that_stands_still_is_closed_with_1013() {
    for part in [&b"beg"[..], b""] {
        let server = Server::start_with(Store::Sqlite, &["--stall-timeout", "1s"]).await;
        server.users(&["alice", "bob"]).await;
        server.public_group("g").await;
        let mut alice = Socket::join(&server, "g", "alice").await;
        let mut bob = Socket::join(&server, "g", "bob").await;
        bob.send("undisturbed").await;
        bob.send_frame(part, Data::Text, false).await;
        bob.expect("bob: undisturbed").await;
        bob.expect_close(1013).await;
        // Who sends nothing at all may be silent for as long as they like.
        alice.until("bob left g.").await;
        alice.send("still here").await;
        alice.expect("alice: still here").await;
    }
}

#[tokio::test]
async fn messages_above_the_bound_wait_and_are_closed_with_1013() {
    let options = ["--unfinished-bytes-max", "1MiB", "--stall-timeout", "2s"];
    let server = Server::start_with(Store::Sqlite, &options).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut stuck = Vec::new();
    for _ in 0..4 {
        let mut bob = Socket::join(&server, "g", "bob").await;
        bob.send_frame(&vec![b'x'; MESSAGE_BYTES / 2], Data::Text, false).await;
        stuck.push(bob);
    }
    alice.send("undisturbed").await;
    alice.until("alice: undisturbed").await;
    for bob in &mut stuck {
        bob.until_close(1013).await;
    }
    let largest = "z".repeat(MESSAGE_BYTES);
    alice.send(&largest).await;
    alice.until(&format!("alice: {largest}")).await;
}

#[tokio::test]
async fn many_large_messages_pass_one_after_the_other() {
    const SENDERS: usize = 8;
    let server =
        Server::start_with(Store::Sqlite, &["--unfinished-bytes-max", "1MiB", "--threads", "2"]).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut senders = Vec::new();
    for _ in 0..SENDERS {
        senders.push(Socket::open(&server, "/ws/group/g/alice").await);
    }
    let content = "z".repeat(MESSAGE_BYTES);
    let (begun, rest) = content.as_bytes().split_at(BEGUN_BYTES);
    // All have begun before any goes on: what begins while there is no room at all is refused, and rightly so.
    for sender in &mut senders {
        sender.send_frame(begun, Data::Text, false).await;
        sender.send_message(Message::Ping("begun".into())).await;
        while !matches!(sender.next().await.expect("an open socket"), Message::Pong(_)) {}
    }
    let mut sending = JoinSet::new();
    for mut sender in senders {
        let (content, rest) = (content.clone(), rest.to_vec());
        sending.spawn(async move {
            sender.send_frame(&rest, Data::Continue, true).await;
            for _ in 0..SENDERS {
                sender.until(&format!("alice: {content}")).await;
            }
        });
    }
    // The first that fails ends it: the others would wait for a message that does not come.
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
    assert_eq!(server.messages(group).await.len(), SENDERS);
}
