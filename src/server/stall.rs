//! A client that takes nothing of what it has asked for.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// How often it is looked at whether it has taken nothing for too long, which may come to be less.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Time without a write that was taken.
pub(super) struct Stall {
    /// The count of writes, and since when it stands.
    writes: u32,
    since: Instant,
    look: Pin<Box<Sleep>>,
}

impl Stall {
    /// Begins now, at this count of writes.
    pub(super) fn begin(writes: u32) -> Self {
        Self { writes, since: Instant::now(), look: Box::pin(sleep(LOOK_EVERY)) }
    }

    /// Ready when the count has stood still for as long as `timeout` tells, asked anew every second at least.
    pub(super) fn poll(
        &mut self,
        writes: u32,
        cx: &mut Context<'_>,
        timeout: impl Fn() -> Duration,
    ) -> Poll<()> {
        if self.writes != writes {
            (self.writes, self.since) = (writes, Instant::now());
        }
        loop {
            let end = self.since + timeout();
            let now = Instant::now();
            if now >= end {
                return Poll::Ready(());
            }
            self.look.as_mut().reset(end.min(now + LOOK_EVERY));
            ready!(self.look.as_mut().poll(cx));
        }
    }
}
