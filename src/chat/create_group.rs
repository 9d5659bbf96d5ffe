//! Creating a group.

use std::sync::Arc;

use super::validate::check_name;
use super::{Chat, ChatResult};
use crate::model::Group;
use crate::model::limits::GROUP_NAME_CHARS_MAX;

impl Chat {
    /// Creates a group without members.
    ///
    /// # Errors
    /// [`ChatError::Invalid`](super::ChatError::Invalid) for a name that is too long or contains NUL,
    /// [`ChatError::Taken`](super::ChatError::Taken).
    pub async fn create_group(&self, name: &str, is_private: bool) -> ChatResult<Arc<Group>> {
        check_name("name", name, GROUP_NAME_CHARS_MAX)?;
        Ok(self.directory.keep_group(
            self.store.directory.create_group(name, is_private, None, super::clock::now()).await?,
        ))
    }
}
