//! Whether a node that has begun knows what clients expect it to know.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

/// How long after its beginning a node counts as one that does not know yet who is online elsewhere. Longer makes no sense:
/// there may be no way to others, or one that was killed and is not known to be dead.
const PRESENCE_TIMEOUT: Duration = Duration::from_secs(1);

/// How far the beginning of a node is.
pub(super) struct Beginning {
    since: Instant,
    is_over: AtomicBool,
}

impl Beginning {
    pub(super) fn new() -> Self {
        Self { since: Instant::now(), is_over: AtomicBool::new(false) }
    }

    /// Whether it is over: this node has looked, and knows who is online elsewhere or has tried to for long enough. Once
    /// true it stays so.
    pub(super) fn is_over(&self, has_looked: bool, is_whole: impl FnOnce() -> bool) -> bool {
        let is_over = self.is_over.load(Ordering::Relaxed)
            || (has_looked && (self.since.elapsed() >= PRESENCE_TIMEOUT || is_whole()));
        self.is_over.fetch_or(is_over, Ordering::Relaxed);
        is_over
    }
}
