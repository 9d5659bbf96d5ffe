//! The line that tells how far a run has come.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::shared::{Phase, Shared};

/// How often a terminal's line is written anew, and how often any other output gets one.
const TERMINAL_EVERY: Duration = Duration::from_millis(250);
const FILE_EVERY: Duration = Duration::from_secs(5);

/// Writes to standard error how far the run has come, until it is dropped.
pub(super) async fn show(shared: Arc<Shared>, start: Instant) {
    let is_terminal = io::stderr().is_terminal();
    let line = Line { is_terminal };
    loop {
        sleep(if is_terminal { TERMINAL_EVERY } else { FILE_EVERY }).await;
        line.write(&text(&shared, start));
    }
}

fn text(shared: &Shared, start: Instant) -> String {
    let counts = shared.ledger().counts();
    let faults = shared.ledger().faults().total();
    let doing = match shared.phase() {
        Phase::Sending => "sending",
        Phase::Acking => "waiting for acks",
        Phase::Seeing => "comparing",
    };
    format!(
        "{:>4} s  {doing}: sent {}, acked {}, seen {}; kills {}, cuts {}; faults {faults}",
        start.elapsed().as_secs(),
        counts.sent,
        counts.acked,
        counts.seen,
        shared.kills.load(Ordering::Relaxed),
        shared.cuts.load(Ordering::Relaxed),
    )
}

struct Line {
    is_terminal: bool,
}

impl Line {
    /// Writes over the line before, on a terminal; nobody may be reading.
    fn write(&self, text: &str) {
        let mut out = io::stderr().lock();
        let _ = match self.is_terminal {
            true => write!(out, "\r\x1b[K{text}"),
            false => writeln!(out, "{text}"),
        };
        let _ = out.flush();
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if self.is_terminal {
            self.write("");
        }
    }
}
