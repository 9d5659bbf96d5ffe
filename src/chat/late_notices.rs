//! Notices that are heeded once more, when whoever was looking something up has found it.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{Notify, watch};

use crate::store::Notice;

/// What is to be heeded once more.
#[derive(Default)]
pub(super) struct LateNotices {
    /// Those, and how many there were so far.
    notices: Mutex<(Vec<Notice>, u64)>,
    pub(super) added: Notify,
    /// How many were heeded twice.
    pub(super) done: watch::Sender<u64>,
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

    /// Takes all that wait, and how many there were so far.
    pub(super) fn take(&self) -> (Vec<Notice>, u64) {
        let mut late = self.notices.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut late.0), late.1)
    }
}
