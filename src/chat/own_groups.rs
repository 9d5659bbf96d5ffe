//! The groups of one's own.

use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::UserId;
use crate::store::OwnGroup;

impl Chat {
    /// The groups that a user belongs to, see [`Moderation::own_groups`](crate::store::Moderation::own_groups): for
    /// the user, and for who reads everything.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] for anybody else; [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn own_groups(&self, caller: &Caller, user: UserId) -> ChatResult<Vec<OwnGroup>> {
        let is_oneself = caller.principal().is_some_and(|principal| principal.user().id == user);
        if !is_oneself && !self.reads_all(caller)? {
            return Err(ChatError::NotFound(Entity::User));
        }
        self.user(user).await?;
        Ok(self.store.moderation.own_groups(user).await?)
    }
}
