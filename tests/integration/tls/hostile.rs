//! Clients who do not mean well, or whose network does not.

use groupcast_kit::random::{Random, seeds};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{ask, bare, client, connect, figure, start};
use crate::support::chat::text;
use crate::support::json::JsonSocket;
use crate::support::server::{NAME, Server};
use crate::support::{patiently, until};

/// What a client of the name says first.
fn hello(server: &Server) -> Vec<u8> {
    use tokio_rustls::rustls::ClientConnection;
    let name = NAME.try_into().unwrap();
    let mut connection = ClientConnection::new(std::sync::Arc::new(client(server)), name).unwrap();
    let mut hello = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut hello).unwrap();
    }
    hello
}

/// All that the server says to these bytes until it ends the connection, orderly or not.
async fn answer(mut stream: TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let _ = patiently("the end", stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn handshakes_that_stall_end_and_cost_nobody_anything() {
    let server = start(&["--head-timeout=3s", "--idle-timeout=60s"]).await;
    let mut before = connect(&server, client(&server)).await.unwrap();
    ask(&mut before).await;
    let hello = hello(&server);
    let mut stalled = Vec::new();
    for number in 0..300 {
        let mut stream = bare(&server).await;
        // Nothing, a part, or all of what a client says first.
        stream.write_all(&hello[..hello.len() * (number % 3) / 2]).await.unwrap();
        stalled.push(stream);
        if number % 50 == 0 {
            ask(&mut before).await;
            ask(&mut connect(&server, client(&server)).await.unwrap()).await;
        }
    }
    for stream in stalled {
        answer(stream).await;
    }
    ask(&mut before).await;
    assert_eq!(figure(&server, r#"groupcast_tls_handshakes_total{result="timed_out"}"#).await, 300.0);
}

#[tokio::test]
async fn stalled_handshakes_count_as_connections() {
    let server = start(&["--head-timeout=2s", "--connections-max=10"]).await;
    let mut stalled = Vec::new();
    for _ in 0..10 {
        stalled.push(bare(&server).await);
    }
    // One too many is closed at once, without an answer.
    until("the server to be full", async || answer(bare(&server).await).await.is_empty().then_some(())).await;
    for stream in stalled {
        answer(stream).await;
    }
    ask(&mut connect(&server, client(&server)).await.unwrap()).await;
}

#[tokio::test]
async fn what_is_no_handshake_ends_the_connection() {
    let server = start(&["--head-timeout=60s"]).await;
    let hello = hello(&server);
    let mut random = Random::new(7);
    let mut garbage: Vec<Vec<u8>> = vec![
        vec![0; 100],
        b"\x16\x03\x01\xff\xff".to_vec(),
        b"\x16\x03\x01\x00\x00".to_vec(),
        b"\x15\x03\x03\x00\x02\x02\x28".to_vec(),
        b"\x17\x03\x03\x00\x10aaaaaaaaaaaaaaaa".to_vec(),
        // SSL 2.
        b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10".to_vec(),
    ];
    for _ in 0..50 {
        let mut damaged = hello.clone();
        // The lengths of records stay: a longer one would be waited for.
        let place = 9 + random.below(damaged.len() as u64 - 9) as usize;
        damaged[place] ^= 1 << random.below(8);
        garbage.push(damaged);
    }
    for bytes in garbage {
        let mut stream = bare(&server).await;
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        answer(stream).await;
    }
    ask(&mut connect(&server, client(&server)).await.unwrap()).await;
}

/// Whoever is cut off in the midst of a record has said all that came before it, once, and nothing else.
#[tokio::test]
async fn a_client_that_is_cut_off_has_said_what_came_whole() {
    use tokio_rustls::rustls::ClientConnection;
    let server = start(&[]).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let mut bob = JsonSocket::join(&server, group, "bob").await;
    for seed in seeds(20) {
        let mut random = Random::new(seed);
        let mut stream = connect(&server, client(&server)).await.unwrap();
        stream
            .write_all(
                b"GET /ws/group/g/alice HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            )
            .await
            .unwrap();
        let mut head = Vec::new();
        while !head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            assert_ne!(patiently("an answer", stream.read_buf(&mut head)).await.unwrap(), 0);
        }
        let (mut tcp, mut connection): (TcpStream, ClientConnection) = stream.into_inner();
        let mut records = Vec::new();
        let mut ends = Vec::new();
        for number in 0..10 {
            let content = format!("{seed}:{number}:{}", "x".repeat(random.below(100) as usize));
            let mut frame = vec![0x81];
            match content.len() {
                length @ 0..=125 => frame.push(0x80 | length as u8),
                length => frame.extend([0x80 | 126, (length >> 8) as u8, length as u8]),
            }
            frame.extend([0; 4]);
            frame.extend(content.as_bytes());
            std::io::Write::write_all(&mut connection.writer(), &frame).unwrap();
            while connection.wants_write() {
                connection.write_tls(&mut records).unwrap();
            }
            ends.push((records.len(), content));
        }
        let cut = random.below(records.len() as u64 + 1) as usize;
        tcp.write_all(&records[..cut]).await.unwrap();
        tcp.shutdown().await.unwrap();
        answer(tcp).await;
        let whole: Vec<String> =
            ends.into_iter().filter(|(end, _)| *end <= cut).map(|(_, content)| content).collect();
        for content in &whole {
            let event = bob.until("message").await;
            assert_eq!(text(&event["content"]), content, "seed {seed}");
        }
    }
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    alice.say(group, "last").await;
    assert_eq!(text(&bob.until("message").await["content"]), "last");
}

/// Records that were changed on the way end the connection of whom they come from, and no other.
#[tokio::test]
async fn a_record_that_was_changed_ends_the_connection() {
    let server = start(&[]).await;
    // The length, and what it is the length of. What stands before is nobody's concern from version 1.3 on.
    for place in [4, 7, 20] {
        let mut stream = connect(&server, client(&server)).await.unwrap();
        ask(&mut stream).await;
        let (mut tcp, mut connection) = stream.into_inner();
        std::io::Write::write_all(&mut connection.writer(), b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        let mut records = Vec::new();
        connection.write_tls(&mut records).unwrap();
        records[place] ^= 1;
        tcp.write_all(&records).await.unwrap();
        tcp.shutdown().await.unwrap();
        let answer = answer(tcp).await;
        // An alert at most.
        assert!(answer.len() < 100, "byte {place}: {} bytes", answer.len());
    }
    ask(&mut connect(&server, client(&server)).await.unwrap()).await;
}
