//! Connections that are not served.

use std::sync::Arc;

use socket2::SockRef;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::linger::linger;

/// The answer to a connection above the limit of all.
pub(super) const FULL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 33\r\n\r\n{\"detail\":\"Too many connections\"}";

/// The answer to a request whose head has not come in one piece, when there is no room for more of these.
pub(super) const CROWDED: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 41\r\n\r\n{\"detail\":\"Too many unfinished requests\"}";

/// The answer to a connection above the rate of its address. No rate is below one a second.
pub(super) const TOO_FAST: &[u8] =
    b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nConnection: close\r\n\
    Content-Type: application/json\r\nContent-Length: 33\r\n\r\n{\"detail\":\"Too many connections\"}";

/// Tells a client that it is one too many. Without a turn to linger the connection ends at once, whatever of the answer
/// is lost by that, so that those above the bound never hold more descriptors than there are turns.
pub(super) fn refuse(stream: TcpStream, answer: &'static [u8], turns: &Arc<Semaphore>) -> Option<Refusal> {
    match Arc::clone(turns).try_acquire_owned() {
        Ok(turn) => Some(Refusal { stream, answer, _turn: turn }),
        Err(_) => {
            // A new socket has room for it.
            let _ = SockRef::from(&stream).send(answer);
            None
        }
    }
}

/// A client that may still read its refusal.
pub(super) struct Refusal {
    stream: TcpStream,
    answer: &'static [u8],
    _turn: OwnedSemaphorePermit,
}

impl Refusal {
    /// Ends the connection when the client has had the time to read its answer.
    pub(super) async fn finish(mut self) {
        if self.stream.write_all(self.answer).await.is_ok() {
            linger(self.stream).await;
        }
    }
}
