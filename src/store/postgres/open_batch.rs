//! A node's transaction that is open between two questions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use super::session::Session;

/// A transaction, and the turn of whoever may ask something in it.
pub(super) struct OpenBatch {
    pub(super) session: Arc<Session>,
    _turn: OwnedMutexGuard<()>,
}

/// Where it is between two questions; nothing most of the time.
#[derive(Clone, Default)]
pub(super) struct OpenBatches(Arc<Mutex<Option<OpenBatch>>>);

impl OpenBatches {
    /// Keeps a transaction. When its session is lost the turn ends at once: the database has given the transaction up.
    pub(super) fn put(&self, session: Arc<Session>, turn: OwnedMutexGuard<()>) {
        *self.lock() = Some(OpenBatch { session: Arc::clone(&session), _turn: turn });
        // Whoever saw it lost has emptied this before, or does so from now on.
        if session.is_lost() {
            drop(self.take());
        }
    }

    /// Takes it out.
    pub(super) fn take(&self) -> Option<OpenBatch> {
        self.lock().take()
    }

    /// In which session there is one.
    pub(super) fn session(&self) -> Option<Arc<Session>> {
        self.lock().as_ref().map(|open| Arc::clone(&open.session))
    }

    fn lock(&self) -> MutexGuard<'_, Option<OpenBatch>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
