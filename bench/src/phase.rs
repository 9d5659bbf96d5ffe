//! One part of the measurement.

use std::time::Duration;

use hdrhistogram::Histogram;

/// How fast is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// So many messages a second, over all senders.
    PerSecond(u32),
    /// Flat out: each sender has so many messages under way, counted by its own echo.
    Window(usize),
}

/// What was seen at one pace.
#[derive(Debug)]
pub(crate) struct Phase {
    pub(crate) pace: Pace,
    /// Messages sent.
    pub(crate) messages: u64,
    /// Messages heard, by all sockets together.
    pub(crate) deliveries: u64,
    /// From the first message to the last delivery.
    pub(crate) elapsed: Duration,
    /// CPU time of the server; `None` where the system does not tell.
    pub(crate) cpu: Option<Duration>,
    /// From just before a message was written until a socket had read it, in microseconds.
    pub(crate) latencies: Histogram<u64>,
}

impl Phase {
    /// So many a second.
    pub(crate) fn rate(&self, count: u64) -> f64 {
        count as f64 / self.elapsed.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// CPU seconds of the server for a million deliveries.
    pub(crate) fn cpu_per_million(&self) -> Option<f64> {
        let cpu = self.cpu?.as_secs_f64();
        (self.deliveries > 0).then(|| cpu * 1e6 / self.deliveries as f64)
    }
}
