//! How long what somebody has shown still counts.

use std::time::Duration;

use super::{Authenticated, clock};

impl Authenticated {
    /// How long until the token runs out, nothing if it has; `None` for what does not.
    pub fn expires_in(&self) -> Option<Duration> {
        let left = self.expires_at?.0.saturating_sub(clock::now().0);
        Some(Duration::from_micros(u64::try_from(left).unwrap_or(0)))
    }
}
