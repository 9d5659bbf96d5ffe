//! The edge of the server: who connects, from where, and how often.
//!
//! A client comes from any address of 127.0.0.0/8, so one of these can be a proxy's.

mod address;
mod command_rate;
mod connect_rate;
mod origins;
mod proxy_protocol;
mod request_rate;

use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};

use crate::support::http::{Connection, Response};
use crate::support::patiently;
use crate::support::server::Server;
use crate::support::socket::group_path;

/// The address that the servers of these tests trust.
const PROXY: &str = "127.0.0.2";
/// Others that they do not.
const STRANGER: &str = "127.0.0.3";

/// A TCP connection from this address.
async fn tcp_from(server: &Server, source: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{source}:0").parse().unwrap()).expect("an address of this machine");
    patiently("a connection", socket.connect(server.address())).await.expect("the server accepts")
}

/// An HTTP connection from this address.
async fn http_from(server: &Server, source: &str) -> Connection {
    Connection::over(tcp_from(server, source).await)
}

/// The answer to a handshake from alice with these headers, on a connection of its own.
async fn handshake(server: &Server, source: &str, headers: &[(&str, &str)]) -> Response {
    let mut all = vec![
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Version", "13"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    all.extend(headers);
    http_from(server, source).await.request("GET", &group_path("g", "alice"), &all, b"").await
}

/// Counts what is taken of what is tried under a limit of one a second and as many at once.
struct Tally {
    since: Instant,
    taken: u64,
}

impl Tally {
    fn start() -> Self {
        Self { since: Instant::now(), taken: 0 }
    }

    /// Counts an answer, which must be a refusal if it is not what is expected.
    fn count(&mut self, answer: &Response, expected: u16, refusal: &str) {
        if answer.status == expected {
            self.taken += 1;
            return;
        }
        assert_eq!(answer.detail(429), refusal);
        assert_eq!(answer.header("retry-after"), Some("1"));
    }

    /// One of them was taken, and on a slow machine another one each second.
    fn assert_one_rate(&self) {
        let seconds = self.since.elapsed() + Duration::from_secs(1);
        assert!((1..=1 + seconds.as_secs()).contains(&self.taken), "{} in {seconds:?}", self.taken);
    }
}
