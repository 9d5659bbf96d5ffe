//! Users, groups and memberships that were looked up, kept so that the database is asked once.

use std::hash::Hash;
use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{ChatError, ChatResult};
use crate::model::{Group, GroupId, User, UserId};
use crate::store::{Directory, Join, Moderation, StoreError, StoreResult};

/// Users, and groups, kept at a time.
const NAMES_MAX: usize = 100_000;
/// Memberships kept at a time.
const MEMBERSHIPS_MAX: usize = 500_000;

/// A bounded memory in front of the store. Of those who look the same up at the same time one asks the store. What is
/// found is kept until it is forgotten or invalidated; what is not found is asked again.
pub(super) struct DirectoryCache {
    store: Arc<dyn Directory>,
    moderation: Arc<dyn Moderation>,
    users: Kept<UserId, User>,
    users_by_name: Kept<Arc<str>, User>,
    groups: Kept<GroupId, Group>,
    groups_by_name: Kept<Arc<str>, Group>,
    memberships: Cache<(GroupId, UserId), ()>,
}

/// `None` stands there for a moment only: for those who wait for the same answer.
type Kept<K, V> = Cache<K, Option<Arc<V>>>;

impl DirectoryCache {
    pub(super) fn new(store: Arc<dyn Directory>, moderation: Arc<dyn Moderation>) -> Self {
        Self {
            store,
            moderation,
            users: Cache::new(NAMES_MAX),
            users_by_name: Cache::new(NAMES_MAX),
            groups: Cache::new(NAMES_MAX),
            groups_by_name: Cache::new(NAMES_MAX),
            memberships: Cache::new(MEMBERSHIPS_MAX),
        }
    }

    pub(super) async fn user(&self, id: UserId) -> ChatResult<Option<Arc<User>>> {
        if let Some(user) = self.users.get(&id) {
            return Ok(user);
        }
        let user = look_up(&self.users, &id, self.store.user(id)).await?;
        if let Some(user) = &user {
            self.users_by_name.insert(Arc::clone(&user.username), Some(Arc::clone(user)));
        }
        Ok(user)
    }

    pub(super) async fn user_by_name(&self, name: &str) -> ChatResult<Option<Arc<User>>> {
        if let Some(user) = self.users_by_name.get(name) {
            return Ok(user);
        }
        let user = look_up(&self.users_by_name, &name.into(), self.store.user_by_name(name)).await?;
        if let Some(user) = &user {
            self.users.insert(user.id, Some(Arc::clone(user)));
        }
        Ok(user)
    }

    pub(super) async fn group(&self, id: GroupId) -> ChatResult<Option<Arc<Group>>> {
        if let Some(group) = self.groups.get(&id) {
            return Ok(group);
        }
        let group = look_up(&self.groups, &id, self.store.group(id)).await?;
        if let Some(group) = &group {
            self.groups_by_name.insert(Arc::clone(&group.name), Some(Arc::clone(group)));
        }
        Ok(group)
    }

    pub(super) async fn group_by_name(&self, name: &str) -> ChatResult<Option<Arc<Group>>> {
        if let Some(group) = self.groups_by_name.get(name) {
            return Ok(group);
        }
        let group = look_up(&self.groups_by_name, &name.into(), self.store.group_by_name(name)).await?;
        if let Some(group) = &group {
            self.groups.insert(group.id, Some(Arc::clone(group)));
        }
        Ok(group)
    }

    /// The group of this name if it is kept here.
    pub(super) fn known_group(&self, name: &str) -> Option<Arc<Group>> {
        self.groups_by_name.get(name).flatten()
    }

    /// Keeps a user that was just created: whoever looked for it before was told that there is none.
    pub(super) fn keep_user(&self, user: User) -> Arc<User> {
        let user = Arc::new(user);
        self.users.insert(user.id, Some(Arc::clone(&user)));
        self.users_by_name.insert(Arc::clone(&user.username), Some(Arc::clone(&user)));
        user
    }

    /// Keeps a group that was just created or found.
    pub(super) fn keep_group(&self, group: Group) -> Arc<Group> {
        let group = Arc::new(group);
        self.groups.insert(group.id, Some(Arc::clone(&group)));
        self.groups_by_name.insert(Arc::clone(&group.name), Some(Arc::clone(&group)));
        group
    }

    /// Keeps that the user is a member.
    pub(super) fn keep_membership(&self, group: GroupId, user: UserId) {
        self.memberships.insert((group, user), ());
    }

    /// Makes the user a member.
    pub(super) async fn join(&self, group: &Group, user: &User) -> ChatResult<()> {
        let joining = async {
            match self.store.join(group.id, user.id, super::clock::now()).await {
                Ok(Join::Joined(_) | Join::AlreadyMember(_)) => Ok(()),
                Ok(Join::Banned) => Err(ChatError::NotMember),
                Ok(Join::Full) => Err(ChatError::GroupFull),
                Err(error) => {
                    if let StoreError::Missing(_) = error {
                        // They were here when they were looked up.
                        self.invalidate_user(user.id);
                        self.invalidate_group(group.id);
                    }
                    Err(error.into())
                }
            }
        };
        self.memberships.get_or_insert_async(&(group.id, user.id), joining).await
    }

    /// Whether the user is a member.
    pub(super) async fn is_member(&self, group: &Group, user: &User) -> ChatResult<bool> {
        let key = (group.id, user.id);
        if self.memberships.get(&key).is_some() {
            return Ok(true);
        }
        let is_member = self.moderation.standing(group.id, user.id).await?.role.is_some();
        if is_member {
            self.keep_membership(group.id, user.id);
        }
        Ok(is_member)
    }

    /// Forgets a user whose row has changed or gone, and the memberships of that user.
    pub(super) fn invalidate_user(&self, id: UserId) {
        self.users.remove(&id);
        self.users_by_name.retain(|_, user| user.as_ref().is_some_and(|user| user.id != id));
        self.memberships.retain(|(_, user), ()| *user != id);
    }

    /// Forgets a group whose row has changed or gone, and the memberships of that group.
    pub(super) fn invalidate_group(&self, id: GroupId) {
        self.groups.remove(&id);
        self.groups_by_name.retain(|_, group| group.as_ref().is_some_and(|group| group.id != id));
        self.memberships.retain(|(group, _), ()| *group != id);
    }

    /// Forgets that the user is a member.
    pub(super) fn invalidate_membership(&self, group: GroupId, user: UserId) {
        self.memberships.remove(&(group, user));
    }
}

/// What stands in the cache under this key, or what the store says. Of those who come at the same time one asks.
async fn look_up<K, V>(
    cache: &Kept<K, V>,
    key: &K,
    asked: impl Future<Output = StoreResult<Option<V>>>,
) -> ChatResult<Option<Arc<V>>>
where
    K: Hash + Eq + Clone,
{
    let found = cache.get_or_insert_async(key, async { Ok(asked.await?.map(Arc::new)) }).await;
    if let Ok(None) = found {
        cache.remove_if(key, Option::is_none);
    }
    found.map_err(|error: StoreError| error.into())
}
