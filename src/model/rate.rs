//! Rates.

use std::num::NonZeroU32;

/// How fast something may happen. What is above it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Times a second in the long run; at most 1,000,000.
    pub rate: NonZeroU32,
    /// Times at once, after a rest of `burst / rate` seconds; at most 10,000,000.
    pub burst: NonZeroU32,
}
