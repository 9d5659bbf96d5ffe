//! The users and groups that there are.

use std::collections::{HashMap, HashSet};

use crate::model::{Group, GroupId, JoinPolicy, Role, Standing, Timestamp, User, UserId};

/// What nearly everybody is to every group.
pub(super) const MEMBER: Standing =
    Standing { role: Some(Role::Member), muted_until: None, banned_until: None };

/// Who owns all groups.
pub(super) const OWNER: UserId = UserId(1_000);

/// The group of this number.
pub(super) fn group(id: GroupId) -> Group {
    Group { id, name: format!("g{id}").into(), is_private: false, topic: "".into(), join: JoinPolicy::Open }
}

/// The user of this number.
pub(super) fn user(id: UserId) -> User {
    User { id, username: format!("u{id}").into(), email: "".into(), is_admin: false }
}

/// Who is a member of what: whoever was not taken out.
#[derive(Default)]
pub(super) struct Members {
    /// Who was taken out of a group, and whether that was answered: then nothing of theirs is stored any more.
    out: HashMap<(GroupId, UserId), bool>,
    /// Who is about to be taken out, and may be refused as if they were.
    accused: HashSet<(GroupId, UserId)>,
}

impl Members {
    /// What somebody is to a group.
    pub(super) fn standing(&self, group: GroupId, user: UserId) -> Standing {
        match self.is_out(group, user) {
            true => Standing { role: None, muted_until: None, banned_until: Some(Timestamp::FOREVER) },
            false => {
                Standing { role: Some(if user == OWNER { Role::Owner } else { Role::Member }), ..MEMBER }
            }
        }
    }

    /// Takes a member out for good. `false` if they were out already.
    pub(super) fn take_out(&mut self, group: GroupId, user: UserId) -> bool {
        let is_new = !self.is_out(group, user);
        self.out.entry((group, user)).or_default();
        is_new
    }

    /// Somebody wants to take a member out.
    pub(super) fn accuse(&mut self, group: GroupId, user: UserId) {
        self.accused.insert((group, user));
    }

    /// Whether a member may be refused as if they were none.
    pub(super) fn is_accused(&self, group: GroupId, user: UserId) -> bool {
        self.accused.contains(&(group, user))
    }

    /// Somebody was told that the member is out.
    pub(super) fn bar(&mut self, group: GroupId, user: UserId) {
        self.out.insert((group, user), true);
    }

    pub(super) fn is_out(&self, group: GroupId, user: UserId) -> bool {
        self.out.contains_key(&(group, user))
    }

    pub(super) fn is_barred(&self, group: GroupId, user: UserId) -> bool {
        self.out.get(&(group, user)) == Some(&true)
    }
}
