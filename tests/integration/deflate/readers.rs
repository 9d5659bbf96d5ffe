//! What those get who have agreed on compression: the same as the others.

use serde_json::{Value, json};

use super::client::{OFFER, Peer, noise, prose};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;

async fn start(options: &[&str]) -> (Server, i64) {
    let server = Server::start_with(Store::Sqlite, &[&["--deflate"], options].concat()).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    (server, group)
}

/// Reads frames until one is of this type.
async fn event(peer: &mut Peer, kind: &str) -> Value {
    loop {
        let event: Value = serde_json::from_str(&peer.text().await).unwrap();
        if event["type"] == kind {
            return event;
        }
    }
}

/// A socket in JSON mode that offers this and reads the group from behind a `seq`.
async fn reader(server: &Server, group: i64, offer: &str, after: Option<i64>) -> Peer {
    let mut peer = Peer::open(server, "/ws", offer).await;
    peer.say(&json!({ "type": "hello", "username": "bob" }).to_string()).await;
    event(&mut peer, "welcome").await;
    peer.say(&json!({ "type": "subscribe", "group_id": group, "after": after }).to_string()).await;
    event(&mut peer, "subscribed").await;
    peer
}

fn contents() -> Vec<String> {
    let mut contents: Vec<_> = [1, 20, 63, 64, 65, 500, 1_000, 40_000, 1 << 20].map(prose).into();
    contents.extend(["a".to_owned(), "é👋 ".repeat(3_000)]);
    contents.push(noise(3_000).iter().map(|byte| format!("{byte:x}")).collect());
    contents
}

#[tokio::test]
async fn all_of_a_group_get_the_same_whatever_they_have_agreed_on() {
    let (server, group) = start(&["--threads", "2"]).await;
    let offers = ["", OFFER, "permessage-deflate; server_max_window_bits=9", OFFER, ""];
    let mut in_text_mode = Vec::new();
    for offer in offers {
        in_text_mode.push(Peer::open(&server, "/ws/group/g/bob", offer).await);
    }
    let mut in_json_mode = Vec::new();
    for offer in offers {
        let mut peer = reader(&server, group, offer, None).await;
        event(&mut peer, "caught_up").await;
        in_json_mode.push(peer);
    }
    let contents = contents();
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    // All at once, so that several are in a batch.
    for content in &contents {
        alice.say(group, content).await;
    }
    for content in &contents {
        for peer in &mut in_text_mode {
            peer.until(&format!("alice: {content}")).await;
        }
        for peer in &mut in_json_mode {
            assert_eq!(event(peer, "message").await["content"], content.as_str());
        }
    }
    for peers in [&in_text_mode, &in_json_mode] {
        let [plain, one, small, other, _] = &peers[..] else { panic!() };
        assert_eq!((plain.deflated, one.deflated), (0, other.deflated));
        // Of a batch that has a message longer than the window nothing is compressed for it.
        assert!(one.deflated > 5 && small.deflated < one.deflated);
        assert!(one.wire_bytes < plain.wire_bytes / 2, "{} of {}", one.wire_bytes, plain.wire_bytes);
    }
}

#[tokio::test]
async fn windows_of_all_sizes_see_far_enough() {
    let (server, group) = start(&[]).await;
    let mut peers = Vec::new();
    for bits in 8..=15 {
        let offer = format!("permessage-deflate; server_max_window_bits={bits}");
        peers.push((bits, Peer::open(&server, "/ws/group/g/bob", &offer).await));
    }
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    for length in [200, 249, 250, 1_000, 16_000, 32_761, 32_762, 100_000] {
        let content = prose(length);
        alice.store(group, &content).await;
        for (bits, peer) in &mut peers {
            let before = peer.deflated;
            peer.until(&format!("alice: {content}")).await;
            let fits = content.len() + "alice: ".len() <= 1 << *bits;
            assert_eq!(
                peer.deflated > before,
                fits || *bits == 15,
                "{length} bytes, a window of {bits} bits"
            );
        }
    }
}

#[tokio::test]
async fn what_is_replayed_is_compressed_and_whole() {
    let (server, group) = start(&[]).await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let contents: Vec<_> = (0..300).map(|number| format!("{number}: {}", prose(100 + number))).collect();
    for content in &contents {
        alice.say(group, content).await;
    }
    alice.store(group, "the last").await;
    for after in [0, 17] {
        let mut plain = reader(&server, group, "", Some(after)).await;
        let mut deflating = reader(&server, group, OFFER, Some(after)).await;
        for content in contents[after as usize..].iter().map(String::as_str).chain(["the last"]) {
            for peer in [&mut plain, &mut deflating] {
                assert_eq!(event(peer, "message").await["content"], content);
            }
        }
        event(&mut deflating, "caught_up").await;
        assert!(
            deflating.wire_bytes < plain.wire_bytes * 3 / 4,
            "{} of {}",
            deflating.wire_bytes,
            plain.wire_bytes
        );
    }
    let mut peer = reader(&server, group, OFFER, None).await;
    peer.say(&json!({ "type": "history", "group_id": group, "limit": 100 }).to_string()).await;
    let history = event(&mut peer, "history").await;
    assert_eq!(history["messages"].as_array().map(Vec::len), Some(100));
    assert!(peer.deflated > 0);
}

#[tokio::test]
async fn who_is_too_slow_is_told_and_misses_nothing() {
    const MESSAGES: usize = 400;
    let (server, group) = start(&["--outbox-bytes-max", "1MiB", "--stall-timeout", "60s"]).await;
    let mut slow = reader(&server, group, OFFER, None).await;
    event(&mut slow, "caught_up").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let text: String = noise(30_000).iter().map(|byte| format!("{byte:02x}")).collect();
    let content = |number: usize| format!("{number} {}", &text[number..]);
    for number in 0..MESSAGES {
        alice.store(group, &content(number)).await;
    }
    let (mut number, mut lagged) = (0, 0);
    while number < MESSAGES {
        let event: Value = serde_json::from_str(&slow.text().await).unwrap();
        match event["type"].as_str() {
            Some("message") => {
                assert!(event["content"] == content(number).as_str(), "message {number}: {}", event["seq"]);
                number += 1;
            }
            Some("lagged") => lagged += 1,
            _ => {}
        }
    }
    assert!(lagged > 0, "it was to fall behind");
    assert!(slow.deflated > MESSAGES / 2);
}

#[tokio::test]
async fn passing_events_and_ephemeral_messages_arrive_too() {
    let (server, group) = start(&["--threads", "2"]).await;
    let mut text = Peer::open(&server, "/ws/group/g/bob", OFFER).await;
    let mut json_mode = reader(&server, group, OFFER, None).await;
    event(&mut json_mode, "caught_up").await;
    let alice = Socket::join(&server, "g", "alice").await;
    text.until("alice joined g.").await;
    let mut speaker = JsonSocket::hello(&server, "alice").await;
    let content = prose(3_000);
    let message = json!({ "type": "send", "group_id": group, "content": content, "ephemeral": true });
    speaker.ask(message).await;
    text.until(&format!("alice: {content}")).await;
    let mut got = event(&mut json_mode, "message").await;
    assert_eq!(got["content"].take(), content.as_str());
    drop(alice);
    text.until("alice left g.").await;
}
