//! Connections (RFC 9112, section 9) and answers without a body (section 6.3). Pipelines are in `http_wire`.

use super::{assert_all, statuses, words};
use crate::support::database::Store;
use crate::support::server::Server;

#[tokio::test]
async fn a_connection_is_kept_unless_somebody_says_otherwise() {
    let get =
        |version: &str, field: &str| format!("GET /healthz HTTP/{version}\r\nHost: a.test\r\n{field}\r\n");
    assert_all(&[
        (&get("1.1", ""), &[200, 200]),
        (&get("1.1", "Connection: keep-alive\r\n"), &[200, 200]),
        (&get("1.1", "Connection: close\r\n"), &[200]),
        (&get("1.1", "Connection: x, Close\r\n"), &[200]),
        (&get("1.1", "Connection: close\r\nConnection: keep-alive\r\n"), &[200]),
        (&get("1.1", "Connection: keep-alive\r\nConnection: close\r\n"), &[200]),
        (&get("1.1", "Connection: close, keep-alive\r\n"), &[200]),
        (&get("1.0", ""), &[200]),
        (&get("1.0", "Connection: keep-alive\r\n"), &[200, 200]),
        (&get("1.0", "Connection: close\r\n"), &[200]),
        // An upgrade to what is not known here, or that is not asked of the next server, is passed over (RFC 9110,
        // section 7.8).
        (&get("1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\n"), &[200, 200]),
        (&get("1.1", "Connection: Upgrade\r\nUpgrade: TLS/1.2\r\n"), &[200, 200]),
        (&get("1.1", "Upgrade: websocket\r\n"), &[200, 200]),
        (&get("1.0", "Connection: Upgrade\r\nUpgrade: h2c\r\n"), &[200]),
    ])
    .await;
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let server = Server::start(Store::Sqlite).await;
    for path in ["/healthz", "/nowhere", "/api/v1/groups/", "/openapi.json"] {
        let ask =
            |method: &str, field: &str| format!("{method} {path} HTTP/1.1\r\nHost: a.test\r\n{field}\r\n");
        let get = words(&server, ask("GET", "Connection: close\r\n").as_bytes()).await;
        let head = words(&server, ask("HEAD", "").as_bytes()).await;
        let (fields, rest) = head.split_once("\r\n\r\n").unwrap();
        // FastAPI knows HEAD for files alone, and so do we.
        let status = if path == "/openapi.json" || path == "/nowhere" { statuses(&get)[0] } else { 405 };
        assert_eq!(statuses(&head)[0], status, "{path}");
        assert!(rest.starts_with("HTTP/1.1 200 "), "{path}: a body came: {head}");
        let length = |words: &str| {
            words.lines().find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned))
        };
        if let Some(length_of_head) = length(fields).filter(|_| status != 405) {
            assert_eq!(Some(length_of_head), length(get.split_once("\r\n\r\n").unwrap().0), "{path}");
        }
    }
}
