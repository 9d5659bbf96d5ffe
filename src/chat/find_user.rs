//! Finding a user.

use std::sync::Arc;

use super::{Chat, ChatError, ChatResult, Entity};
use crate::model::{User, UserId};

impl Chat {
    /// One user.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Unavailable`].
    pub async fn user(&self, id: UserId) -> ChatResult<Arc<User>> {
        self.directory.user(id).await?.ok_or(ChatError::NotFound(Entity::User))
    }
}
