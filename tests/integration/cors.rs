//! What browsers ask before they let a page call.

use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::server::Server;

const ORIGIN: &str = "https://chat.example.com";

const PREFLIGHT: [(&str, &str); 3] = [
    ("Origin", ORIGIN),
    ("Access-Control-Request-Method", "POST"),
    ("Access-Control-Request-Headers", "content-type,x-any"),
];

async fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Response {
    server.http().await.request(method, path, headers, b"").await
}

fn has_cors_headers(answer: &Response) -> bool {
    answer.headers.iter().any(|(name, _)| name.starts_with("access-control-"))
}

#[tokio::test]
async fn any_origin_is_allowed_on_every_answer() {
    let server = Server::start(Store::Sqlite).await;
    for (method, path, status) in [
        ("GET", "/api/v1/groups/", 200),
        ("GET", "/healthz", 200),
        ("GET", "/api/v1/users/999", 404),
        ("GET", "/nowhere", 404),
        ("PUT", "/api/v1/users/1", 405),
        ("GET", "/api/v1/users/x", 422),
        ("POST", "/api/v1/users/", 422),
    ] {
        let answer = ask(&server, method, path, &[("Origin", ORIGIN)]).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "{method} {path}");
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"), "{method} {path}");
    }
}

#[tokio::test]
async fn a_request_with_a_cookie_gets_its_own_origin() {
    let server = Server::start(Store::Sqlite).await;
    let answer = ask(&server, "GET", "/api/v1/groups/", &[("Origin", ORIGIN), ("Cookie", "a=b")]).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
    assert!(answer.list("vary").iter().any(|name| name.eq_ignore_ascii_case("origin")));
}

#[tokio::test]
async fn a_request_without_an_origin_gets_no_headers() {
    let server = Server::start(Store::Sqlite).await;
    assert!(!has_cors_headers(&ask(&server, "GET", "/api/v1/groups/", &[]).await));
}

#[tokio::test]
async fn a_preflight_is_answered() {
    let server = Server::start(Store::Sqlite).await;
    for path in ["/api/v1/users/", "/api/v1/messages", "/api/v1/groups/1"] {
        let answer = ask(&server, "OPTIONS", path, &PREFLIGHT).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some(ORIGIN));
        assert_eq!(answer.header("access-control-allow-credentials"), Some("true"));
        assert_eq!(answer.header("access-control-max-age"), Some("600"));
        assert_eq!(answer.list("access-control-allow-headers"), ["content-type", "x-any"]);
        let methods = answer.list("access-control-allow-methods");
        assert_eq!(methods, ["DELETE", "GET", "PATCH", "POST", "PUT"]);
    }
}

#[tokio::test]
async fn an_options_request_that_is_no_preflight_is_405() {
    let server = Server::start(Store::Sqlite).await;
    let answer = ask(&server, "OPTIONS", "/api/v1/users/", &[]).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn origins_can_be_narrowed() {
    let origins = format!("{ORIGIN}, http://localhost:3000");
    let server = Server::start_with(Store::Sqlite, &["--cors-origins", &origins]).await;
    for origin in [ORIGIN, "http://localhost:3000"] {
        let answer = ask(&server, "GET", "/api/v1/groups/", &[("Origin", origin)]).await;
        assert_eq!(answer.header("access-control-allow-origin"), Some(origin));
        assert!(answer.list("vary").iter().any(|name| name.eq_ignore_ascii_case("origin")));
    }
    for origin in ["https://evil.example.com", "https://chat.example.com.evil.example", "null"] {
        let answer = ask(&server, "GET", "/api/v1/groups/", &[("Origin", origin)]).await;
        assert_eq!(answer.status, 200, "the browser enforces it, not the server");
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
        let mut preflight = PREFLIGHT;
        preflight[0].1 = origin;
        let answer = ask(&server, "OPTIONS", "/api/v1/users/", &preflight).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{origin}");
    }
    let allowed = ask(&server, "OPTIONS", "/api/v1/users/", &PREFLIGHT).await;
    assert_eq!(allowed.header("access-control-allow-origin"), Some(ORIGIN));
}
