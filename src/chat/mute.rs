//! Letting members read and not write.

use super::rights::Action;
use super::validate::check_future;
use super::{Caller, Chat, ChatError, ChatResult, Entity, clock};
use crate::model::{GroupId, MemberChange, Timestamp, UserId};
use crate::store::{NewSanction, Sanction};

impl Chat {
    /// Mutes a member until then. A mute that there is already is replaced.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know, or no such member;
    /// [`ChatError::Invalid`] for an end that is over; those of a lack of rights; [`ChatError::Unavailable`].
    pub async fn mute(
        &self,
        caller: &Caller,
        group: GroupId,
        user: UserId,
        until: Timestamp,
    ) -> ChatResult<Sanction> {
        let access = self.governed(caller, group, Action::Mute).await?;
        let now = clock::now();
        check_future("until", until, now)?;
        let target = self.role(group, user).await?.ok_or(ChatError::NotFound(Entity::Member))?;
        access.check_outranks(Some(target))?;
        let muted = self.user(user).await?;
        let by = caller.principal().map(|principal| principal.user().id);
        let mute = NewSanction { group, user, by, reason: None, until, created_at: now };
        {
            let directory = self.directory.change().await;
            if !self.store.moderation.mute(mute).await? {
                return Err(ChatError::NotFound(Entity::Member));
            }
            if let Some(state) = directory.member(group, user) {
                state.mute(until);
            }
        }
        self.settle().await?;
        let change = MemberChange::Muted;
        self.record_member(caller, &access.group, &muted, change, None, Some(until)).await?;
        Ok(Sanction { user: (*muted).clone(), by, reason: None, until, created_at: now })
    }

    /// Lifts a mute.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is none; as of [`mute`](Self::mute).
    pub async fn unmute(&self, caller: &Caller, group: GroupId, user: UserId) -> ChatResult<()> {
        let access = self.governed(caller, group, Action::Mute).await?;
        access.check_outranks(self.role(group, user).await?)?;
        {
            let directory = self.directory.change().await;
            if !self.store.moderation.unmute(group, user).await? {
                return Err(ChatError::NotFound(Entity::Mute));
            }
            if let Some(state) = directory.member(group, user) {
                state.mute(Timestamp(i64::MIN));
            }
        }
        let (unmuted, change) = (self.user(user).await?, MemberChange::Unmuted);
        self.record_member(caller, &access.group, &unmuted, change, None, None).await
    }

    /// A page of the mutes of a group, see [`Moderation::mutes`](crate::store::Moderation::mutes).
    ///
    /// # Errors
    /// Those of a lack of rights; [`ChatError::Unavailable`].
    pub async fn mutes(
        &self,
        caller: &Caller,
        group: GroupId,
        after: UserId,
        limit: u64,
    ) -> ChatResult<Vec<Sanction>> {
        self.governed(caller, group, Action::Review).await?;
        Ok(self.store.moderation.mutes(group, after, limit, clock::now()).await?)
    }
}
