//! Taking members out of a group.

use std::sync::Arc;
use std::time::Duration;

use super::rights::Action;
use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::{Group, GroupId, MemberChange, Removal, Role, UserId};
use crate::store::{Asked, Notice, Removed, StoreError};

/// How long a removal waits for the messages that are being stored.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(10);

impl Chat {
    /// Takes a member out: oneself, or somebody below. When this answers, nothing of theirs is stored any more and their
    /// sockets have been told.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know, or no such member;
    /// [`ChatError::NotMember`], [`ChatError::Forbidden`], [`ChatError::Unnamed`], [`ChatError::Unavailable`].
    pub async fn remove_member(&self, caller: &Caller, group: GroupId, user: UserId) -> ChatResult<()> {
        let is_oneself = caller.principal().is_some_and(|principal| principal.user().id == user);
        let (action, removal) = match is_oneself {
            true => (Action::Leave, Removal::Left),
            false => (Action::Kick, Removal::Kicked),
        };
        let access = self.governed(caller, group, action).await?;
        if !is_oneself {
            let target = self.role(group, user).await?.ok_or(ChatError::NotFound(Entity::Member))?;
            access.check_outranks(Some(target))?;
        }
        let moderation = &self.store.moderation;
        let removed =
            self.take_out(&access.group, user, removal, || moderation.remove_member(group, user, removal));
        let removed = removed.await?.ok_or(ChatError::NotFound(Entity::Member))?;
        let change = if is_oneself { MemberChange::Left } else { MemberChange::Kicked };
        self.record_member(caller, &access.group, &self.user(user).await?, change, None, None).await?;
        self.record_heir(caller, &access.group, removed).await
    }

    /// What a user is in a group; `None` for who is no member.
    pub(super) async fn role(&self, group: GroupId, user: UserId) -> ChatResult<Option<Role>> {
        match self.directory.member(group, user).await? {
            Ok(state) => match state.role() {
                Ok(role) => Ok(Some(role)),
                // They are being taken out, or nobody knows whether they were: the store does.
                Err(_) => Ok(self.store.moderation.standing(group, user).await?.role),
            },
            Err(_) => Ok(None),
        }
    }

    /// Writes into the group's log who owns it after the one who did has gone.
    pub(super) async fn record_heir(
        &self,
        caller: &Caller,
        group: &Arc<Group>,
        Removed { heir }: Removed,
    ) -> ChatResult<()> {
        let Some(heir) = heir else { return Ok(()) };
        let (heir, role) = (self.user(heir).await?, Some(Role::Owner));
        self.record_member(caller, group, &heir, MemberChange::Role, role, None).await
    }

    /// Takes a user out of a group as `change` does it in the store.
    pub(super) async fn take_out<'a>(
        &self,
        group: &Group,
        user: UserId,
        removal: Removal,
        change: impl FnOnce() -> Asked<'a, Option<Removed>>,
    ) -> ChatResult<Option<Removed>> {
        let directory = self.directory.change().await;
        let state = directory.member(group.id, user);
        let role = state.as_ref().and_then(|state| state.role().ok());
        let notice = Notice::Removed { group: group.id, user, removal };
        // Others may hear of it although this is never answered, or given up: this node hears of nothing then.
        let unsettled = Unsettled(self.node.is_some().then_some((self, notice)));
        // Before the store is changed: a batch that begins after this has nothing of theirs.
        if let Some(state) = &state {
            state.remove(removal);
        }
        let removed = match change().await {
            Ok(removed) => removed,
            Err(error @ StoreError::Unavailable(_)) if self.node.is_some() => return Err(error.into()),
            Err(error) => {
                if let (Some(state), Some(role)) = (state, role) {
                    state.set_role(role);
                }
                return Err(error.into());
            }
        };
        // Somebody may have found what they were before the store was changed.
        if let Some(state) = &state {
            state.remove(removal);
        }
        directory.forget_member(group.id, user);
        let heir = removed.and_then(|removed| removed.heir);
        if let Some(heir) = heir.and_then(|heir| directory.member(group.id, heir)) {
            heir.set_role(Role::Owner);
        }
        drop(directory);
        self.hub.remove(group.id, Some(user), removal).await;
        unsettled.end();
        self.settle().await?;
        Ok(removed)
    }

    /// Waits until the messages that were on their way are stored and delivered, or refused.
    pub(super) async fn settle(&self) -> ChatResult<()> {
        let settled = tokio::time::timeout(SETTLE_TIMEOUT, self.writer.flush()).await;
        settled.map_err(|_| ChatError::Unavailable(None))
    }
}

/// A removal of which one of several nodes does not know what came of it: when this is dropped, it is looked at.
struct Unsettled<'c>(Option<(&'c Chat, Notice)>);

impl Unsettled<'_> {
    /// It is known.
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        if let Some((chat, notice)) = self.0.take() {
            chat.heed_later(notice);
        }
    }
}
