//! Keeping users out of a group.

use super::rights::Action;
use super::validate::{check_future, check_name};
use super::{Caller, Chat, ChatError, ChatResult, Entity, clock};
use crate::model::limits::REASON_CHARS_MAX;
use crate::model::{GroupId, MemberChange, Removal, Timestamp, UserId};
use crate::store::{NewSanction, Sanction};

impl Chat {
    /// Bans a user, member or not, until then. A member is taken out as by
    /// [`remove_member`](Self::remove_member). A ban that there is already is replaced.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know, or no such user;
    /// [`ChatError::Invalid`] for a reason that is too long or an end that is over; those of a lack of rights;
    /// [`ChatError::Unavailable`].
    pub async fn ban(
        &self,
        caller: &Caller,
        group: GroupId,
        user: UserId,
        reason: Option<String>,
        until: Timestamp,
    ) -> ChatResult<Sanction> {
        let access = self.governed(caller, group, Action::Ban).await?;
        let now = clock::now();
        check_future("until", until, now)?;
        if let Some(reason) = &reason {
            check_name("reason", reason, REASON_CHARS_MAX)?;
        }
        let banned = self.user(user).await?;
        access.check_outranks(self.role(group, user).await?)?;
        let by = caller.principal().map(|principal| principal.user().id);
        let ban = NewSanction { group, user, by, reason: reason.clone(), until, created_at: now };
        let moderation = &self.store.moderation;
        let removed = self.take_out(&access.group, user, Removal::Banned, || moderation.ban(ban)).await?;
        let change = MemberChange::Banned;
        self.record_member(caller, &access.group, &banned, change, None, Some(until)).await?;
        self.record_heir(caller, &access.group, removed.unwrap_or_default()).await?;
        let reason = reason.map(Into::into);
        Ok(Sanction { user: (*banned).clone(), by, reason, until, created_at: now })
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is none; as of [`ban`](Self::ban).
    pub async fn unban(&self, caller: &Caller, group: GroupId, user: UserId) -> ChatResult<()> {
        let access = self.governed(caller, group, Action::Ban).await?;
        {
            let _directory = self.directory.change().await;
            if !self.store.moderation.unban(group, user).await? {
                return Err(ChatError::NotFound(Entity::Ban));
            }
        }
        let (unbanned, change) = (self.user(user).await?, MemberChange::Unbanned);
        self.record_member(caller, &access.group, &unbanned, change, None, None).await
    }

    /// A page of the bans of a group, see [`Moderation::bans`](crate::store::Moderation::bans).
    ///
    /// # Errors
    /// Those of a lack of rights; [`ChatError::Unavailable`].
    pub async fn bans(
        &self,
        caller: &Caller,
        group: GroupId,
        after: UserId,
        limit: u64,
    ) -> ChatResult<Vec<Sanction>> {
        self.governed(caller, group, Action::Review).await?;
        Ok(self.store.moderation.bans(group, after, limit, clock::now()).await?)
    }
}
