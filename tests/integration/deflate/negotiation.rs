//! What is agreed on in the handshake.

use super::client::{OFFER, Peer, RSV1, deflated, handshake, prose};
use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::Socket;

const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

async fn start(options: &[&str]) -> Server {
    let server = Server::start_with(Store::Sqlite, options).await;
    server.users(&["alice", "bob"]).await;
    server.public_group("g").await;
    server
}

#[tokio::test]
async fn the_first_offer_that_can_be_met_is_answered() {
    let server = start(&["--deflate"]).await;
    for (offers, expected) in [
        (&["permessage-deflate"][..], Some(PLAIN.to_owned())),
        // As browsers offer it.
        (&["permessage-deflate; client_max_window_bits"], Some(PLAIN.to_owned())),
        (
            &["permessage-deflate; server_max_window_bits=10"],
            Some(format!("{PLAIN}; server_max_window_bits=10")),
        ),
        (&["permessage-deflate; server_max_window_bits=16"], None),
        (
            &["permessage-deflate; mystery", "permessage-deflate; client_max_window_bits=\"9\""],
            Some(PLAIN.to_owned()),
        ),
        (&["mux", "x-webkit-deflate-frame"], None),
        (&[], None),
    ] {
        let headers: Vec<_> = offers.iter().map(|offer| ("Sec-WebSocket-Extensions", *offer)).collect();
        for path in ["/ws/group/g/alice", "/ws", "/ws/chat/1/bob"] {
            let (_, answer, _) = handshake(&server, path, &headers).await;
            assert_eq!(answer.status, 101);
            let answered: Vec<_> =
                answer.headers.iter().filter(|(name, _)| name == "sec-websocket-extensions").collect();
            assert_eq!(answered.first().map(|(_, value)| value), expected.as_ref(), "{offers:?}");
            assert!(answered.len() < 2);
        }
    }
    let (_, answer, _) =
        handshake(&server, "/ws", &[("Sec-WebSocket-Extensions", "permessage-deflate; =")]).await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn without_the_setting_nothing_is_agreed_on() {
    let server = start(&[]).await;
    let mut alice = Peer::open(&server, "/ws/group/g/alice", OFFER).await;
    assert_eq!(alice.agreed, None);
    alice.until("alice joined g.").await;
    let long = prose(5_000);
    alice.say(&long).await;
    alice.until(&format!("alice: {long}")).await;
    assert_eq!(alice.deflated, 0);
    alice.say_deflated("hello").await;
    alice.until_close(1002).await;
}

#[tokio::test]
async fn who_has_not_agreed_must_not_compress() {
    let server = start(&["--deflate"]).await;
    for offer in ["", "permessage-deflate; server_max_window_bits=7"] {
        let mut alice = Peer::open(&server, "/ws/group/g/alice", offer).await;
        alice.frame(0x81 | RSV1, &deflated(b"hello")).await;
        alice.until_close(1002).await;
    }
    // One that knows nothing of it is served as ever.
    let mut bob = Socket::join(&server, "g", "bob").await;
    let long = prose(5_000);
    bob.send(&long).await;
    bob.until(&format!("bob: {long}")).await;
}
