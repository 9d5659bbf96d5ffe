//! Filling an index behind the inserts, at the pace that these leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::Asked;

/// How long new messages gather before they are indexed together.
const GATHER: Duration = Duration::from_millis(200);

/// How long to wait after a failure.
const RETRY: Duration = Duration::from_secs(1);

/// Parts of its time in thousandths in which the store takes messages, up to which it counts as idle.
const IDLE: u64 = 20;

/// The same, from which it has no time to spare.
const BUSY: u64 = 500;

/// Of a busy store a slice takes a twentieth of the time; what it writes to the disk comes on top of that.
const PAUSE_WHEN_BUSY: u32 = 19;

/// How much the store has to do with taking messages.
#[derive(Default)]
pub(super) struct Load {
    busy_micros: AtomicU64,
    changed: Notify,
}

impl Load {
    /// Counts the time in which messages are stored, and has them indexed.
    pub(super) fn during<'a, T: Send + 'a>(&'a self, append: Asked<'a, T>) -> Asked<'a, T> {
        Box::pin(async move {
            let begun = Instant::now();
            let appended = append.await;
            let micros = begun.elapsed().as_micros().try_into().unwrap_or(u64::MAX);
            self.busy_micros.fetch_add(micros, Ordering::Relaxed);
            self.changed.notify_one();
            appended
        })
    }
}

/// A part of what was to be indexed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    /// How long it kept the database from other work.
    pub(super) spent: Duration,
    /// Whether there is more.
    pub(super) more: bool,
}

/// Has everything indexed, slice after slice, as long as it is polled.
pub(super) async fn run(load: Arc<Load>, index: impl Fn() -> Asked<'static, Slice>) {
    let (mut seen_at, mut seen) = (Instant::now(), load.busy_micros.load(Ordering::Relaxed));
    let mut is_failing = false;
    loop {
        match index().await {
            Ok(Slice { more: false, .. }) => {
                is_failing = false;
                load.changed.notified().await;
                sleep(GATHER).await;
            }
            Ok(Slice { spent, more: true }) => {
                is_failing = false;
                let (now, busy) = (Instant::now(), load.busy_micros.load(Ordering::Relaxed));
                let micros = (now - seen_at).as_micros().max(1);
                let share = u128::from(busy - seen) * 1_000 / micros;
                (seen_at, seen) = (now, busy);
                match u64::try_from(share).unwrap_or(u64::MAX) {
                    ..IDLE => tokio::task::yield_now().await,
                    IDLE..BUSY => sleep(spent).await,
                    BUSY.. => sleep(spent * PAUSE_WHEN_BUSY).await,
                }
            }
            Err(error) => {
                if !is_failing {
                    tracing::warn!(%error, "messages cannot be indexed; new ones are not found until they are");
                }
                is_failing = true;
                sleep(RETRY).await;
            }
        }
    }
}
