//! HTTP/1.1 as bytes: connections kept and closed, bounds of heads and bodies, clients that dawdle.

use crate::support::database::Store;
use crate::support::http::{Connection, request};
use crate::support::server::Server;
use crate::support::{patiently, until};
use serde_json::json;
use tokio::io::AsyncWriteExt;

const USERS: &str = "/api/v1/users/";
const JSON: (&str, &str) = ("Content-Type", "application/json");

fn body(name: &str) -> Vec<u8> {
    let email = format!("{name}@example.com");
    json!({ "username": name, "email": email, "password": "secret" }).to_string().into_bytes()
}

/// Asserts that the server is well, whatever was done to it.
async fn assert_well(server: &Server) {
    assert_eq!(server.http().await.get("/healthz").await.status, 200);
}

/// Sends bytes and gives what the server says until it closes.
async fn last_words(server: &Server, bytes: impl AsRef<[u8]>) -> String {
    let mut http = server.http().await;
    http.send(bytes).await;
    http.closed().await
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let server = Server::start(Store::Sqlite).await;
    let mut http = server.http().await;
    for number in 0..50 {
        let (path, status) = if number % 2 == 0 { ("/healthz", 200) } else { ("/nowhere", 404) };
        assert_eq!(http.get(path).await.status, status);
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start(Store::Sqlite).await;
    let mut http = server.http().await;
    let all = [
        request("POST", USERS, &[JSON], &body("alice")),
        request("GET", "/nowhere", &[], b""),
        request("POST", USERS, &[JSON], b"[]"),
        request("GET", "/api/v1/groups", &[], b""),
        request("POST", USERS, &[JSON], &body("bob")),
    ];
    http.send(all.concat()).await;
    assert_eq!(http.receive().await.ok()["username"], "alice");
    assert_eq!(http.receive().await.status, 404);
    assert_eq!(http.receive().await.status, 422);
    assert_eq!(http.receive().await.ok(), json!([]));
    assert_eq!(http.receive().await.ok()["username"], "bob");
}

#[tokio::test]
async fn a_client_may_ask_for_the_last_answer() {
    let server = Server::start(Store::Sqlite).await;
    let closing = last_words(&server, request("GET", "/healthz", &[("Connection", "close")], b"")).await;
    assert!(closing.starts_with("HTTP/1.1 200 "), "{closing}");
    let old = last_words(&server, "GET /healthz HTTP/1.0\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 ") || old.starts_with("HTTP/1.1 200 "), "{old}");
}

#[tokio::test]
async fn an_answer_is_sent_whatever_follows_its_request() {
    let server = Server::start(Store::Sqlite).await;
    let handshake = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    for (request, status) in [
        (request("GET", "/healthz", &[("Connection", "close")], b""), 200),
        (request("GET", "/healthz", &[], b""), 200),
        (request("GET", "/nowhere", &handshake, b""), 403),
        (request("GET", "/ws/group/no/body", &handshake, b""), 101),
        (b"NONSENSE\r\n\r\n".to_vec(), 400),
    ] {
        let words = last_words(&server, [&request[..], b"\x81\x82\0\0\0\0hi\r\n\r\n"].concat()).await;
        assert!(words.starts_with(&format!("HTTP/1.1 {status} ")), "{status}: {words}");
    }
}

#[tokio::test]
async fn a_chunked_body_is_read() {
    let server = Server::start(Store::Sqlite).await;
    let mut http = server.http().await;
    let body = body("alice");
    let (start, end) = body.split_at(20);
    let head = format!(
        "POST {USERS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json; charset=utf-8\r\n\
         Transfer-Encoding: chunked\r\n\r\n"
    );
    http.send(head).await;
    for chunk in [start, end, b""] {
        http.send(format!("{:x}\r\n", chunk.len())).await;
        http.send(chunk).await;
        http.send("\r\n").await;
    }
    assert_eq!(http.receive().await.ok()["username"], "alice");
    assert_eq!(http.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_client_may_wait_for_100_continue() {
    let server = Server::start(Store::Sqlite).await;
    let mut http = server.http().await;
    let body = body("alice");
    let length = body.len().to_string();
    let head = request("GET", USERS, &[JSON, ("Expect", "100-continue"), ("Content-Length", &length)], b"");
    http.send(String::from_utf8(head).unwrap().replacen("GET", "POST", 1)).await;
    assert_eq!(http.receive().await.status, 100);
    http.send(body).await;
    assert_eq!(http.receive().await.ok()["username"], "alice");
}

#[tokio::test]
async fn a_body_over_the_limit_is_413() {
    let server = Server::start_with(Store::Sqlite, &["--body-bytes-max", "1KiB"]).await;
    let padded = |length: usize| {
        let mut body = body("alice");
        body.resize(length, b' ');
        body
    };
    assert_eq!(server.http().await.post_bytes(USERS, &padded(1_024)).await.status, 200);

    let mut announced = server.http().await;
    announced.send(format!("POST {USERS} HTTP/1.1\r\nHost: x\r\nContent-Length: 1025\r\n\r\n")).await;
    let answer = announced.receive().await;
    assert!(answer.detail(413).is_string());

    let mut chunked = server.http().await;
    chunked
        .send(format!("POST {USERS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n"))
        .await;
    chunked.send(padded(1_025)).await;
    assert_eq!(chunked.receive().await.status, 413);
    assert_well(&server).await;
}

/// What is dropped of a request after its answer, in bytes.
const DROPPED_BYTES_MAX: usize = 64 << 20;
/// What the sockets of a connection may hold besides, in bytes; the kernel lets them grow to some MiB.
const SOCKET_BYTES_MAX: usize = 32 << 20;

/// Many clients read nothing before all of their request is sent.
#[tokio::test]
async fn an_answer_arrives_after_all_of_a_refused_body() {
    const LENGTH: usize = 20 << 20;
    let server = Server::start(Store::Sqlite).await;
    for (method, path, content_type, status) in [
        ("POST", USERS, "application/json", 413),
        ("POST", "/nowhere", "application/json", 404),
        ("PUT", USERS, "application/json", 405),
        ("POST", "/api/v1/users/x", "application/json", 405),
        ("GET", "/api/v1/users/x", "application/json", 422),
        ("GET", "/healthz", "text/plain", 200),
    ] {
        let mut http = server.http().await;
        let answer = http.request(method, path, &[("Content-Type", content_type)], &vec![b' '; LENGTH]).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(!answer.json().is_null(), "{method} {path}");
        assert_eq!(http.closed().await, "", "{method} {path}");
    }
    let mut chunked = server.http().await;
    chunked
        .send(format!("POST {USERS} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{LENGTH:x}\r\n"))
        .await;
    chunked.send(vec![b' '; LENGTH]).await;
    assert!(chunked.receive().await.detail(413).is_string());

    let handshake = [
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    let refused = server.http().await.request("GET", "/nowhere", &handshake, &vec![b' '; LENGTH]).await;
    assert!(refused.detail(403).is_string());
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let server = Server::start(Store::Sqlite).await;
    let mut stream = server.tcp().await;
    let head = format!("POST {USERS} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", u64::MAX / 2);
    stream.write_all(head.as_bytes()).await.unwrap();
    let piece = vec![b' '; 64 << 10];
    let mut taken = 0;
    while patiently("the server to read or to cut off", stream.write(&piece)).await.is_ok_and(|length| {
        taken += length;
        length > 0
    }) {
        assert!(taken < DROPPED_BYTES_MAX + SOCKET_BYTES_MAX, "{taken} bytes are taken");
    }
    assert_well(&server).await;
}

#[tokio::test]
async fn a_body_that_is_refused_is_not_asked_for() {
    let server = Server::start(Store::Sqlite).await;
    for (method, path, status) in [("POST", USERS, 413), ("POST", "/nowhere", 404), ("PUT", USERS, 405)] {
        let mut http = server.http().await;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {}\r\n\r\n",
            20 << 20
        );
        http.send(head).await;
        assert_eq!(http.receive().await.status, status, "{method} {path}");
        assert_eq!(http.closed().await, "", "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = Server::start(Store::Sqlite).await;
    const HANDSHAKE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for hosts in
        ["", "Host: x\r\nHost: x\r\n", "Host: a b\r\n", "Host: a/b\r\n", "Host: u@x\r\n", "Host: x:y\r\n"]
    {
        for (line, headers) in [
            ("GET /healthz HTTP/1.1", ""),
            ("GET /nowhere HTTP/1.1", ""),
            ("GET http://x/healthz HTTP/1.1", ""),
            ("GET /ws/group/g/u HTTP/1.1", HANDSHAKE),
            ("GET /ws HTTP/1.1", HANDSHAKE),
        ] {
            let words = last_words(&server, format!("{line}\r\n{hosts}{headers}\r\n")).await;
            assert!(words.starts_with("HTTP/1.1 400 "), "{line} {hosts:?}: {words}");
            assert!(words.contains(r#"{"detail":""#), "{line} {hosts:?}: {words}");
        }
    }
    let old = last_words(&server, "GET /healthz HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n").await;
    assert!(old.split(' ').nth(1) == Some("400"), "{old}");
    for host in ["", "x", "127.0.0.1:80", "[::1]:8000", "chat.example."] {
        let head = format!("GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let words = last_words(&server, head).await;
        assert!(words.starts_with("HTTP/1.1 200 "), "{host}: {words}");
    }
    let browser = "GET /healthz HTTP/1.1\r\nOrigin: https://a.example\r\n\r\n";
    let words = last_words(&server, browser).await;
    assert!(words.contains("access-control-allow-origin: *\r\n"), "{words}");
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let server =
        Server::start_with(Store::Sqlite, &["--head-timeout", "100ms", "--idle-timeout", "100ms"]).await;
    last_words(&server, "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ").await;
    last_words(&server, "").await;
    assert_well(&server).await;
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let server = Server::start_with(Store::Sqlite, &["--body-timeout", "100ms"]).await;
    let words = last_words(
        &server,
        format!("POST {USERS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"),
    )
    .await;
    assert!(words.is_empty() || words.starts_with("HTTP/1.1 408 "), "{words}");
    assert_well(&server).await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start_with(Store::Sqlite, &["--idle-timeout", "100ms"]).await;
    let mut http = server.http().await;
    assert_eq!(http.get("/healthz").await.status, 200);
    assert_eq!(http.closed().await, "", "no answer without a request");
}

#[tokio::test]
async fn a_huge_head_is_refused() {
    let server = Server::start(Store::Sqlite).await;
    let many = "X-Header: value\r\n".repeat(100_000);
    for head in [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{many}\r\n"),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "x".repeat(2_000_000)),
        format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(2_000_000)),
    ] {
        let words = last_words(&server, head).await;
        let refused = words.is_empty() || words.starts_with("HTTP/1.1 4");
        assert!(refused, "{}", words.chars().take(200).collect::<String>());
    }
    assert_well(&server).await;
}

#[tokio::test]
async fn garbage_is_refused_and_harms_nobody() {
    let server = Server::start(Store::Sqlite).await;
    let mut neighbour = server.http().await;
    assert_eq!(neighbour.get("/healthz").await.status, 200);
    let noise: Vec<u8> = (0..10_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost x\r\n\r\n",
        b"POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        &noise,
    ] {
        let words = last_words(&server, bytes).await;
        assert!(words.is_empty() || words.starts_with("HTTP/1.1 4"), "{words}");
    }
    assert_eq!(neighbour.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn a_length_and_chunks_together_are_not_smuggled() {
    let server = Server::start(Store::Sqlite).await;
    let smuggled = "POST /api/v1/users/ HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\
                    Connection: close\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    let words = last_words(&server, smuggled).await;
    assert!(words.matches("HTTP/1.1 ").count() <= 1, "{words}");
    assert!(!words.starts_with("HTTP/1.1 200 "), "{words}");
}

#[tokio::test]
async fn a_path_is_decoded_once_and_never_trusted() {
    let server = Server::start(Store::Sqlite).await;
    let mut http = server.http().await;
    for path in
        ["/api/v1/../v1/groups", "/%2e%2e/etc/passwd", "//", "/api/v1/users/%31%2f", "/%", "/%zz", "/%ff"]
    {
        let status = http.get(path).await.status;
        assert!((400..500).contains(&status), "{path}: {status}");
    }
}

#[tokio::test]
async fn connections_over_the_bound_are_told() {
    let server = Server::start_with(Store::Sqlite, &["--connections-max", "2"]).await;
    let (mut one, mut two) = (server.http().await, server.http().await);
    assert_eq!(one.get("/healthz").await.status, 200);
    assert_eq!(two.get("/healthz").await.status, 200);
    let words = last_words(&server, request("GET", "/healthz", &[], b"")).await;
    assert!(words.is_empty() || words.starts_with("HTTP/1.1 503 "), "{words}");
    let mut late = server.http().await;
    let answer = late.request("POST", USERS, &[JSON], &vec![b' '; 20 << 20]).await;
    assert!(answer.detail(503).is_string());
    drop(one);
    until("a place to become free", async || {
        let mut three = Connection::open(server.address()).await;
        three.send(request("GET", "/healthz", &[("Connection", "close")], b"")).await;
        three.closed().await.starts_with("HTTP/1.1 200 ").then_some(())
    })
    .await;
    assert_eq!(two.get("/healthz").await.status, 200);
}
