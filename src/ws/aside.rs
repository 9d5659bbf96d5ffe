//! What few sockets in JSON mode have, or for a moment only.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use super::lease::Lease;
use super::replay::Replays;
use crate::chat::Membership;
use crate::model::GroupId;

/// Groups that a socket does not read and of which it is remembered that its user is a member.
const MEMBERSHIPS_MAX: usize = 1_000;

/// Kept apart from a socket that is idle, which has none of it.
pub(super) struct Aside<S> {
    /// What the socket speaks by, unless its name was believed.
    pub(super) lease: Option<Box<Lease>>,
    pub(super) replays: Replays<S>,
    /// Memberships in groups that the socket does not read.
    memberships: HashMap<GroupId, Membership>,
    /// Groups that were left a moment ago, before what the socket sent was stored.
    leaving: HashMap<GroupId, Rc<Leaving>>,
}

/// A leaving that was not told yet.
#[derive(Default)]
pub(super) struct Leaving {
    is_told: Cell<bool>,
    is_revoked: Cell<bool>,
}

impl<S> Default for Aside<S> {
    fn default() -> Self {
        Self {
            lease: None,
            replays: Replays::default(),
            memberships: HashMap::new(),
            leaving: HashMap::new(),
        }
    }
}

impl<S> Aside<S> {
    /// That of a socket that speaks by something.
    pub(super) fn with_lease(lease: Box<Lease>) -> Self {
        Self { lease: Some(lease), ..Self::default() }
    }

    /// Whether there is nothing to keep.
    pub(super) fn is_empty(&self) -> bool {
        let Self { lease, replays, memberships, leaving } = self;
        lease.is_none() && replays.is_idle() && memberships.is_empty() && leaving.is_empty()
    }

    /// The membership in a group that is not read, if it is known.
    pub(super) fn membership(&self, group: GroupId) -> Option<&Membership> {
        self.memberships.get(&group)
    }

    /// Remembers a membership in a group that is not read.
    pub(super) fn remember(&mut self, membership: Membership) {
        if self.memberships.len() >= MEMBERSHIPS_MAX {
            self.memberships.clear();
        }
        self.memberships.insert(membership.group.id, membership);
    }

    /// Forgets memberships that are over.
    pub(super) fn forget_removed(&mut self) {
        self.memberships.retain(|_, membership| membership.is_current());
    }

    /// Forgets all memberships.
    pub(super) fn forget_memberships(&mut self) {
        self.memberships = HashMap::new();
    }

    /// Notes that the group is left, which will be told.
    pub(super) fn leave(&mut self, group: GroupId) -> Rc<Leaving> {
        let leaving = Rc::<Leaving>::default();
        self.leaving.retain(|_, leaving| !leaving.is_told.get());
        self.leaving.insert(group, Rc::clone(&leaving));
        leaving
    }

    /// Forgets what is known of a group that is going to be read. Whether the socket has left it and nobody was told:
    /// then nobody shall be.
    pub(super) fn come_back(&mut self, group: GroupId) -> bool {
        self.memberships.remove(&group);
        let leaving = self.leaving.remove(&group).filter(|leaving| !leaving.is_told.get());
        leaving.inspect(|leaving| leaving.is_revoked.set(true)).is_some()
    }
}

impl Leaving {
    /// It is told now; `false` if it is not to be told any more.
    pub(super) fn tell(&self) -> bool {
        self.is_told.set(true);
        !self.is_revoked.get()
    }
}
