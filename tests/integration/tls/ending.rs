//! How connections end.

use tokio::io::AsyncWriteExt;

use super::{ask, client, connect, rest, start};
use crate::support::http::request;
use crate::support::server::Signal;

/// Behind the last byte the server says that it was the last (RFC 8446, section 6.1).
#[tokio::test]
async fn connections_end_with_a_word() {
    let mut server = start(&["--idle-timeout=300ms"]).await;
    // After the last answer.
    let mut stream = connect(&server, client(&server)).await.unwrap();
    stream.write_all(&request("GET", "/healthz", &[("Connection", "close")], b"")).await.unwrap();
    let (answer, end) = rest(&mut stream).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", answer.escape_ascii());
    end.unwrap();
    // Of one that is idle.
    let mut stream = connect(&server, client(&server)).await.unwrap();
    ask(&mut stream).await;
    let (nothing, end) = rest(&mut stream).await;
    assert!(nothing.is_empty());
    end.unwrap();
    // When the server stops.
    let mut stream = connect(&server, client(&server)).await.unwrap();
    ask(&mut stream).await;
    server.signal(Signal::TERM);
    let (_, end) = rest(&mut stream).await;
    end.unwrap();
    assert_eq!(server.exit().await.code(), Some(0));
}

/// Of a WebSocket too, behind the close frame.
#[tokio::test]
async fn a_socket_ends_with_a_word() {
    let server = start(&[]).await;
    let mut stream = connect(&server, client(&server)).await.unwrap();
    let headers = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    stream.write_all(&request("GET", "/ws", &headers, b"")).await.unwrap();
    // A close frame with code 1000.
    stream.write_all(b"\x88\x82\0\0\0\0\x03\xe8").await.unwrap();
    let (said, end) = rest(&mut stream).await;
    end.unwrap();
    assert!(said.ends_with(b"\x88\x02\x03\xe8"), "{}", said.escape_ascii());
}
