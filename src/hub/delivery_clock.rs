//! How long a batch takes to its last socket.

use std::sync::Arc;

use tokio::time::Instant;

use crate::metrics::Metrics;

/// Runs from the commit of a batch until the last core that has a part of it lets go of it.
#[derive(Debug)]
pub struct DeliveryClock {
    since: Instant,
    metrics: Arc<Metrics>,
}

impl DeliveryClock {
    /// A clock that has run since then.
    pub(super) fn new(since: Instant, metrics: Arc<Metrics>) -> Arc<Self> {
        Arc::new(Self { since, metrics })
    }
}

impl Drop for DeliveryClock {
    fn drop(&mut self) {
        self.metrics.delivered(self.since.elapsed());
    }
}
