//! Targets of requests (RFC 9112, section 3.2) and request lines (section 3).

use super::{assert_all, statuses, words};
use crate::support::database::Store;
use crate::support::server::Server;

#[tokio::test]
async fn a_target_is_a_path_a_uri_or_an_asterisk() {
    assert_all(&[
        // Absolute form, section 3.2.2. There has to be a Host all the same.
        ("GET http://a.test/healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[200, 200]),
        ("GET http://a.test:8000/healthz?x HTTP/1.1\r\nHost: b.test\r\n\r\n", &[200, 200]),
        ("GET HTTPS://a.test/healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[200, 200]),
        ("GET http://a.test/healthz HTTP/1.1\r\n\r\n", &[400]),
        ("GET http://u@a.test/healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET ftp://a.test/healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET http:///healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        // Authority form is for CONNECT, section 3.2.3, which is for proxies.
        ("GET a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("CONNECT a.test:80 HTTP/1.1\r\nHost: a.test\r\n\r\n", &[501]),
        ("CONNECT /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[501]),
        // Asterisk form, section 3.2.4.
        ("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", &[204, 200]),
        ("GET * HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
    ])
    .await;
}

#[tokio::test]
async fn a_request_line_has_three_parts() {
    let long = |length: usize| format!("GET /{} HTTP/1.1\r\nHost: a.test\r\n\r\n", "x".repeat(length));
    let query = format!("GET /healthz?{} HTTP/1.1\r\nHost: a.test\r\n\r\n", "x".repeat(30_000));
    assert_all(&[
        // Empty lines before it are passed over, section 2.2.
        ("\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[200, 200]),
        ("GET  /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /healthz  HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /healthz\tHTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.1 \r\nHost: a.test\r\n\r\n", &[400]),
        (" GET /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /a b HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /\u{0}healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /health\rz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        // Other versions: HTTP/0.9 is too old, HTTP/2 begins otherwise.
        ("GET /healthz\r\n\r\n", &[400]),
        ("GET /healthz HTTP/2.0\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /healthz HTTP/1.2\r\nHost: a.test\r\n\r\n", &[400]),
        ("GET /healthz http/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[]),
        // Methods are case-sensitive (RFC 9110, section 9.1), and which there are is the resource's affair.
        ("get /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[405, 200]),
        ("BREW /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[405, 200]),
        ("G(T /healthz HTTP/1.1\r\nHost: a.test\r\n\r\n", &[400]),
        (&query, &[200, 200]),
        (&long(30_000), &[404, 200]),
        (&long(70_000), &[431]),
    ])
    .await;
}

#[tokio::test]
async fn a_path_is_decoded_once() {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a.test\r\n\r\n");
    let cases = [
        ("/%68ealthz", 200),
        ("/healthz/", 200),
        ("//healthz", 404),
        ("/./healthz", 404),
        ("/x/../healthz", 404),
        ("/%2e/healthz", 404),
        ("/%2fhealthz", 404),
        ("/%2568ealthz", 404),
        ("/%", 404),
        ("/%zz", 404),
        ("/%ff%fe", 404),
        ("/%00", 404),
        ("/h\u{e9}althz", 404),
        ("/healthz?\u{e9}%ff", 200),
    ];
    let sent: Vec<String> = cases.iter().map(|(path, _)| get(path)).collect();
    let statuses: Vec<[u16; 2]> = cases.iter().map(|(_, status)| [*status, 200]).collect();
    let cases: Vec<_> = sent.iter().zip(&statuses).map(|(sent, statuses)| (&**sent, &statuses[..])).collect();
    assert_all(&cases).await;
}

/// The authority of the target counts for what goes by the name of the server.
#[tokio::test]
async fn the_origin_of_a_page_is_that_of_the_target() {
    let server = Server::start_with(Store::Sqlite, &["--cors-origins", "https://other.test"]).await;
    server.users(&["alice"]).await;
    server.public_group("g").await;
    for (target, host, status) in [
        ("/ws", "own.test", 101),
        ("/ws", "b.test", 403),
        ("http://own.test/ws", "b.test", 101),
        ("http://b.test/ws", "own.test", 403),
    ] {
        let head = format!(
            "GET {target} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://own.test\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        // What follows an upgrade is no frame.
        let words = words(&server, head.as_bytes()).await;
        assert_eq!(statuses(&words), [status], "{target} {host}");
    }
}
