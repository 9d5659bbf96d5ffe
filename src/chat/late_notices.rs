//! Notices that are heeded once more, when whoever was looking something up has found it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::store::Notice;

/// What is to be heeded once more.
#[derive(Default)]
pub(super) struct LateNotices {
    /// Those, and how many there were so far.
    notices: Mutex<(Vec<Notice>, u64)>,
    added: Notify,
    /// How many were heeded twice.
    done: watch::Sender<u64>,
}

impl LateNotices {
    /// Adds some; answers how many there were so far, with them.
    pub(super) fn add(&self, notices: &[Notice]) -> u64 {
        let mut late = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        late.0.extend_from_slice(notices);
        late.1 += notices.len() as u64;
        self.added.notify_one();
        late.1
    }

    /// Waits for some, and takes all that wait; with them how many there were so far, which is to be given to
    /// [`finish`](Self::finish).
    pub(super) async fn next(&self) -> (Vec<Notice>, u64) {
        self.added.notified().await;
        let mut late = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut late.0), late.1)
    }

    /// So many were heeded twice.
    pub(super) fn finish(&self, count: u64) {
        self.done.send_replace(count);
    }

    /// Waits until so many were heeded twice.
    pub(super) async fn until_finished(&self, count: u64) {
        // The sender lives as long as this.
        _ = self.done.subscribe().wait_for(|done| *done >= count).await;
    }
}
