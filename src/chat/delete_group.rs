//! Deleting a group.

use super::rights::Action;
use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::{GroupId, Removal};

impl Chat {
    /// Deletes a group and all that is in it. When this answers, nothing of it is stored any more and the sockets that
    /// read it have been told.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such group as far as the caller may know; those of a lack of rights;
    /// [`ChatError::Unavailable`].
    pub async fn delete_group(&self, caller: &Caller, group: GroupId) -> ChatResult<()> {
        self.governed(caller, group, Action::Delete).await?;
        {
            let directory = self.directory.change().await;
            let states = directory.states(|of, _| of == group);
            let roles: Vec<_> = states.iter().map(|(_, state)| state.role()).collect();
            states.iter().for_each(|(_, state)| state.remove(Removal::Deleted));
            // What is on its way is stored before the group goes, and what comes is refused.
            let deleted = match self.settle().await {
                Ok(()) => self.store.moderation.delete_group(group).await.map_err(ChatError::from),
                Err(error) => Err(error),
            };
            match deleted {
                Ok(true) => {}
                Ok(false) => return Err(ChatError::NotFound(Entity::Group)),
                Err(error) => {
                    let before =
                        states.iter().zip(roles).filter_map(|((_, state), role)| Some((state, role.ok()?)));
                    before.for_each(|(state, role)| state.set_role(role));
                    return Err(error);
                }
            }
            directory.invalidate_group(group);
            states.iter().for_each(|((group, user), _)| directory.forget_member(*group, *user));
        }
        self.hub.remove(group, None, Removal::Deleted).await;
        Ok(())
    }
}
