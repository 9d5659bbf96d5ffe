//! How fast a sender goes.

use tokio::time::Instant;

/// A rate that is kept over the whole time, so what an outage has held up is made up for.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Steps a second.
    rate: u32,
    steps: u64,
    /// When the first one could be made.
    start: Option<Instant>,
}

impl Pace {
    /// So many steps a second.
    pub(crate) fn new(rate: u32) -> Self {
        Self { rate, steps: 0, start: None }
    }

    /// Whether another step is due. The time begins with the first question.
    pub(crate) fn is_due(&mut self) -> bool {
        let elapsed = self.start.get_or_insert_with(Instant::now).elapsed();
        u128::from(self.steps) < elapsed.as_micros() * u128::from(self.rate) / 1_000_000
    }

    /// One is made.
    pub(crate) fn step(&mut self) {
        self.steps += 1;
    }
}
