//! Erasing a user.

use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::{Removal, Role, UserId};

impl Chat {
    /// Erases a user: oneself in person, or where tokens are needed anybody as an admin of the server. Their name is free again, what they sent
    /// stands under a placeholder, without its content if `with_messages`. Their sockets are closed with 4001.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Forbidden`], [`ChatError::NotAuthenticated`] if who asks has shown nothing,
    /// in either mode, and for anybody else where names are believed; [`ChatError::Unavailable`].
    pub async fn erase_user(&self, caller: &Caller, user: UserId, with_messages: bool) -> ChatResult<()> {
        self.check_may_erase(caller, user)?;
        let (sockets, groups) = {
            let grants = self.grants.change().await;
            let directory = self.directory.change().await;
            let states = directory.states(|_, member| member == user);
            let roles: Vec<_> = states.iter().map(|(_, state)| state.role()).collect();
            states.iter().for_each(|(_, state)| state.remove(Removal::Left));
            // What is on its way is stored before its content goes, and what comes is refused.
            let erased = match self.settle().await {
                Ok(()) => self.store.accounts.erase_user(user, with_messages).await.map_err(ChatError::from),
                Err(error) => Err(error),
            };
            let erased = match erased {
                Ok(erased) => erased.ok_or(ChatError::NotFound(Entity::User))?,
                Err(error) => {
                    let before =
                        states.iter().zip(roles).filter_map(|((_, state), role)| Some((state, role.ok()?)));
                    before.for_each(|(state, role)| state.set_role(role));
                    return Err(error);
                }
            };
            directory.invalidate_user(user);
            states.iter().for_each(|((group, _), _)| directory.forget_member(*group, user));
            for (group, heir) in erased.heirs {
                if let Some(state) = directory.member(group, heir) {
                    state.set_role(Role::Owner);
                }
            }
            (grants.end_of_user(user), erased.groups)
        };
        // Those who spoke in their name without a session of theirs hear nothing more either.
        for group in groups {
            self.hub.remove(group, Some(user), Removal::Left).await;
        }
        self.hub.recent().clear();
        self.close_sessions(sockets).await;
        Ok(())
    }

    fn check_may_erase(&self, caller: &Caller, user: UserId) -> ChatResult<()> {
        match caller {
            Caller::User(principal) if principal.user().id == user => principal.check_in_person(),
            // Where names are believed nobody but the user does it over the wire.
            _ if caller.grant().is_none() || self.believes_names() => Err(ChatError::NotAuthenticated),
            _ if caller.governs() => Ok(()),
            _ => Err(ChatError::Forbidden("only an admin of the server may erase others")),
        }
    }
}
