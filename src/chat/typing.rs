//! Telling the others that somebody types.

use std::time::{Duration, Instant};

use super::{Chat, Membership, clock};
use crate::model::Scope;

/// How often at most a user's typing is passed on.
const TYPING_PERIOD: Duration = Duration::from_secs(3);

impl Chat {
    /// Whether it is to be passed on that somebody types: at most once in 3 s for a user and group, never of
    /// who may not write.
    pub fn may_type(&self, member: &Membership, now: Instant) -> bool {
        let may_write =
            member.is_current() && member.scope >= Scope::Write && !member.state.is_muted(clock::now());
        may_write && self.hub.may_type(member.group.id, member.user.id, now, TYPING_PERIOD)
    }
}
