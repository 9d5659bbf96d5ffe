//! Connections that are not served.

use std::sync::Arc;

use tokio::io::AsyncWriteExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::linger::linger;
use crate::transport::Transport;

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

/// The answer to a client that speaks HTTP where TLS is spoken.
pub(super) const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Length: 45\r\n\r\n\
    This port speaks TLS: use https:// or wss://\n";

/// Tells a client that it is one too many. Without a turn to linger the connection ends at once, whatever of the answer
/// is lost by that, so that those above the bound never hold more descriptors than there are turns.
pub(super) fn refuse(stream: Transport, answer: &'static [u8], turns: &Arc<Semaphore>) -> Option<Refusal> {
    match Arc::clone(turns).try_acquire_owned() {
        Ok(turn) => Some(Refusal { stream, answer, _turn: turn }),
        Err(_) => {
            // A new socket has room for it.
            let _ = stream.try_write(answer);
            None
        }
    }
}

/// A client that may still read its refusal.
pub(super) struct Refusal {
    stream: Transport,
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
