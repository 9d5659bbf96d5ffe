//! Users, groups and memberships that were looked up, kept so that the database is asked once.

use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, UnitWeighter};
use tokio::sync::RwLock;

use super::in_use::KeepUsed;
use super::{ChatError, ChatResult, Entity, clock};
use crate::model::{Group, GroupId, MemberState, Standing, User, UserId};
use crate::store::{Asked, Directory, Join, Moderation, StoreError, StoreResult};

/// Users, and groups, kept at a time.
const NAMES_MAX: usize = 100_000;
/// Members kept at a time, but for those that sockets act for.
const MEMBERS_MAX: usize = 500_000;

/// A bounded memory in front of the store. Of those who look the same up at the same time one asks the store. What is
/// found is kept until it is forgotten or invalidated; what is not found is asked again.
pub(super) struct DirectoryCache {
    store: Arc<dyn Directory>,
    moderation: Arc<dyn Moderation>,
    pub(super) users: Kept<UserId, User>,
    pub(super) users_by_name: Kept<Arc<str>, User>,
    pub(super) groups: Kept<GroupId, Group>,
    pub(super) groups_by_name: Kept<Arc<str>, Group>,
    pub(super) members:
        Cache<(GroupId, UserId), Arc<MemberState>, UnitWeighter, DefaultHashBuilder, KeepUsed>,
    /// Counts members that were forgotten: what was asked before that may be answered as it was before.
    pub(super) forgotten: AtomicU64,
    /// Held by those who look something up, and alone by those who change it.
    pub(super) gate: RwLock<()>,
}

/// `None` stands there for a moment only: for those who wait for the same answer.
type Kept<K, V> = Cache<K, Option<Arc<V>>>;

impl DirectoryCache {
    pub(super) fn new(store: Arc<dyn Directory>, moderation: Arc<dyn Moderation>) -> Self {
        let (weighter, hasher) = (UnitWeighter, DefaultHashBuilder::default());
        Self {
            store,
            moderation,
            users: Cache::new(NAMES_MAX),
            users_by_name: Cache::new(NAMES_MAX),
            groups: Cache::new(NAMES_MAX),
            groups_by_name: Cache::new(NAMES_MAX),
            members: Cache::with(MEMBERS_MAX, MEMBERS_MAX as u64, weighter, hasher, KeepUsed),
            forgotten: AtomicU64::new(0),
            gate: RwLock::default(),
        }
    }

    pub(super) async fn user(&self, id: UserId) -> ChatResult<Option<Arc<User>>> {
        if let Some(user) = self.users.get(&id) {
            return Ok(user);
        }
        let _gate = self.gate.read().await;
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
        let _gate = self.gate.read().await;
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
        let _gate = self.gate.read().await;
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
        let _gate = self.gate.read().await;
        let group = look_up(&self.groups_by_name, &name.into(), self.store.group_by_name(name)).await?;
        if let Some(group) = &group {
            self.groups.insert(group.id, Some(Arc::clone(group)));
        }
        Ok(group)
    }

    /// The group as it is now, if it is kept here.
    pub(super) fn current_group(&self, id: GroupId) -> Option<Arc<Group>> {
        self.groups.get(&id).flatten()
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

    /// The state of a member, who becomes one if they may.
    pub(super) async fn join(&self, group: &Group, user: &User) -> ChatResult<Arc<MemberState>> {
        let key = (group.id, user.id);
        if let Some(state) = self.members.get(&key) {
            return Ok(state);
        }
        let joining = async {
            match self.unforgotten(|| self.store.join(group.id, user.id, clock::now())).await {
                Ok(Join::Joined(standing) | Join::AlreadyMember(standing)) => {
                    Ok(Arc::new(MemberState::new(standing)))
                }
                Ok(Join::Full) => Err(ChatError::GroupFull),
                Ok(Join::Banned) => Err(ChatError::Banned),
                // They were here when they were looked up.
                Err(StoreError::Missing(_)) => Err(ChatError::NotFound(Entity::Group)),
                Err(error) => Err(error.into()),
            }
        };
        let _gate = self.gate.read().await;
        self.members.get_or_insert_async(&key, joining).await
    }

    /// The state of a member, or what somebody is to the group who is none.
    pub(super) async fn member(
        &self,
        group: GroupId,
        user: UserId,
    ) -> ChatResult<Result<Arc<MemberState>, Standing>> {
        let key = (group, user);
        if let Some(state) = self.members.get(&key) {
            return Ok(Ok(state));
        }
        let looking_up = async {
            let standing = self.unforgotten(|| self.moderation.standing(group, user)).await;
            let standing = standing.map_err(|error| Err(error.into()))?;
            match standing.role {
                Some(_) => Ok(Arc::new(MemberState::new(standing))),
                None => Err(Ok(standing)),
            }
        };
        let _gate = self.gate.read().await;
        match self.members.get_or_insert_async(&key, looking_up).await {
            Ok(state) => Ok(Ok(state)),
            Err(Ok(standing)) => Ok(Err(standing)),
            Err(Err(error)) => Err(error),
        }
    }
}

impl DirectoryCache {
    /// Asks something of a member, once more if some member was forgotten meanwhile.
    async fn unforgotten<'a, T>(&self, ask: impl Fn() -> Asked<'a, T>) -> StoreResult<T> {
        loop {
            let before = self.forgotten.load(Ordering::SeqCst);
            let answer = ask().await;
            if self.forgotten.load(Ordering::SeqCst) == before {
                return answer;
            }
        }
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
