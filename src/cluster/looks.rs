//! How far a node has looked into the database for what others have changed.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::sync::{Mutex as TurnMutex, Notify};
use tokio::time::Instant;

use crate::store::Known;

/// How far this node has looked, and who looks.
#[derive(Default)]
pub(super) struct Looks {
    known: Mutex<Known>,
    /// Looks that were begun.
    pub(super) begun: AtomicU64,
    pub(super) turn: TurnMutex<Turn>,
    /// How many nodes live.
    pub(super) alive: AtomicUsize,
    /// Somebody says that there is something to see.
    pub(super) hint: Notify,
}

/// What the last look came to.
#[derive(Default)]
pub(super) struct Turn {
    /// Its number.
    pub(super) number: u64,
    /// Whether it succeeded.
    pub(super) is_done: bool,
    /// When the last was begun that did.
    pub(super) at: Option<Instant>,
    /// What was found to be incomplete has not been made up for.
    pub(super) owes_all: bool,
}

impl Looks {
    pub(super) fn known(&self) -> Known {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn alive(&self) -> usize {
        self.alive.load(Ordering::Relaxed)
    }

    pub(super) fn set_known(&self, known: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }
}
