//! Connections that begin with a header of the PROXY protocol.

use std::collections::BTreeSet;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::{PROXY, STRANGER, Tally, tcp_from};
use crate::support::chat::text;
use crate::support::database::Store;
use crate::support::http::{Connection, request};
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::{Socket, group_path};

const TRIES: u8 = 20;

async fn start(options: &[&str]) -> Server {
    let trust = ["--proxy-protocol", "--trusted-proxies=127.0.0.2"];
    Server::start_with(Store::Sqlite, &[&trust[..], options].concat()).await
}

fn v1(client: u8) -> Vec<u8> {
    format!("PROXY TCP4 192.0.2.{client} 127.0.0.1 4711 80\r\n").into_bytes()
}

/// With so many bytes of what a proxy may add.
fn v2_with(client: u8, more: u16) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11".to_vec();
    header.extend((12 + more).to_be_bytes());
    header.extend([192, 0, 2, client, 127, 0, 0, 1, 0x12, 0x67, 0, 80]);
    header.resize(header.len() + usize::from(more), 0);
    header
}

fn v2(client: u8) -> Vec<u8> {
    v2_with(client, 0)
}

/// A connection of a proxy that has sent this header.
async fn introduced(server: &Server, header: &[u8]) -> TcpStream {
    let mut stream = tcp_from(server, PROXY).await;
    stream.write_all(header).await.unwrap();
    stream
}

/// What the server says to a connection that begins with these bytes, until it closes.
async fn last_words(server: &Server, source: &str, bytes: &[u8]) -> String {
    let mut connection = Connection::over(tcp_from(server, source).await);
    connection.send(bytes).await;
    connection.closed().await
}

#[tokio::test]
async fn the_header_tells_the_address() {
    let server = start(&["--request-rate=1", "--request-burst=1"]).await;
    let groups = request("GET", "/api/v1/groups/", &[], b"");
    let ask = async |header: Vec<u8>| {
        let mut connection = Connection::over(introduced(&server, &header).await);
        connection.send(&groups).await;
        connection.receive().await
    };
    for number in 0..TRIES {
        assert_eq!(ask(v1(number)).await.status, 200);
        assert_eq!(ask(v2_with(100 + number, 100 * u16::from(number))).await.status, 200);
    }
    for header in [v1(200), v2(201), b"PROXY UNKNOWN\r\n".to_vec()] {
        let mut tally = Tally::start();
        for _ in 0..TRIES {
            tally.count(&ask(header.clone()).await, 200, "Too many requests");
        }
        tally.assert_one_rate();
    }
    // The client that the header names is no proxy, whatever it says of others.
    let mut connection = Connection::over(introduced(&server, &v1(202)).await);
    let mut tally = Tally::start();
    for number in 0..TRIES {
        let client = format!("198.51.100.{number}");
        let answer = connection.request("GET", "/api/v1/groups/", &[("X-Forwarded-For", &client)], b"").await;
        tally.count(&answer, 200, "Too many requests");
    }
    tally.assert_one_rate();
}

#[tokio::test]
async fn only_a_proxy_sends_one_and_it_must() {
    let server = start(&["--head-timeout=500ms"]).await;
    let health = request("GET", "/healthz", &[("Connection", "close")], b"");
    let words = |source, parts: &[&[u8]]| {
        let (server, bytes) = (&server, parts.concat());
        async move { last_words(server, source, &bytes).await }
    };
    assert!(words(PROXY, &[&v1(1), &health]).await.starts_with("HTTP/1.1 200 "));
    assert!(words(PROXY, &[&v2_with(1, 4084), &health]).await.starts_with("HTTP/1.1 200 "));
    assert!(words(STRANGER, &[&health]).await.starts_with("HTTP/1.1 200 "));
    assert!(words(STRANGER, &[&v1(1), &health]).await.starts_with("HTTP/1.1 400 "));
    assert!(words(STRANGER, &[&v2(1), &health]).await.starts_with("HTTP/1.1 400 "));
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92)).into_bytes();
    for header in [&[][..], b"PROXY TCP4 nowhere\r\n", &long, &v2_with(1, 4085), &v2(1)[1..]] {
        assert_eq!(words(PROXY, &[header, &health]).await, "", "{header:?}");
    }
    // Nor does it get any answer if the header does not come in time.
    for part in [&b""[..], b"P", &v1(1)[..30], &v2(1)[..20]] {
        assert_eq!(words(PROXY, &[part]).await, "", "{part:?}");
    }
}

#[tokio::test]
async fn a_header_may_come_in_pieces() {
    let server = start(&[]).await;
    let health = request("GET", "/healthz", &[], b"");
    for header in [v1(1), v2(1)] {
        let mut stream = tcp_from(&server, PROXY).await;
        stream.set_nodelay(true).unwrap();
        for byte in header.iter().chain(&health) {
            stream.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(Connection::over(stream).receive().await.status, 200);
    }
}

/// Which group a socket asks for is looked up before its request is read, behind the header; so all of a small group
/// meet on one core, which stands in the id of a connection.
#[tokio::test]
async fn sockets_find_their_group_behind_a_header() {
    let server = start(&["--threads=4"]).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let path = group_path("g", "bob") + "?protocol=chat.v1.json";
    let mut sockets = Vec::new();
    for number in 0..TRIES {
        let header = if number % 2 == 0 { v1(number) } else { v2_with(number, 600) };
        let socket = Socket::open_over(introduced(&server, &header).await, &path).await;
        sockets.push(JsonSocket::over(socket));
    }
    let mut cores = BTreeSet::new();
    for socket in &mut sockets {
        let welcome = socket.event("welcome").await;
        cores.insert(text(&welcome["connection_id"]).split('-').next().unwrap().to_owned());
        socket.until("caught_up").await;
    }
    assert_eq!(cores.len(), 1, "{cores:?}");
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    alice.store(group, "hello").await;
    for socket in &mut sockets {
        assert_eq!(socket.until("message").await["content"], "hello");
    }
}
