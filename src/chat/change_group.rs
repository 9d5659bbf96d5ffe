//! Changing a group.

use std::sync::Arc;

use super::rights::Action;
use super::validate::check_name;
use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::limits::{GROUP_NAME_CHARS_MAX, TOPIC_CHARS_MAX};
use crate::model::{Group, GroupId};
use crate::store::GroupChange;

impl Chat {
    /// Gives a group another name, topic or way to join. What is stored and sent from then on bears the new name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know; [`ChatError::Invalid`] for what
    /// is too long or contains NUL; [`ChatError::Taken`]; those of a lack of rights; [`ChatError::Unavailable`].
    pub async fn change_group(
        &self,
        caller: &Caller,
        group: GroupId,
        change: GroupChange,
    ) -> ChatResult<Arc<Group>> {
        self.governed(caller, group, Action::Change).await?;
        if let Some(name) = &change.name {
            check_name("name", name, GROUP_NAME_CHARS_MAX)?;
        }
        if let Some(topic) = &change.topic {
            check_name("topic", topic, TOPIC_CHARS_MAX)?;
        }
        let is_renamed = change.name.is_some();
        {
            let directory = self.directory.change().await;
            let changed = self.store.moderation.change_group(group, change).await?;
            changed.ok_or(ChatError::NotFound(Entity::Group))?;
            directory.invalidate_group(group);
        }
        if is_renamed {
            // Its messages are shown under the name of today.
            self.hub.recent().clear();
        }
        // Kept, so that who acts for a member finds it without asking.
        self.group(group).await
    }
}
