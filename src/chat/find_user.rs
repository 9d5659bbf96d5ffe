//! Finding a user.

use std::sync::Arc;

use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::{User, UserId};

impl Chat {
    /// One user.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Unavailable`].
    pub async fn user(&self, id: UserId) -> ChatResult<Arc<User>> {
        self.directory.user(id).await?.ok_or(ChatError::NotFound(Entity::User))
    }

    /// Whether the one who asks may know this user's address: it is their own, they govern the server, or names are
    /// believed.
    pub fn may_see_email(&self, caller: &Caller, user: &User) -> bool {
        let is_oneself = caller.principal().is_some_and(|principal| principal.user().id == user.id);
        self.believes_names() || is_oneself || caller.governs()
    }
}
