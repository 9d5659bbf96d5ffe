//! What a node has beside what a server has that is alone.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::heard::Heard;
use super::settled::Settled;
use crate::model::NodeId;
use crate::store::{CarrierKind, Joining};

/// How often a node looks whether there is old news to clear away.
const CLEAR_INTERVAL: Duration = Duration::from_secs(10);

/// This process among several.
pub(super) struct Node {
    pub(super) id: NodeId,
    /// Woken by each change that is a notice for others.
    pub(super) noticed: Notify,
    pub(super) settled: Settled,
    /// `None` unless the database carries what nodes say to each other.
    pub(super) heard: Option<Heard>,
    cleared_at: Mutex<Instant>,
}

impl Node {
    pub(super) fn new(joining: Joining) -> Self {
        Self {
            id: joining.node,
            heard: (joining.carrier == CarrierKind::Postgres).then(Heard::new),
            noticed: Notify::new(),
            settled: Settled::default(),
            cleared_at: Mutex::new(Instant::now()),
        }
    }

    /// Whether it is time to clear old news away; then it is not for a while.
    pub(super) fn has_to_clear(&self) -> bool {
        let mut cleared_at = self.cleared_at.lock().unwrap_or_else(PoisonError::into_inner);
        let is_time = cleared_at.elapsed() >= CLEAR_INTERVAL;
        if is_time {
            *cleared_at = Instant::now();
        }
        is_time
    }
}
