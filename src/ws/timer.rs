//! Time-outs of a socket that stands still.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A time-out that starts anew with each sign of progress. Most sockets need none, and hold a pointer for it.
#[derive(Default)]
pub(crate) struct StallTimer(Option<Box<Running>>);

struct Running {
    progress: usize,
    since: Instant,
    look: Pin<Box<Sleep>>,
}

/// How often it is looked at the time-out at least: it may have become less.
const LOOK_EVERY: Duration = Duration::from_secs(1);

impl StallTimer {
    /// Ready when `progress` has not changed for this time since the first call, or since the last stop.
    pub(crate) fn poll(&mut self, timeout: Duration, progress: usize, cx: &mut Context<'_>) -> Poll<()> {
        let running = self.0.get_or_insert_with(|| {
            let look = Box::pin(sleep(timeout.min(LOOK_EVERY)));
            Box::new(Running { progress, since: Instant::now(), look })
        });
        if running.progress != progress {
            (running.progress, running.since) = (progress, Instant::now());
        }
        loop {
            ready!(running.look.as_mut().poll(cx));
            let now = Instant::now();
            let end = running.since + timeout;
            if now >= end {
                return Poll::Ready(());
            }
            running.look.as_mut().reset(end.min(now + LOOK_EVERY));
        }
    }

    /// Stops it: nothing is waited for.
    pub(crate) fn stop(&mut self) {
        self.0 = None;
    }
}
