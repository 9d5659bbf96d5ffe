//! What stops a simulated server: nothing gets in or out while its gate is shut.

use std::sync::Arc;

use tokio::sync::watch;

/// The way between a server and everything outside of it. Cheap to clone.
#[derive(Clone)]
pub(super) struct Gate(Arc<watch::Sender<bool>>);

impl Gate {
    /// An open one.
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }

    /// Shuts or opens it.
    pub(super) fn set_shut(&self, is_shut: bool) {
        self.0.send_replace(is_shut);
    }

    pub(super) fn is_shut(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is open.
    pub(super) async fn pass(&self) {
        // There is a sender as long as there is a gate.
        _ = self.0.subscribe().wait_for(|is_shut| !is_shut).await;
    }
}
