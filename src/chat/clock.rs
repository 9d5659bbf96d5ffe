//! The one place where the chat reads the time.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::model::Timestamp;

/// The current time in seconds since 1970, for what expires by the calendar.
pub fn unix_seconds() -> u64 {
    u64::try_from(now().0 / 1_000_000).unwrap_or_default()
}

/// The current time; 1970 if the clock is set before that.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub(crate) fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}
