//! What all clients of a scene share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

/// What the clients are to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Send.
    Sending,
    /// Send nothing new; wait for the acks of what is under way.
    Acking,
    /// What is stored is known: wait until all of it, up to this entry, was seen.
    Seeing {
        /// Its number.
        head: i64,
        /// How text mode shows it.
        line: Arc<str>,
    },
}

/// What all clients of a scene share.
#[derive(Debug)]
pub(super) struct Shared {
    /// What to do.
    pub(super) phase: watch::Sender<Phase>,
    /// Where the server listens.
    pub(super) address: watch::Sender<SocketAddr>,
    /// How many messages were acked, or came back to who sent them in text mode.
    pub(super) acks: watch::Sender<u64>,
    unacked: AtomicUsize,
    /// Whether the server may end, and sockets in text mode with it.
    pub(super) may_end: bool,
}

impl Shared {
    /// For clients of the server there.
    pub(super) fn new(address: SocketAddr, may_end: bool) -> Arc<Self> {
        Arc::new(Self {
            phase: watch::Sender::new(Phase::Sending),
            address: watch::Sender::new(address),
            acks: watch::Sender::new(0),
            unacked: AtomicUsize::new(0),
            may_end,
        })
    }

    /// A message is on its way.
    pub(super) fn sent(&self) {
        self.unacked.fetch_add(1, Ordering::Relaxed);
    }

    /// So many are not any more.
    pub(super) fn settled(&self, count: usize) {
        self.unacked.fetch_sub(count, Ordering::Relaxed);
    }

    /// How many are.
    pub(super) fn unacked(&self) -> usize {
        self.unacked.load(Ordering::Relaxed)
    }

    /// What to do now.
    pub(super) fn now(&self) -> Phase {
        self.phase.borrow().clone()
    }
}
