//! Whether what somebody speaks by still counts.

use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by a session, key or token of an outside issuer and all that was handed in by it. Who ends it marks it first; the
/// writer looks at it when a batch begins, so nothing that was handed in by it is stored after that.
#[derive(Debug, Default)]
pub struct Validity {
    is_over: AtomicBool,
}

impl Validity {
    /// It counts no more.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Whether it has ended.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}
