//! Whether a node that has begun knows what clients expect it to know.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::node::Node;

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
}

impl Node {
    /// Whether the node has looked once at what others have changed, and knows who is online on all nodes or has tried to
    /// for 1 s. Once true it stays so.
    pub fn is_settled(&self) -> bool {
        let Beginning { since, is_over } = &self.beginning;
        if is_over.load(Ordering::Relaxed) {
            return true;
        }
        let is_whole = || self.presence.get().is_none_or(|presence| presence.is_whole());
        // A node that has looked has seen itself.
        let is_settled = self.looks.alive() > 0 && (since.elapsed() >= PRESENCE_TIMEOUT || is_whole());
        is_over.fetch_or(is_settled, Ordering::Relaxed);
        is_settled
    }
}
