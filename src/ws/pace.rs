//! How fast one socket may send.

use std::cell::Cell;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::Rate;

/// What a socket has sent of late, where that is limited.
#[derive(Debug)]
pub(super) struct Pace {
    rate: Rate,
    /// When the burst is whole again; in the past if it is.
    rested: Cell<Instant>,
    /// Messages refused since one was not.
    refused: Cell<u8>,
}

/// A message that came too soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooSoon {
    /// How long to wait before the next try.
    pub(super) wait: Duration,
    /// How many there were in a row, 255 at most.
    pub(super) refused: u8,
}

impl Pace {
    /// Of a socket that has sent nothing.
    pub(super) fn new(rate: Rate) -> Self {
        Self { rate, rested: Cell::new(Instant::now()), refused: Cell::new(0) }
    }

    /// Counts a message that comes now.
    ///
    /// # Errors
    /// It comes too soon, and does not count.
    pub(super) fn check(&self) -> Result<(), TooSoon> {
        let now = Instant::now();
        let ahead = self.rested.get().saturating_duration_since(now);
        let wait = match self.rate.admit(ahead) {
            Ok(ahead) => {
                self.rested.set(now + ahead);
                self.refused.set(0);
                return Ok(());
            }
            Err(wait) => wait,
        };
        self.refused.set(self.refused.get().saturating_add(1));
        Err(TooSoon { wait, refused: self.refused.get() })
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;
    use std::time::Duration;

    use tokio::time::advance;

    use super::{Pace, Rate, TooSoon};

    fn pace(rate: u32, burst: u32) -> Pace {
        Pace::new(Rate { rate: NonZeroU32::new(rate).unwrap(), burst: NonZeroU32::new(burst).unwrap() })
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_passes_and_then_the_rate() {
        let pace = pace(10, 3);
        for _ in 0..3 {
            assert_eq!(pace.check(), Ok(()));
        }
        for refused in 1..=3 {
            assert_eq!(pace.check(), Err(TooSoon { wait: Duration::from_millis(100), refused }));
        }
        advance(Duration::from_millis(99)).await;
        assert_eq!(pace.check(), Err(TooSoon { wait: Duration::from_millis(1), refused: 4 }));
        advance(Duration::from_millis(1)).await;
        assert_eq!(pace.check(), Ok(()));
        assert_eq!(pace.check(), Err(TooSoon { wait: Duration::from_millis(100), refused: 1 }));
        // A rest gives back a burst and no more.
        advance(Duration::from_secs(3600)).await;
        for _ in 0..3 {
            assert_eq!(pace.check(), Ok(()));
        }
        assert!(pace.check().is_err());
    }
}
