//! The documents and their pages, as they are served.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::contract::Contract;
use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::server::Server;

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response {
    server.http().await.request("GET", path, headers, b"").await
}

/// A path of this template.
fn filled(template: &str) -> String {
    let segments = template.split('/').map(|segment| if segment.starts_with('{') { "1" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn each_path_has_the_methods_that_are_described() {
    let server = Server::start_with(Store::Sqlite, &["--auth", "token"]).await;
    let contract = Contract::of(&server).await;
    let mut methods: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for key in contract.operations.keys() {
        let (method, path) = key.split_once(' ').unwrap();
        methods.entry(path).or_default().insert(method);
    }
    let mut http = server.http().await;
    for (path, described) in methods {
        let answer = http.request("LOCK", &filled(path), &[], b"").await;
        answer.detail(405);
        let allowed = answer.list("allow");
        assert_eq!(allowed, described.into_iter().collect::<Vec<_>>(), "{path}");
    }
}

#[tokio::test]
async fn documents_come_as_one_takes_them() {
    let server = Server::start(Store::Sqlite).await;
    for path in ["/openapi.json", "/asyncapi.json"] {
        let plain = get(&server, path, &[]).await;
        assert_eq!(plain.header("content-type"), Some("application/json"), "{path}");
        assert_eq!(plain.header("cache-control"), Some("no-cache"), "{path}");
        assert!(plain.ok()["info"]["version"].is_string(), "{path}");
        let packed = get(&server, path, &[("Accept-Encoding", "gzip")]).await;
        assert_eq!(packed.header("content-encoding"), Some("gzip"), "{path}");
        assert!(packed.body.len() * 4 < plain.body.len(), "{path}");
        for (answer, encoding) in [(plain, ""), (packed, "gzip")] {
            let tag = answer.header("etag").unwrap();
            let headers = [("Accept-Encoding", encoding), ("If-None-Match", tag)];
            let held = get(&server, path, &headers).await;
            assert_eq!((held.status, held.body.len()), (304, 0), "{path}");
        }
        let foreign = get(&server, path, &[("Origin", "https://a.example")]).await;
        assert_eq!(foreign.header("access-control-allow-origin"), Some("*"), "{path}");
    }
    let sockets: Value = serde_json::from_str(include_str!("../../../docs/asyncapi.json")).unwrap();
    assert_eq!(get(&server, "/asyncapi.json", &[]).await.ok(), sockets);
}

#[tokio::test]
async fn pages_load_what_the_server_has() {
    let server = Server::start(Store::Sqlite).await;
    for path in ["/docs", "/redoc", "/docs/", "/redoc/"] {
        let answer = get(&server, path, &[]).await;
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'; script-src 'self';"), "{policy}");
        assert!(
            !policy.contains("unsafe-eval") && !policy.contains("://") && !policy.contains('*'),
            "{policy}"
        );
        let page = String::from_utf8(answer.body.clone()).unwrap();
        assert!(!page.contains("://") && !page.contains("<style") && !page.contains("<script>"), "{page}");
        let files: Vec<&str> = page.split('"').filter(|text| text.starts_with("/docs/")).collect();
        assert!(files.len() >= 4, "{page}");
        for file in files {
            let plain = get(&server, file, &[]).await;
            assert_eq!((plain.status, plain.header("content-encoding")), (200, None), "{file}");
            assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
            let packed = get(&server, file, &[("Accept-Encoding", "br, gzip")]).await;
            assert_eq!(packed.header("content-encoding"), Some("gzip"), "{file}");
            assert_eq!(packed.header("content-type"), plain.header("content-type"), "{file}");
            let mut unpacked = Vec::new();
            std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&packed.body[..]), &mut unpacked)
                .unwrap();
            assert_eq!(unpacked, plain.body, "{file}");
        }
    }
    assert_eq!(get(&server, "/docs/swagger.html", &[]).await.status, 404);
}
