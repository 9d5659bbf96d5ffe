//! The web client, as it is served. What it does in a browser is tested in `clients/web`.

use crate::support::database::Store;
use crate::support::http::Response;
use crate::support::server::Server;

async fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Response {
    server.http().await.request("GET", path, headers, b"").await
}

/// The paths of what a page loads.
fn assets(page: &str) -> Vec<&str> {
    let named = page.split(['"', '\'']).filter(|text| text.starts_with('/'));
    named.collect()
}

#[tokio::test]
async fn the_page_says_how_one_comes_in() {
    for mode in ["username", "token"] {
        let server = Server::start_with(Store::Sqlite, &["--auth", mode]).await;
        let answer = get(&server, "/", &[]).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(page.contains(&format!("name=\"groupcast-auth\" content=\"{mode}\"")), "{page}");
        assert!(!page.contains("{{"), "{page}");
    }
}

#[tokio::test]
async fn the_page_says_who_may_make_an_account() {
    let mut tags = Vec::new();
    for registration in ["open", "closed"] {
        let server = Server::start_with(Store::Sqlite, &["--registration", registration]).await;
        let answer = get(&server, "/", &[]).await;
        let page = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(
            page.contains(&format!("name=\"groupcast-registration\" content=\"{registration}\"")),
            "{page}"
        );
        tags.push(answer.header("etag").unwrap().to_owned());
    }
    assert_ne!(tags[0], tags[1], "they are different pages");
}

#[tokio::test]
async fn admins_have_a_page_where_a_name_is_not_enough() {
    let server = Server::start_with(Store::Sqlite, &["--auth=token"]).await;
    let (page, admins) = (get(&server, "/", &[]).await, get(&server, "/admin", &[]).await);
    assert_eq!(admins.status, 200);
    assert_ne!(page.body, admins.body);
    for header in ["content-security-policy", "content-type", "cache-control", "referrer-policy"] {
        assert_eq!(admins.header(header), page.header(header), "{header}");
    }
    let tag = admins.header("etag").unwrap();
    assert_eq!(get(&server, "/admin", &[("If-None-Match", tag)]).await.status, 304);
    let html = String::from_utf8_lossy(&admins.body).into_owned();
    assert!(!html.contains("{{") && !html.contains("://"), "{html}");
    for path in assets(&html) {
        assert_eq!(get(&server, path, &[]).await.status, 200, "{path}");
    }
    let server = Server::start(Store::Sqlite).await;
    assert_eq!(get(&server, "/admin", &[]).await.detail(404), "Not Found");
}

#[tokio::test]
async fn the_page_is_held_to_its_own_origin() {
    let server = Server::start(Store::Sqlite).await;
    let answer = get(&server, "/", &[]).await;
    let policy = answer.header("content-security-policy").unwrap();
    for rule in ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"]
    {
        assert!(policy.contains(rule), "{policy}");
    }
    for loose in ["unsafe", "http", "*", "data:"] {
        assert!(!policy.contains(loose), "{policy}");
    }
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(!page.contains("://") && !page.contains("<style") && !page.contains("<script>"), "{page}");
}

#[tokio::test]
async fn the_page_is_asked_for_anew_and_its_assets_never() {
    let server = Server::start(Store::Sqlite).await;
    let answer = get(&server, "/", &[]).await;
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    let tag = answer.header("etag").unwrap();
    assert_eq!(get(&server, "/", &[("If-None-Match", tag)]).await.status, 304);
    assert_eq!(get(&server, "/", &[("If-None-Match", &format!("\"x\", W/{tag}"))]).await.status, 304);
    assert_eq!(get(&server, "/", &[("If-None-Match", "\"x\"")]).await.status, 200);
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    let paths = assets(&page);
    assert_eq!(paths.len(), 3, "{page}");
    let mut load = page.len();
    for path in paths {
        let plain = get(&server, path, &[]).await;
        assert_eq!(plain.status, 200, "{path}");
        assert_eq!(plain.header("content-encoding"), None, "{path}");
        assert_eq!(plain.header("cache-control"), Some("public, max-age=31536000, immutable"));
        for coding in ["br", "gzip"] {
            let headers = [("Accept-Encoding", coding)];
            let coded = get(&server, path, &headers).await;
            assert_eq!(coded.header("content-encoding"), Some(coding), "{path}");
            assert_eq!(coded.header("vary"), Some("Accept-Encoding"), "{path}");
            assert!(coded.body.len() < plain.body.len(), "{path}");
            assert_ne!(coded.header("etag"), plain.header("etag"), "{path}");
            let held = [headers[0], ("If-None-Match", coded.header("etag").unwrap())];
            assert_eq!(get(&server, path, &held).await.status, 304, "{path}");
            load += if coding == "gzip" { coded.body.len() } else { 0 };
        }
    }
    assert!(load <= 150 * 1024, "a first load is {load} bytes");
    assert_eq!(get(&server, "/assets/app.js", &[]).await.status, 404);
    assert_eq!(get(&server, "/assets/../index.html", &[]).await.status, 404);
}
