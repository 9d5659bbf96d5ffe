//! `/ws/echo`: what is sent comes back as it was.

use super::client::{OFFER, Peer, RSV1, deflated, noise, prose};
use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::{Message, Socket, refused_handshake};

const BYTES_MAX: usize = 16 << 20;

#[tokio::test]
async fn without_the_setting_there_is_no_such_path() {
    let server = Server::start(Store::Sqlite).await;
    let (refused, unknown) =
        (refused_handshake(&server, "/ws/echo").await, refused_handshake(&server, "/ws/nothing").await);
    assert_eq!((refused.status, &refused.body), (403, &unknown.body));
    assert_eq!(server.http().await.get("/ws/echo").await.status, 404);
}

#[tokio::test]
async fn text_and_binary_come_back_as_they_came() {
    let server = Server::start_with(Store::Sqlite, &["--enable-echo"]).await;
    let mut socket = Socket::open(&server, "/ws/echo").await;
    for message in [
        Message::text(""),
        Message::text("Grüße"),
        Message::binary(vec![]),
        Message::binary(noise(70_000)),
        Message::text("x".repeat(BYTES_MAX)),
        Message::binary(vec![7; BYTES_MAX]),
    ] {
        socket.send_message(message.clone()).await;
        assert!(socket.next().await == Some(message));
    }
    socket.send_message(Message::Ping("still here".into())).await;
    assert_eq!(socket.expect_pong().await, b"still here");
    socket.send_message(Message::binary(vec![7; BYTES_MAX + 1])).await;
    socket.expect_close(1009).await;
}

#[tokio::test]
async fn what_was_compressed_comes_back_compressed() {
    let server = Server::start_with(Store::Sqlite, &["--enable-echo", "--deflate"]).await;
    let mut peer = Peer::open(&server, "/ws/echo", OFFER).await;
    let (text, bytes) = (prose(50_000).into_bytes(), noise(50_000));
    for (opcode, payload, count) in [(1, &text, 1), (2, &text, 2), (2, &bytes, 2), (1, &Vec::new(), 2)] {
        peer.frame(0x80 | RSV1 | opcode, &deflated(payload)).await;
        assert!(peer.next().await == Some((opcode, payload.clone())));
        assert_eq!(peer.deflated, count);
    }
}
