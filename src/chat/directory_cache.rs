//! Users, groups and memberships that were looked up, kept so that the database is asked once.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{ChatError, ChatResult};
use crate::model::{Group, GroupId, User, UserId};
use crate::store::{Directory, Join};

/// Users, and groups, kept at a time.
const NAMES_MAX: usize = 100_000;
/// Memberships kept at a time.
const MEMBERSHIPS_MAX: usize = 500_000;

/// A bounded memory in front of the store. This server owns its database, and users, groups and memberships
/// never change once they are there, so what is found stays true; what is not found is asked again.
pub(super) struct DirectoryCache {
    store: Arc<dyn Directory>,
    users: Cache<UserId, Arc<User>>,
    users_by_name: Cache<Arc<str>, Arc<User>>,
    groups: Cache<GroupId, Arc<Group>>,
    groups_by_name: Cache<Arc<str>, Arc<Group>>,
    memberships: Cache<(GroupId, UserId), ()>,
}

impl DirectoryCache {
    pub(super) fn new(store: Arc<dyn Directory>) -> Self {
        Self {
            store,
            users: Cache::new(NAMES_MAX),
            users_by_name: Cache::new(NAMES_MAX),
            groups: Cache::new(NAMES_MAX),
            groups_by_name: Cache::new(NAMES_MAX),
            memberships: Cache::new(MEMBERSHIPS_MAX),
        }
    }

    pub(super) async fn user(&self, id: UserId) -> ChatResult<Option<Arc<User>>> {
        if let Some(user) = self.users.get(&id) {
            return Ok(Some(user));
        }
        Ok(self.store.user(id).await?.map(|user| self.keep_user(user)))
    }

    pub(super) async fn user_by_name(&self, name: &str) -> ChatResult<Option<Arc<User>>> {
        if let Some(user) = self.users_by_name.get(name) {
            return Ok(Some(user));
        }
        Ok(self.store.user_by_name(name).await?.map(|user| self.keep_user(user)))
    }

    pub(super) async fn group(&self, id: GroupId) -> ChatResult<Option<Arc<Group>>> {
        if let Some(group) = self.groups.get(&id) {
            return Ok(Some(group));
        }
        Ok(self.store.group(id).await?.map(|group| self.keep_group(group)))
    }

    pub(super) async fn group_by_name(&self, name: &str) -> ChatResult<Option<Arc<Group>>> {
        if let Some(group) = self.groups_by_name.get(name) {
            return Ok(Some(group));
        }
        Ok(self.store.group_by_name(name).await?.map(|group| self.keep_group(group)))
    }

    /// The group of this name if it is kept here.
    pub(super) fn known_group(&self, name: &str) -> Option<Arc<Group>> {
        self.groups_by_name.get(name)
    }

    pub(super) fn keep_group(&self, group: Group) -> Arc<Group> {
        let group = Arc::new(group);
        self.groups.insert(group.id, Arc::clone(&group));
        self.groups_by_name.insert(Arc::clone(&group.name), Arc::clone(&group));
        group
    }

    /// Makes the user a member.
    pub(super) async fn join(&self, group: &Group, user: &User) -> ChatResult<()> {
        let key = (group.id, user.id);
        if self.memberships.get(&key).is_some() {
            return Ok(());
        }
        match self.store.join(group.id, user.id).await? {
            Join::Joined | Join::AlreadyMember => {
                self.memberships.insert(key, ());
                Ok(())
            }
            Join::Full => Err(ChatError::GroupFull),
        }
    }

    /// Whether the user is a member.
    pub(super) async fn is_member(&self, group: &Group, user: &User) -> ChatResult<bool> {
        let key = (group.id, user.id);
        if self.memberships.get(&key).is_some() {
            return Ok(true);
        }
        let is_member = self.store.is_member(group.id, user.id).await?;
        if is_member {
            self.memberships.insert(key, ());
        }
        Ok(is_member)
    }

    fn keep_user(&self, user: User) -> Arc<User> {
        let user = Arc::new(user);
        self.users.insert(user.id, Arc::clone(&user));
        self.users_by_name.insert(Arc::clone(&user.username), Arc::clone(&user));
        user
    }
}
