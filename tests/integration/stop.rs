//! The stop ends, whatever hangs, and says what it gave up on.
//!
//! The server itself holds the ten seconds: it ends with an error if it takes longer. So a test need not look at a
//! clock: status 0 says that the stop took less.

use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use crate::support::database::{Database, Store};
use crate::support::own_postgres::OwnPostgres;
use crate::support::patiently;
use crate::support::postgres::Postgres;
use crate::support::server::Server;
use crate::support::socket::Socket;

const MIB: usize = 1 << 20;
/// More than the kernel takes for a socket that is not read from.
const MESSAGES: usize = 24;
const OPTIONS: [&str; 2] = ["--outbox-bytes-max", "64MiB"];

const REQUESTS: &str = "not all requests could be finished";
const MESSAGES_UNSTORED: &str = "not all messages could be stored";
const CLIENTS: &str = "not all clients took what waited for them";
const STORE: &str = "the store could not be closed";

/// A message over REST of which the last byte is missing. The server is reading it when this returns.
async fn half_a_request(server: &Server, group: i64) -> TcpStream {
    let body = format!(r#"{{"group_id": {group}, "user_id": 1, "content": "x"}}"#);
    let mut stream = server.tcp().await;
    let head = format!(
        "POST /api/v1/messages/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nExpect: 100-continue\r\n\
         Content-Length: {}\r\n\r\n",
        body.len() + 1,
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    patiently("the server to ask for the body", stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, *b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(body.as_bytes()).await.unwrap();
    stream
}

/// Fills what the server keeps for a member who reads nothing.
async fn fill(server: &Server) -> (Socket, Socket) {
    let mut alice = Socket::join(server, "g", "alice").await;
    let silent = Socket::join(server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    let content = "x".repeat(MIB);
    for _ in 0..MESSAGES {
        alice.send(&content).await;
        alice.expect(&format!("alice: {content}")).await;
    }
    (alice, silent)
}

fn assert_given_up(server: &Server, expected: &[&str]) {
    let log = server.log();
    for reason in [REQUESTS, MESSAGES_UNSTORED, CLIENTS, STORE] {
        assert_eq!(log.contains(reason), expected.contains(&reason), "{reason:?} in the log:\n{log}");
    }
}

#[tokio::test]
async fn it_gives_up_on_clients_and_requests() {
    let mut server = Server::start_with(Store::Sqlite, &OPTIONS).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let (mut alice, _silent) = fill(&server).await;
    let _request = half_a_request(&server, group).await;
    server.signal(Signal::TERM);
    alice.until_close(1001).await;
    assert_eq!(server.exit().await.code(), Some(0));
    assert_given_up(&server, &[REQUESTS, CLIENTS]);
}

#[tokio::test]
async fn it_gives_up_on_a_database_that_does_not_answer() {
    let postgres = OwnPostgres::launch().await;
    let mut server = Server::start_on(Database::at(postgres.url().to_owned()), &OPTIONS).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let (mut alice, _silent) = fill(&server).await;
    let _request = half_a_request(&server, group).await;
    let _frozen = postgres.have(Postgres::freeze).await;
    alice.send("never stored").await;
    // The pong says that the server has read what came before the ping.
    alice.send_message(Message::Ping("read".into())).await;
    assert_eq!(alice.expect_pong().await, b"read");
    server.signal(Signal::TERM);
    assert_eq!(server.exit().await.code(), Some(0));
    assert_given_up(&server, &[REQUESTS, MESSAGES_UNSTORED, CLIENTS, STORE]);
}

#[tokio::test]
async fn it_gives_up_on_nothing_that_does_not_hang() {
    let mut server = Server::start(Store::Sqlite).await;
    server.users(&["alice"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    server.signal(Signal::TERM);
    alice.until_close(1001).await;
    drop(alice);
    assert_eq!(server.exit().await.code(), Some(0));
    assert_given_up(&server, &[]);
}

#[tokio::test]
async fn it_goes_on_while_balancers_find_out() {
    let mut server = Server::start_with(Store::Sqlite, &["--drain-delay=60"]).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    server.ready(true).await;
    server.signal(Signal::TERM);
    server.ready(false).await;
    assert_eq!(server.http().await.get("/healthz").await.status, 200);
    // Balancers that have not looked yet send clients here.
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    bob.send("still here").await;
    alice.expect("bob: still here").await;
    bob.expect("bob: still here").await;
    server.signal(Signal::TERM);
    alice.until_close(1001).await;
    bob.until_close(1001).await;
    drop((alice, bob));
    assert_eq!(server.exit().await.code(), Some(0));
    assert_given_up(&server, &[]);
}

#[tokio::test]
async fn it_stops_by_itself_when_they_have_had_their_time() {
    let mut server = Server::start_with(Store::Sqlite, &["--drain-delay=500ms"]).await;
    server.users(&["alice"]).await;
    server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    server.signal(Signal::TERM);
    server.ready(false).await;
    alice.until_close(1001).await;
    drop(alice);
    assert_eq!(server.exit().await.code(), Some(0));
}
