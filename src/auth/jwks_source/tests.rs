use std::fs;
use std::net::TcpListener;

use serde_json::json;
use tokio::time::Instant;

use super::{JwksSource, JwksSourceError, LoadError, TIMEOUT};
use crate::auth::test_issuer::{Server, Signer, key_set, ok};

fn redirect(to: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")
}

/// With spaces at its end, up to this length.
fn padded(document: &str, length: usize) -> String {
    document.to_owned() + &" ".repeat(length - document.len())
}

fn load(url: String) -> Result<usize, LoadError> {
    JwksSource::Url(url).load().map(|keys| keys.len())
}

#[test]
fn urls_and_files_are_told_apart() {
    for url in ["http://localhost:8080/jwks", "https://issuer.example/keys?a=b", "HTTPS://[::1]/"] {
        let source: JwksSource = url.parse().unwrap();
        assert_eq!(source, JwksSource::Url(url.to_owned()));
        assert_eq!(source.to_string(), url);
    }
    for file in ["/etc/keys.json", "keys.json", "http", "https:/x", "ftp://issuer.example"] {
        let source: JwksSource = file.parse().unwrap();
        assert_eq!(source, JwksSource::File(file.into()));
        assert_eq!(source.to_string(), file);
    }
    for (text, error) in [
        ("", JwksSourceError::Empty),
        ("http://", JwksSourceError::NotUrl),
        ("https:// /", JwksSourceError::NotUrl),
        ("https://user:s3cret@issuer.example/", JwksSourceError::Credentials),
    ] {
        assert_eq!(text.parse::<JwksSource>(), Err(error), "{text}");
    }
}

#[test]
fn a_file_is_read_up_to_its_bound() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    let source = JwksSource::File(path.clone());
    assert!(matches!(source.load(), Err(LoadError::File(_))));
    let keys = key_set(&[Signer::ec().jwk(json!({}))]);
    for (length, fits) in [(keys.len(), true), (1024 * 1024, true), (1024 * 1024 + 1, false)] {
        fs::write(&path, padded(&keys, length)).unwrap();
        match source.load() {
            Ok(keys) => assert!(fits && keys.len() == 1),
            Err(error) => assert!(!fits && matches!(error, LoadError::TooLong), "{error}"),
        }
    }
}

#[test]
fn a_url_is_fetched() {
    let server = Server::start();
    let keys = key_set(&[Signer::ec().jwk(json!({}))]);
    server.answer("/keys", ok(&keys));
    assert_eq!(load(server.url("/keys")).unwrap(), 1);
    server.answer("/long", ok(&padded(&keys, 1024 * 1024 + 1)));
    assert!(matches!(load(server.url("/long")), Err(LoadError::TooLong)));
    server.answer("/html", ok("<html>"));
    assert!(matches!(load(server.url("/html")), Err(LoadError::Document(_))));
    // With keys in it, but not as what was asked for.
    for status in ["404 Not Found", "500 Oh", "203 Hm"] {
        server.answer("/status", ok(&keys).replace("200 OK", status));
        assert!(matches!(load(server.url("/status")), Err(LoadError::Http(_))), "{status}");
    }
    // No answer at all.
    assert!(matches!(load(server.url("/nothing")), Err(LoadError::Http(_))));
}

#[test]
fn three_redirects_are_followed() {
    let server = Server::start();
    server.answer("/0", ok(&key_set(&[Signer::ec().jwk(json!({}))])));
    for n in 1..=4 {
        server.answer(&format!("/{n}"), redirect(&format!("/{}", n - 1)));
    }
    assert_eq!(load(server.url("/3")).unwrap(), 1);
    assert!(matches!(load(server.url("/4")), Err(LoadError::Http(_))));
    server.answer("/file", redirect("file:///etc/passwd"));
    assert!(matches!(load(server.url("/file")), Err(LoadError::Http(_))));
}

#[test]
fn a_server_that_says_nothing_is_left() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let start = Instant::now();
    let loaded = load(format!("http://{}/", listener.local_addr().unwrap()));
    assert!(matches!(loaded, Err(LoadError::Http(_))));
    assert!(start.elapsed() < 2 * TIMEOUT, "{:?}", start.elapsed());
}
