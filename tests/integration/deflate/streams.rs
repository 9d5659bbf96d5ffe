//! What comes compressed.

use super::client::{OFFER, Peer, RSV1, deflated, noise, prose};
use crate::support::database::Store;
use crate::support::server::Server;

const TEXT: u8 = 0x01;
const CONTINUE: u8 = 0x00;
const FINAL: u8 = 0x80;

async fn start(options: &[&str]) -> (Server, i64) {
    let server = Server::start_with(Store::Sqlite, &[&["--deflate"], options].concat()).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

async fn join(server: &Server) -> Peer {
    let mut alice = Peer::open(server, "/ws/group/g/alice", OFFER).await;
    alice.until("alice joined g.").await;
    alice
}

#[tokio::test]
async fn messages_are_the_same_however_they_came() {
    let (server, group) = start(&[]).await;
    let mut alice = join(&server).await;
    let mut lines = Vec::new();
    let incompressible: String = noise(500_000).iter().map(|byte| char::from(32 + byte % 95)).collect();
    for content in ["", "hello", "Grüße 👋", &prose(100_000), &prose(1 << 20), &incompressible] {
        let whole = deflated(content.as_bytes());
        alice.say(content).await;
        alice.say_deflated(content).await;
        // In fragments of any size, control frames in between, the last of them empty.
        let (start, rest) = whole.split_at(whole.len() / 3);
        alice.frame(TEXT | RSV1, start).await;
        alice.frame(0x89, b"between").await;
        for fragment in rest.chunks(rest.len() / 2 + 1) {
            alice.frame(CONTINUE, fragment).await;
        }
        alice.frame(CONTINUE | FINAL, b"").await;
        let line = format!("alice: {content}");
        for _ in 0..3 {
            assert!(alice.text().await == line, "{} bytes", content.len());
            lines.push(line.clone());
        }
    }
    // Nobody has to compress what they do not want to, nor in the best way.
    alice.frame(FINAL | RSV1 | TEXT, b"\x00\x05\x00\xfa\xffHello\x00").await;
    alice.frame(FINAL | RSV1 | TEXT, b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00").await;
    alice.frame(FINAL | RSV1 | TEXT, b"").await;
    for line in ["alice: Hello", "alice: Hello", "alice: "] {
        assert_eq!(alice.text().await, line);
        lines.push(line.to_owned());
    }
    assert!(server.lines(group).await == lines);
}

#[tokio::test]
async fn a_byte_at_a_time_is_enough() {
    let (server, _) = start(&[]).await;
    let mut alice = join(&server).await;
    let content = prose(300);
    let payload = deflated(content.as_bytes());
    let mut bytes = vec![FINAL | RSV1 | TEXT, 0x80 | 126];
    bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(&payload);
    for byte in bytes {
        alice.bytes(&[byte]).await;
    }
    assert_eq!(alice.text().await, format!("alice: {content}"));
}

#[tokio::test]
async fn what_breaks_the_rules_is_closed_with_its_code() {
    let (server, group) = start(&[]).await;
    let whole = deflated(prose(10_000).as_bytes());
    let not_text = deflated(b"abc\xff");
    let ends_in_a_character = deflated("é".as_bytes().split_at(1).0);
    for (frames, code) in [
        // Broken data, cut off data, and what refers to a message before.
        (&[(FINAL | RSV1 | TEXT, &b"\xff\xff\xff"[..])][..], 1007),
        (&[(FINAL | RSV1 | TEXT, &whole[..whole.len() / 2])], 1007),
        (&[(FINAL | RSV1 | TEXT, &whole[1..])], 1007),
        (&[(FINAL | RSV1 | TEXT, b"\x02\x41\x00")], 1007),
        // What comes out is not text.
        (&[(FINAL | RSV1 | TEXT, &not_text)], 1007),
        (&[(FINAL | RSV1 | TEXT, &ends_in_a_character)], 1007),
        // The bit where it must not be.
        (&[(TEXT | RSV1, &whole[..9]), (CONTINUE | RSV1 | FINAL, &whole[9..])], 1002),
        (&[(TEXT, b"abc"), (CONTINUE | RSV1 | FINAL, b"def")], 1002),
        (&[(0x89 | RSV1, b"ping")], 1002),
        (&[(0x8A | RSV1, b"pong")], 1002),
        (&[(0x88 | RSV1, b"\x03\xe8")], 1002),
        // The other bits belong to nobody.
        (&[(FINAL | 0x20 | TEXT, b"a")], 1002),
        (&[(FINAL | 0x10 | RSV1 | TEXT, &whole)], 1002),
        // Binary is not for chat, compressed or not.
        (&[(FINAL | RSV1 | 0x02, &whole)], 1003),
    ] {
        let mut alice = join(&server).await;
        for (first, payload) in frames {
            alice.frame(*first, payload).await;
        }
        alice.until_close(code).await;
    }
    assert!(server.messages(group).await.is_empty());
}

#[tokio::test]
async fn text_is_refused_as_soon_as_it_can_not_be_text() {
    let (server, _) = start(&[]).await;
    // Of a long frame a part, and of a message some fragments; neither is ever finished.
    let mut part = vec![FINAL | TEXT, 0x80 | 127];
    part.extend_from_slice(&100_000_u64.to_be_bytes());
    part.extend_from_slice(&[0; 4]);
    part.extend_from_slice("grüß".as_bytes());
    let mut alice = join(&server).await;
    alice.bytes(&part).await;
    alice.bytes(b"\xff").await;
    alice.until_close(1007).await;
    let mut alice = join(&server).await;
    // A character over three frames, the last of which makes it none.
    alice.frame(TEXT, b"a\xf0").await;
    alice.frame(CONTINUE, b"\x9f").await;
    alice.frame(CONTINUE, b"x").await;
    alice.until_close(1007).await;
}
