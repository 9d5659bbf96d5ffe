//! What one core has counted.

use std::collections::BTreeMap;

/// How a core stands, and what it has done since it began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CoreCount {
    /// Open sockets in text mode.
    pub text: u64,
    /// Open sockets in JSON mode.
    pub json: u64,
    /// Message frames handed to sockets, those of the senders too; not those of replays.
    pub deliveries: u64,
    /// Bytes that wait for sockets.
    pub outbox_bytes: u64,
    /// Times that a socket fell behind.
    pub lagged: u64,
    /// Sockets that the server closed, by why.
    pub dropped: BTreeMap<&'static str, u64>,
}

impl CoreCount {
    /// Adds what another core says.
    pub(super) fn add(&mut self, other: &Self) {
        let Self { text, json, deliveries, outbox_bytes, lagged, dropped } = other;
        self.text += text;
        self.json += json;
        self.deliveries += deliveries;
        self.outbox_bytes += outbox_bytes;
        self.lagged += lagged;
        for (&reason, count) in dropped {
            *self.dropped.entry(reason).or_default() += count;
        }
    }
}
