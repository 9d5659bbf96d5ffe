//! The end of a connection after its last answer.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::time::timeout;

use crate::transport::Transport;

/// How long a client may take to end a connection after its last answer.
const LINGER_TIMEOUT: Duration = Duration::from_secs(5);
/// How much it may still send meanwhile, in bytes: the rest of a body that was refused.
const LINGER_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Ends a connection so that the client can still read its last answer. Many clients send all of a request before they
/// read, and closing while data is unread would destroy the answer; so what still comes is read and dropped, at most
/// [`LINGER_BYTES_MAX`] within [`LINGER_TIMEOUT`].
pub(super) async fn linger(mut stream: Transport) {
    let _ = timeout(LINGER_TIMEOUT, async {
        stream.shutdown().await?;
        copy(&mut stream.take(LINGER_BYTES_MAX), &mut sink()).await
    })
    .await;
}
