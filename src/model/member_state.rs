//! What a member may do at this moment, shared by all who act on the member's behalf.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};

use super::{Removal, Role, Standing, Timestamp};

/// Above the roles: the member has gone, for the reason that follows.
const GONE: u8 = 16;

/// What a member is, as it changes: one for each member that somebody acts for, shared by the member's sockets and the
/// messages on their way to be stored. Who removes a member marks it first; the writer looks at it when a message's
/// batch begins, so nothing of the member is stored after that.
#[derive(Debug)]
pub struct MemberState {
    role: AtomicU8,
    muted_until: AtomicI64,
    is_stale: AtomicBool,
}

impl MemberState {
    /// A member as the store has it; gone if it is none.
    pub fn new(standing: Standing) -> Self {
        let Standing { role, muted_until, .. } = standing;
        let role = role.map_or(GONE, |role| role as u8);
        let muted_until = muted_until.unwrap_or(Timestamp(i64::MIN)).0;
        Self {
            role: AtomicU8::new(role),
            muted_until: AtomicI64::new(muted_until),
            is_stale: AtomicBool::new(false),
        }
    }

    /// What the member is, or how they went.
    pub fn role(&self) -> Result<Role, Removal> {
        match self.role.load(Ordering::Acquire) {
            0 => Ok(Role::Member),
            1 => Ok(Role::Admin),
            2 => Ok(Role::Owner),
            gone => Err(Removal::ALL[usize::from(gone - GONE) % Removal::ALL.len()]),
        }
    }

    /// Whether the member governs the group.
    pub fn is_admin(&self) -> bool {
        self.role().is_ok_and(|role| role >= Role::Admin)
    }

    /// The member is this from now on.
    pub fn set_role(&self, role: Role) {
        self.role.store(role as u8, Ordering::Release);
    }

    /// The member is none from now on.
    pub fn remove(&self, removal: Removal) {
        self.role.store(GONE + removal as u8, Ordering::Release);
    }

    /// Whether the member may not write at this time.
    pub fn is_muted(&self, now: Timestamp) -> bool {
        self.muted_until.load(Ordering::Acquire) > now.0
    }

    /// The member may not write until then; a time that is over lets them write.
    pub fn mute(&self, until: Timestamp) {
        self.muted_until.store(until.0, Ordering::Release);
    }

    /// The group's row has changed since somebody began to act for the member.
    pub fn set_stale(&self) {
        self.is_stale.store(true, Ordering::Release);
    }

    /// Whether it has.
    pub fn is_stale(&self) -> bool {
        self.is_stale.load(Ordering::Acquire)
    }
}

#[cfg(test)]
mod tests {
    use super::{MemberState, Removal, Role, Standing, Timestamp};

    #[test]
    fn a_member_changes_and_goes() {
        let standing =
            Standing { role: Some(Role::Admin), muted_until: Some(Timestamp(5)), banned_until: None };
        let state = MemberState::new(standing);
        assert_eq!(state.role(), Ok(Role::Admin));
        assert!(state.is_muted(Timestamp(4)) && !state.is_muted(Timestamp(5)));
        for removal in Removal::ALL {
            state.remove(removal);
            assert_eq!(state.role(), Err(removal));
        }
        for role in [Role::Member, Role::Admin, Role::Owner] {
            state.set_role(role);
            assert_eq!(state.role(), Ok(role));
        }
    }
}
