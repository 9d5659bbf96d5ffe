//! Contents that a careless writer would choke on: kept exactly, or refused to their sender alone.

use crate::support::chat::text;
use crate::support::database::Store;
use crate::support::server::Server;
use crate::support::socket::Socket;
use serde_json::json;

both_stores!(
    strange_contents_are_kept_exactly,
    nul_is_refused_to_its_sender_alone,
    lone_surrogates_are_refused,
);

const STRANGE: [&str; 20] = [
    "\\N",
    "\\.",
    "\\.\n",
    "\n\\.\n",
    "\\",
    "\\\\",
    "\\000",
    "\\u0000",
    "\t\t",
    "\r\n\u{b}\u{c}\u{1}\u{7f}",
    "'; DROP TABLE messages; --",
    "\"},{\"id\":1}",
    "%s %n ${x} {}",
    "\u{feff}byte order mark",
    "\u{202e}backwards",
    "e\u{301} is not \u{e9}",
    "👩‍👩‍👧‍👦 \u{1f3f4}\u{e0067}",
    "\u{2028}\u{2029}\u{85}",
    "\u{fffe}\u{ffff}\u{10ffff}",
    "  blanks  ",
];

async fn strange_contents_are_kept_exactly(store: Store) {
    let server = Server::start(store).await;
    let (user, _) = (server.user("alice").await, server.user("bob").await);
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    for content in STRANGE {
        alice.send(content).await;
    }
    for content in STRANGE {
        alice.expect(&format!("alice: {content}")).await;
        bob.expect(&format!("alice: {content}")).await;
    }
    let mut http = server.http().await;
    for content in STRANGE {
        let body = json!({ "group_id": group, "user_id": user, "content": content, "client_id": content });
        let message = http.post("/api/v1/messages/", &body).await.ok();
        assert_eq!((text(&message["content"]), text(&message["client_id"])), (content, content));
        bob.expect(&format!("alice: {content}")).await;
    }
    let stored = server.messages(group).await;
    let stored: Vec<&str> = stored.iter().map(|message| text(&message["content"])).collect();
    assert_eq!(stored, [STRANGE, STRANGE].concat());
}

async fn nul_is_refused_to_its_sender_alone(store: Store) {
    const ROUNDS: usize = 30;
    let server = Server::start(store).await;
    let user = server.user("alice").await;
    server.users(&["bob"]).await;
    let group = server.public_group("g").await;
    let mut alice = Socket::join(&server, "g", "alice").await;
    let mut bob = Socket::join(&server, "g", "bob").await;
    alice.expect("bob joined g.").await;
    for number in 0..ROUNDS {
        alice.send("a\0b").await;
        bob.send(&number.to_string()).await;
    }
    for number in 0..ROUNDS {
        bob.expect(&format!("bob: {number}")).await;
    }
    let (mut refusals, mut heard) = (0, 0);
    while refusals < ROUNDS || heard < ROUNDS {
        let line = alice.text().await;
        if line == format!("bob: {heard}") {
            heard += 1;
        } else {
            assert!(!line.contains('\0') && !line.starts_with("alice: "), "{line:?}");
            refusals += 1;
        }
    }
    alice.send("fine").await;
    alice.expect("alice: fine").await;
    bob.expect("alice: fine").await;

    let body = json!({ "group_id": group, "user_id": user, "content": "\0" });
    let answer = server.http().await.post("/api/v1/messages/", &body).await;
    assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    assert_eq!(server.messages(group).await.len(), ROUNDS + 1);
}

async fn lone_surrogates_are_refused(store: Store) {
    let server = Server::start(store).await;
    let user = server.user("alice").await;
    let group = server.public_group("g").await;
    let mut http = server.http().await;
    for escape in [r"\ud800", r"\udc00", r"\ud800x", r"\ud800\ud800", r"\udc00\ud800"] {
        let body = format!(r#"{{"group_id":{group},"user_id":{user},"content":"a{escape}"}}"#);
        let answer = http.post_bytes("/api/v1/messages/", body.as_bytes()).await;
        assert!(matches!(answer.status, 400 | 422), "{escape}: {answer:?}");
    }
    let body = format!(r#"{{"group_id":{group},"user_id":{user},"content":"\ud83d\udc4b"}}"#);
    assert_eq!(http.post_bytes("/api/v1/messages/", body.as_bytes()).await.ok()["content"], "👋");
    assert_eq!(server.messages(group).await.len(), 1);
}
