//! HTTP/1.1 as RFC 9110 and 9112 have it: raw bytes in, statuses out.
//!
//! Behind what each case sends stands a sound last request. So the statuses also tell whether the server found the end of
//! what came before: an answer to that one, 200, is the last of them if the connection was kept.

mod bodies;
mod connections;
mod expectations;
mod fields;
mod handshakes;
mod hosts;
mod targets;

use crate::support::database::Store;
use crate::support::server::Server;

/// The request behind each case.
const LAST: &str = "GET /healthz HTTP/1.1\r\nHost: last.test\r\nConnection: close\r\n\r\n";

/// What a case sends, and the statuses of all answers.
type Case<'c> = (&'c str, &'c [u16]);

/// What the server says to these bytes and the last request, until it closes.
async fn words(server: &Server, bytes: &[u8]) -> String {
    let mut http = server.http().await;
    http.send([bytes, LAST.as_bytes()].concat()).await;
    http.closed().await
}

/// The statuses of the answers among these words. What is told of HTTP/1.1 in the body of one is no status line.
fn statuses(words: &str) -> Vec<u16> {
    words.split("HTTP/1.").skip(1).filter_map(|answer| answer.get(2..5)?.parse().ok()).collect()
}

/// Asserts what a server says to each of these, and that it is well afterwards.
async fn assert_all(cases: &[Case<'_>]) {
    let server = Server::start(Store::Sqlite).await;
    let mut wrong = Vec::new();
    for (sent, expected) in cases {
        let words = words(&server, sent.as_bytes()).await;
        if statuses(&words) != *expected {
            wrong.push(format!("{sent:?}\n  expected {expected:?}, not {words:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(server.http().await.get("/healthz").await.status, 200);
}
