//! Time-outs of a socket that stands still.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// A time-out that starts anew with each sign of progress. Most sockets need none, and hold a pointer for it.
#[derive(Default)]
pub(super) struct StallTimer(Option<Box<Running>>);

struct Running {
    sleep: Pin<Box<Sleep>>,
    progress: usize,
}

impl StallTimer {
    /// Ready when `progress` has not changed for this time since the first call, or since the last stop.
    pub(super) fn poll(&mut self, timeout: Duration, progress: usize, cx: &mut Context<'_>) -> Poll<()> {
        let running =
            self.0.get_or_insert_with(|| Box::new(Running { sleep: Box::pin(sleep(timeout)), progress }));
        if running.progress != progress {
            running.progress = progress;
            running.sleep.as_mut().reset(Instant::now() + timeout);
        }
        running.sleep.as_mut().poll(cx)
    }

    /// Stops it: nothing is waited for.
    pub(super) fn stop(&mut self) {
        self.0 = None;
    }
}
