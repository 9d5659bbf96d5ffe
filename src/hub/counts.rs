//! What a core counts, in cells of its own.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use crate::metrics::CoreCount;
use crate::protocol::Mode;

/// Counts of one core. Nothing here is shared; [`Counts::now`] is asked for over the core's inbox.
#[derive(Debug, Default)]
pub(super) struct Counts {
    text: Cell<u64>,
    json: Cell<u64>,
    deliveries: Cell<u64>,
    lagged: Cell<u64>,
    dropped: RefCell<BTreeMap<&'static str, u64>>,
}

impl Counts {
    /// A socket came.
    pub(super) fn opened(&self, mode: Mode) {
        add(self.of_mode(mode), 1);
    }

    /// A socket went.
    pub(super) fn closed(&self, mode: Mode) {
        let count = self.of_mode(mode);
        count.set(count.get().saturating_sub(1));
    }

    /// So many message frames were handed to sockets.
    pub(super) fn delivered(&self, frames: u64) {
        add(&self.deliveries, frames);
    }

    /// A socket fell behind.
    pub(super) fn lagged(&self) {
        add(&self.lagged, 1);
    }

    /// The server closes a socket.
    pub(super) fn dropped(&self, reason: &'static str) {
        *self.dropped.borrow_mut().entry(reason).or_default() += 1;
    }

    /// How it stands; so many bytes wait for sockets.
    pub(super) fn now(&self, outbox_bytes: u64) -> CoreCount {
        CoreCount {
            text: self.text.get(),
            json: self.json.get(),
            deliveries: self.deliveries.get(),
            outbox_bytes,
            lagged: self.lagged.get(),
            dropped: self.dropped.borrow().clone(),
        }
    }

    fn of_mode(&self, mode: Mode) -> &Cell<u64> {
        match mode {
            Mode::Text => &self.text,
            Mode::Json => &self.json,
        }
    }
}

fn add(count: &Cell<u64>, more: u64) {
    count.set(count.get() + more);
}
