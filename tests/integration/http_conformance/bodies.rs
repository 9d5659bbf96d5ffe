//! Where the body of a request ends (RFC 9112, sections 6 and 7). Who gets that wrong takes a part of it for a request.

use super::{assert_all, statuses, words};
use crate::support::database::Store;
use crate::support::server::Server;

/// What a server that is misled would answer with another status.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: a.test\r\n\r\n";

/// A request to make a user, whose body is no object: 422 if it was found.
fn post(fields: &str, rest: &str) -> String {
    format!(
        "POST /api/v1/users/ HTTP/1.1\r\nHost: a.test\r\nContent-Type: application/json\r\n{fields}\r\n\r\n{rest}"
    )
}

async fn assert_posts(cases: &[(&str, String, &[u16])]) {
    let sent: Vec<String> = cases.iter().map(|(fields, rest, _)| post(fields, rest)).collect();
    let cases: Vec<_> = sent.iter().zip(cases).map(|(sent, (_, _, statuses))| (&**sent, *statuses)).collect();
    assert_all(&cases).await;
}

#[tokio::test]
async fn a_length_is_a_number() {
    let body = || "[]".to_owned();
    assert_posts(&[
        ("Content-Length: 2", body(), &[422, 200]),
        ("Content-Length: 0002", body(), &[422, 200]),
        // The same twice is once, section 6.3.
        ("Content-Length: 2\r\nContent-Length: 2", body(), &[422, 200]),
        ("Content-Length: 2\r\nContent-Length: 3", body(), &[400]),
        ("Content-Length: 2, 3", body(), &[400]),
        ("Content-Length: 2, 2", body(), &[400]),
        ("Content-Length: +2", body(), &[400]),
        ("Content-Length: -2", body(), &[400]),
        ("Content-Length: 2 0", body(), &[400]),
        ("Content-Length: 0x2", body(), &[400]),
        ("Content-Length: 2.0", body(), &[400]),
        ("Content-Length:", body(), &[400]),
        ("Content-Length: 18446744073709551616", body(), &[400]),
        ("Content-Length: 18446744073709551618", body(), &[400]),
        ("Content-Length: 9999999999", body(), &[413]),
    ])
    .await;
}

#[tokio::test]
async fn a_coding_is_chunked_and_nothing_else() {
    let body = || "2\r\n[]\r\n0\r\n\r\n".to_owned();
    assert_posts(&[
        ("Transfer-Encoding: chunked", body(), &[422, 200]),
        ("Transfer-Encoding: \tChUnKeD ", body(), &[422, 200]),
        // Sections 6.1 and 6.3: not known, or not last, or twice.
        ("Transfer-Encoding: gzip, chunked", body(), &[501]),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked", body(), &[501]),
        ("Transfer-Encoding: chunked, chunked", body(), &[501]),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", body(), &[501]),
        ("Transfer-Encoding: identity, chunked", body(), &[501]),
        ("Transfer-Encoding: , chunked", body(), &[501]),
        ("Transfer-Encoding: chunked, gzip", body(), &[400]),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip", body(), &[400]),
        ("Transfer-Encoding: gzip", body(), &[400]),
        ("Transfer-Encoding: identity", body(), &[400]),
        ("Transfer-Encoding: xchunked", body(), &[400]),
        ("Transfer-Encoding: \"chunked\"", body(), &[400]),
        ("Transfer-Encoding: chunked;q=1", body(), &[400]),
        ("Transfer-Encoding:", body(), &[400]),
        ("Transfer-Encoding : chunked", body(), &[400]),
        ("Transfer-Encoding\t: chunked", body(), &[400]),
        ("X: y\rTransfer-Encoding: chunked", body(), &[400]),
    ])
    .await;
}

/// Section 6.1: with both, `chunked` counts, and the connection ends whatever follows.
#[tokio::test]
async fn with_a_length_and_chunks_the_connection_ends() {
    let rest = format!("0\r\n\r\n{HIDDEN}");
    let length = rest.len();
    for fields in [
        format!("Content-Length: {length}\r\nTransfer-Encoding: chunked"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: {length}"),
        format!("Content-Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: {length}"),
    ] {
        assert_posts(&[(&*fields, rest.clone(), &[422])]).await;
    }
    // HTTP/1.0 knows no chunks.
    let old =
        format!("POST /api/v1/users/ HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n{rest}");
    assert_all(&[(&old, &[400])]).await;
}

#[tokio::test]
async fn chunks_have_a_size_and_perhaps_extensions() {
    let chunked = |size: &str| format!("{size}\r\n[]\r\n0\r\n\r\n");
    let endless = "x".repeat(100_000);
    let fields = "Transfer-Encoding: chunked";
    assert_posts(&[
        (fields, chunked("2"), &[422, 200]),
        (fields, chunked("02"), &[422, 200]),
        (fields, chunked("2 "), &[422, 200]),
        (fields, "1\r\n[\r\n1\r\n]\r\n0\r\n\r\n".to_owned(), &[422, 200]),
        (fields, "A\r\n[1,2,3,4] \r\n000\r\n\r\n".to_owned(), &[422, 200]),
        // Section 7.1.1: passed over.
        (fields, chunked("2;a"), &[422, 200]),
        (fields, chunked("2;a=b;c=\"d;e\""), &[422, 200]),
        (fields, chunked("2 ; a = b"), &[422, 200]),
        (fields, chunked(&format!("2;a={endless}")), &[400]),
        (fields, chunked("2;a\nb"), &[400]),
        (fields, chunked("+2"), &[400]),
        (fields, chunked("-2"), &[400]),
        (fields, chunked(" 2"), &[400]),
        (fields, chunked("0x2"), &[400]),
        (fields, chunked("2 2"), &[400]),
        (fields, chunked("2\u{b}"), &[400]),
        (fields, chunked(""), &[400]),
        (fields, chunked("g"), &[400]),
        (fields, chunked("10000000000000002"), &[400]),
        (fields, chunked("fffffffffffffffff"), &[400]),
        (fields, "2\n[]\r\n0\r\n\r\n".to_owned(), &[400]),
        (fields, "2\r\n[]\n0\r\n\r\n".to_owned(), &[400]),
        (fields, "2\r\n[] 0\r\n\r\n".to_owned(), &[400]),
        (fields, "2\r\n[]0\r\n\r\n".to_owned(), &[400]),
        (fields, "1\r\n[]\r\n0\r\n\r\n".to_owned(), &[400]),
    ])
    .await;
}

#[tokio::test]
async fn trailers_are_dropped() {
    let trailed = |trailers: &str| format!("2\r\n[]\r\n0\r\n{trailers}\r\n\r\n");
    let fields = "Transfer-Encoding: chunked";
    assert_posts(&[
        (fields, trailed("A: b"), &[422, 200]),
        // Section 6.5.1 of RFC 9110: not merged into the head, so that they mean nothing.
        (fields, trailed("Content-Length: 100\r\nHost: b.test\r\nTransfer-Encoding: gzip"), &[422, 200]),
        (fields, trailed("A : b"), &[400]),
        (fields, trailed("A"), &[400]),
        (fields, trailed("A: b\nC: d"), &[400]),
        (fields, trailed(&format!("A: {}", "b".repeat(100_000))), &[400]),
        (fields, trailed(&vec!["A: b"; 1_000].join("\r\n")), &[400]),
    ])
    .await;
}

/// A body where none is wanted is read over, or the connection ends; it is never taken for a request.
#[tokio::test]
async fn a_body_is_no_request() {
    let server = Server::start(Store::Sqlite).await;
    let length = HIDDEN.len();
    for method in ["GET", "HEAD", "DELETE", "POST", "BREW"] {
        for path in ["/healthz", "/nowhere", "/ws"] {
            let head = format!("{method} {path} HTTP/1.1\r\nHost: a.test\r\n");
            for sent in [
                format!("{head}Content-Length: {length}\r\n\r\n{HIDDEN}"),
                format!("{head}Transfer-Encoding: chunked\r\n\r\n{length:x}\r\n{HIDDEN}\r\n0\r\n\r\n"),
            ] {
                let words = words(&server, sent.as_bytes()).await;
                let statuses = statuses(&words);
                assert!(matches!(statuses[..], [_] | [_, 200]), "{sent:?}: {words}");
                assert!(!words.contains("hidden"), "{words}");
            }
        }
    }
}
