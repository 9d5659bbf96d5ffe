//! How many requests one address may make.

use super::{PROXY, STRANGER, Tally, handshake, http_from};
use crate::support::database::Store;
use crate::support::server::Server;

#[tokio::test]
async fn requests_of_all_kinds_count_but_for_health() {
    let server = Server::start_with(Store::Sqlite, &["--request-rate=1", "--request-burst=1"]).await;
    let mut connection = http_from(&server, STRANGER).await;
    let mut tally = Tally::start();
    let preflight = [("Origin", "https://a.example"), ("Access-Control-Request-Method", "GET")];
    for _ in 0..10 {
        for (method, path, headers, status) in [
            ("GET", "/api/v1/groups/", &[][..], 200),
            ("GET", "/nowhere", &[], 404),
            ("POST", "/api/v1/users/", &[], 422),
            ("OPTIONS", "/api/v1/users/", &preflight, 200),
        ] {
            let answer = connection.request(method, path, headers, b"").await;
            tally.count(&answer, status, "Too many requests");
        }
        tally.count(&handshake(&server, STRANGER, &[]).await, 101, "Too many requests");
    }
    tally.assert_one_rate();
    for path in ["/healthz", "/readyz", "/healthz/"] {
        for _ in 0..10 {
            assert_eq!(connection.get(path).await.status, 200);
        }
    }
    // Others have their own.
    assert_eq!(http_from(&server, PROXY).await.get("/api/v1/groups/").await.status, 200);
}

#[tokio::test]
async fn a_page_can_read_that_it_was_refused() {
    let server = Server::start_with(Store::Sqlite, &["--request-rate=1", "--request-burst=1"]).await;
    let mut connection = http_from(&server, STRANGER).await;
    loop {
        let origin = [("Origin", "https://a.example")];
        let answer = connection.request("GET", "/api/v1/groups/", &origin, b"").await;
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        if answer.status == 429 {
            break;
        }
    }
}

#[tokio::test]
async fn a_burst_may_be_larger_than_the_rate() {
    let server = Server::start_with(Store::Sqlite, &["--request-rate=1"]).await;
    let mut connection = http_from(&server, STRANGER).await;
    for _ in 0..10 {
        assert_eq!(connection.get("/api/v1/groups/").await.status, 200);
    }
}
