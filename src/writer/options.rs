//! How the writer works.

use std::time::Duration;

/// How the writer works.
#[derive(Clone, Copy, Debug)]
pub struct WriterOptions {
    /// Hand messages to their readers while they are being stored, instead of after.
    pub eager: bool,
    /// Messages in one transaction. Default 1,000.
    pub batch_messages_max: usize,
    /// Bytes of content in one transaction, exceeded by at most one message. Default 4 MiB.
    pub batch_bytes_max: usize,
    /// How long a message of a socket in JSON mode waits for the store before its sender is told `unavailable`,
    /// give or take a tenth. It goes on waiting. Default 10 s.
    pub unavailable_after: Duration,
}

impl Default for WriterOptions {
    fn default() -> Self {
        Self {
            eager: false,
            batch_messages_max: 1_000,
            batch_bytes_max: 4 << 20,
            unavailable_after: Duration::from_secs(10),
        }
    }
}
