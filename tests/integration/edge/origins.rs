//! Which pages may open sockets.

use super::{STRANGER, handshake};
use crate::support::database::Store;
use crate::support::server::Server;

/// The kit's clients ask for `Host: groupcast.test`.
const OWN: [&str; 3] = ["http://groupcast.test", "https://groupcast.test", "https://GROUPCAST.test:443"];

async fn status(server: &Server, origin: &str) -> u16 {
    let answer = handshake(server, STRANGER, &[("Origin", origin)]).await;
    if answer.status != 101 {
        assert_eq!(answer.detail(403), "Origin not allowed", "{origin}");
    }
    answer.status
}

#[tokio::test]
async fn any_page_may_unless_origins_are_listed() {
    for options in [&[][..], &["--cors-origins=*"], &["--cors-origins=https://b.example,*"]] {
        let server = Server::start_with(Store::Sqlite, options).await;
        for origin in ["https://a.example", "null", "", "nonsense"] {
            assert_eq!(status(&server, origin).await, 101, "{origin}");
        }
    }
}

#[tokio::test]
async fn listed_origins_bound_the_handshake() {
    let listed = "--cors-origins=https://chat.example.com,HTTP://Localhost:3000";
    let server = Server::start_with(Store::Sqlite, &[listed]).await;
    for origin in ["https://chat.example.com", "https://CHAT.example.com", "http://localhost:3000", ""] {
        assert_eq!(status(&server, origin).await, 101, "{origin}");
    }
    for origin in OWN {
        assert_eq!(status(&server, origin).await, 101, "{origin}");
    }
    assert_eq!(handshake(&server, STRANGER, &[]).await.status, 101, "no browser");
    for origin in [
        "http://chat.example.com",
        "https://chat.example.com:8443",
        "https://chat.example.com.evil.example",
        "https://evil.example",
        "http://localhost",
        "http://groupcast.test:8000",
        "https://groupcast.test:80",
        "wss://groupcast.test",
        "null",
        "nonsense",
    ] {
        assert_eq!(status(&server, origin).await, 403, "{origin}");
    }
}

#[tokio::test]
async fn null_is_an_origin_that_can_be_listed() {
    let server = Server::start_with(Store::Sqlite, &["--cors-origins=null"]).await;
    assert_eq!(status(&server, "null").await, 101);
    assert_eq!(status(&server, "https://evil.example").await, 403);
}
