//! What the server counts.

use super::Chat;
use crate::metrics::Metrics;

impl Chat {
    /// Where things are counted.
    pub fn metrics(&self) -> &Metrics {
        self.hub.metrics()
    }

    /// All that is counted, see [`Metrics::encode`].
    pub async fn show_metrics(&self) -> String {
        let cores = self.hub.counts().await;
        if let Some(node) = &self.node {
            self.metrics().note_node(node.count());
        }
        self.metrics().encode(cores)
    }
}
