//! What all sockets have heard, and when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use groupcast_kit::frame::{self, TEXT};
use hdrhistogram::Histogram;
use tokio::time::Instant;

use crate::error::BenchError;

/// How a message begins, and what stands before its content.
const MESSAGE: &[u8] = br#"{"type":"message","#;
const CONTENT: &[u8] = br#""content":""#;
/// Digits of the time in a content.
const DIGITS: usize = 16;
/// Length of each content, in bytes.
const CONTENT_BYTES: usize = 64;
/// The longest latency that is told apart from longer ones, in microseconds.
const LATENCY_MAX: u64 = 60_000_000;
/// To so many decimal digits.
const PRECISION: u8 = 3;

/// What all sockets have heard since the last look.
#[derive(Debug)]
pub(crate) struct Tally {
    began: Instant,
    heard: AtomicU64,
    /// In microseconds.
    latencies: Mutex<Histogram<u64>>,
    failed: Mutex<Option<String>>,
}

/// Takes in what one socket has read at a time.
pub(crate) struct Reading<'t> {
    latencies: MutexGuard<'t, Histogram<u64>>,
    heard: &'t AtomicU64,
    /// In microseconds since the tally began.
    now: u64,
}

impl Tally {
    pub(crate) fn new() -> Result<Self, BenchError> {
        let latencies = Histogram::new_with_bounds(1, LATENCY_MAX, PRECISION);
        let latencies = latencies.map_err(|error| BenchError::Answer(error.to_string()))?;
        let (heard, failed) = (AtomicU64::new(0), Mutex::default());
        Ok(Self { began: Instant::now(), heard, latencies: Mutex::new(latencies), failed })
    }

    /// How many messages were heard, by all sockets together.
    pub(crate) fn heard(&self) -> u64 {
        self.heard.load(Ordering::Relaxed)
    }

    /// What came of it so far; begins anew.
    pub(crate) fn take(&self) -> (u64, Histogram<u64>) {
        let mut latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = latencies.clone();
        latencies.reset();
        (self.heard.swap(0, Ordering::Relaxed), taken)
    }

    /// A socket has failed.
    pub(crate) fn fail(&self, error: &BenchError) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
    }

    /// What has gone wrong with a socket.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Appends a frame with a message that is sent now.
    pub(crate) fn push_message(&self, frames: &mut Vec<u8>, group: i64) {
        let content = format!("{:0DIGITS$}", self.now());
        let request =
            format!(r#"{{"type":"send","group_id":{group},"content":"{content:.<CONTENT_BYTES$}"}}"#);
        frame::push(frames, TEXT, request.as_bytes());
    }

    /// Begins to take in what was read now.
    pub(crate) fn reading(&self) -> Reading<'_> {
        let now = self.now();
        let latencies = self.latencies.lock().unwrap_or_else(PoisonError::into_inner);
        Reading { latencies, heard: &self.heard, now }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Reading<'_> {
    /// Takes in a text; whether it is a message.
    ///
    /// Events are searched and not parsed: the client must not be slower than the server.
    pub(crate) fn hear(&mut self, text: &[u8]) -> bool {
        let Some(sent) = sent_at(text) else { return false };
        self.latencies.saturating_record(self.now.saturating_sub(sent).max(1));
        self.heard.fetch_add(1, Ordering::Relaxed);
        true
    }
}

/// When a message was sent; `None` if it is none.
fn sent_at(text: &[u8]) -> Option<u64> {
    let fields = text.strip_prefix(MESSAGE)?;
    let start = fields.windows(CONTENT.len()).position(|bytes| bytes == CONTENT)? + CONTENT.len();
    str::from_utf8(fields.get(start..start + DIGITS)?).ok()?.parse().ok()
}
