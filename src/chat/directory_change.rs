//! Changing what is kept of the directory, together with the store.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::RwLockWriteGuard;

use super::directory_cache::DirectoryCache;
use crate::model::{GroupId, MemberState, Standing, UserId};

impl DirectoryCache {
    /// Waits until nobody looks anything up, and keeps it so. To be held while the store is changed and what is kept of
    /// it is mended: then nobody keeps what was true before.
    pub(super) async fn change(&self) -> DirectoryChange<'_> {
        DirectoryChange { cache: self, _gate: self.gate.write().await }
    }
}

/// What is forgotten without waiting for those who look something up: they may keep it again, so this is to be done once
/// more when they have [ended](DirectoryCache::change).
impl DirectoryCache {
    /// Forgets a member; gives their state, if it was kept.
    pub(super) fn forget_member(&self, group: GroupId, user: UserId) -> Option<Arc<MemberState>> {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        self.members.remove(&(group, user)).map(|(_, state)| state)
    }

    /// Forgets all members of a group; gives the states that were kept.
    pub(super) fn forget_members(&self, group: GroupId) -> Vec<Arc<MemberState>> {
        self.forgotten.fetch_add(1, Ordering::SeqCst);
        let all = self.members.iter().filter(|((of, _), _)| *of == group);
        let keys: Vec<_> = all.map(|(key, _)| key).collect();
        keys.into_iter().filter_map(|(group, user)| self.forget_member(group, user)).collect()
    }

    /// The state of a member that is kept.
    pub(super) fn known_member(&self, group: GroupId, user: UserId) -> Option<Arc<MemberState>> {
        self.members.get(&(group, user))
    }

    /// Forgets a user.
    pub(super) fn forget_user(&self, id: UserId) {
        self.users.remove(&id);
        self.users_by_name.retain(|_, user| user.as_ref().is_some_and(|user| user.id != id));
    }

    /// Forgets a group. Those who act for its members are told.
    pub(super) fn forget_group(&self, id: GroupId) {
        self.groups.remove(&id);
        self.groups_by_name.retain(|_, group| group.as_ref().is_some_and(|group| group.id != id));
        self.members.iter().filter(|((of, _), _)| *of == id).for_each(|(_, state)| state.set_stale());
    }
}

/// The right to change what is kept.
pub(super) struct DirectoryChange<'d> {
    cache: &'d DirectoryCache,
    _gate: RwLockWriteGuard<'d, ()>,
}

impl DirectoryChange<'_> {
    /// Keeps that the user is a member.
    pub(super) fn keep_member(&self, group: GroupId, user: UserId, standing: Standing) {
        if self.cache.members.get(&(group, user)).is_none() {
            self.cache.members.insert((group, user), Arc::new(MemberState::new(standing)));
        }
    }

    /// Forgets a user whose row has changed or gone.
    pub(super) fn invalidate_user(&self, id: UserId) {
        self.cache.forget_user(id);
    }

    /// Forgets a group whose row has changed or gone. Those who act for its members are told.
    pub(super) fn invalidate_group(&self, id: GroupId) {
        self.cache.forget_group(id);
    }

    /// The state of a member that somebody acts for or did lately. The store may know more members.
    pub(super) fn member(&self, group: GroupId, user: UserId) -> Option<Arc<MemberState>> {
        self.cache.members.get(&(group, user))
    }

    /// The states of members of which this is true.
    pub(super) fn states(
        &self,
        is_wanted: impl Fn(GroupId, UserId) -> bool,
    ) -> Vec<((GroupId, UserId), Arc<MemberState>)> {
        self.cache.members.iter().filter(|((group, user), _)| is_wanted(*group, *user)).collect()
    }

    /// Forgets a member who is none any more.
    pub(super) fn forget_member(&self, group: GroupId, user: UserId) {
        self.cache.members.remove(&(group, user));
    }

    /// Forgets all users and groups, since any of them may have changed.
    pub(super) fn invalidate_all(&self) {
        let Self { cache, .. } = self;
        cache.users.clear();
        cache.users_by_name.clear();
        cache.groups.clear();
        cache.groups_by_name.clear();
    }
}
