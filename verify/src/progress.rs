//! The line that tells how far a run has come.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use crate::shared::{Phase, Shared};

/// How often a terminal's line is written anew, and how often any other output gets one.
const TERMINAL_EVERY: Duration = Duration::from_millis(250);
const FILE_EVERY: Duration = Duration::from_secs(5);

/// Writes to standard error how far the run has come, until it is dropped.
pub(crate) struct Progress {
    task: JoinHandle<()>,
}

impl Progress {
    /// Begins to write.
    pub(crate) fn show(shared: Arc<Shared>, start: Instant) -> Self {
        let every = if io::stderr().is_terminal() { TERMINAL_EVERY } else { FILE_EVERY };
        let task = tokio::spawn(async move {
            loop {
                sleep(every).await;
                write(&text(&shared, start));
            }
        });
        Self { task }
    }
}

impl Drop for Progress {
    /// Leaves a terminal an empty line for what is told next.
    fn drop(&mut self) {
        self.task.abort();
        if io::stderr().is_terminal() {
            write("");
        }
    }
}

fn text(shared: &Shared, start: Instant) -> String {
    let counts = shared.ledger().counts();
    let sent = counts.messages.sent + counts.changes.sent;
    let faults = shared.ledger().faults().total();
    let doing = match shared.phase() {
        Phase::Sending => "sending",
        Phase::Acking => "waiting for acks",
        Phase::Seeing => "comparing",
    };
    format!(
        "{:>4} s  {doing}: sent {}, answered {}, seen {}; kills {}, cuts {}; faults {faults}",
        start.elapsed().as_secs(),
        sent,
        counts.answered(),
        counts.seen,
        shared.kills.load(Ordering::Relaxed),
        shared.cuts.load(Ordering::Relaxed),
    )
}

/// Writes a line, on a terminal over the one before. Nobody may be reading.
fn write(text: &str) {
    let mut out = io::stderr().lock();
    let _ = match out.is_terminal() {
        true => write!(out, "\r\x1b[K{text}"),
        false => writeln!(out, "{text}"),
    };
    let _ = out.flush();
}
