//! Connections that are not served.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::linger::linger;
use crate::transport::Transport;

/// The answer to a connection above the limit of all.
pub(super) const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 33\r\n\r\n{\"detail\":\"Too many connections\"}";

/// The answer to a connection above the rate of its address. No rate is below one a second.
pub(super) const TOO_FAST: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 33\r\n\r\n{\"detail\":\"Too many connections\"}";

/// The answer to a client that speaks HTTP where TLS is spoken.
pub(super) const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 45\r\n\r\n\
    This port speaks TLS: use https:// or wss://\n";

/// Tells a client that it is one too many; without a turn to linger it may have to find out by itself.
pub(super) async fn refuse(mut stream: TcpStream, answer: &'static [u8], turn: Option<OwnedSemaphorePermit>) {
    if stream.write_all(answer).await.is_ok() && turn.is_some() {
        linger(Transport::Plain(stream)).await;
    }
}
