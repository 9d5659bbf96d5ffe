//! Erasing a user.

use std::sync::Arc;

use futures_util::future::try_join_all;

use super::{Caller, Chat, ChatError, ChatResult, Entity};
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{MemberChange, Message, MessageId, NewEntryKind, Removal, Role, User, UserId};
use crate::store::{Erased, MessageFilter, MessagePage};

impl Chat {
    /// Erases a user: oneself in person, or where tokens are needed anybody as an admin of the server. Their name is free again, what they sent
    /// stands under a placeholder, without its content if `with_messages`. Their sockets are closed with 4001.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Forbidden`], [`ChatError::NotAuthenticated`] if who asks has shown nothing,
    /// in either mode, and for anybody else where names are believed; [`ChatError::Unavailable`].
    pub async fn erase_user(&self, caller: &Caller, user: UserId, with_messages: bool) -> ChatResult<()> {
        self.check_may_erase(caller, user)?;
        // Looked up before: whoever holds the right to change what is kept looks up nothing.
        let row = self.user(user).await?;
        let (sockets, groups, heirs) = {
            let grants = self.grants.change().await;
            let directory = self.directory.change().await;
            let states = directory.states(|_, member| member == user);
            let roles: Vec<_> = states.iter().map(|(_, state)| state.role()).collect();
            states.iter().for_each(|(_, state)| state.remove(Removal::Left));
            // What is on its way is stored before its content goes, and what comes is refused.
            let erased = match self.settle().await {
                Ok(()) => self.erase(caller, &row, with_messages).await,
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
            for &(group, heir) in &erased.heirs {
                if let Some(state) = directory.member(group, heir) {
                    state.set_role(Role::Owner);
                }
            }
            (grants.end_of_user(user), erased.groups, erased.heirs)
        };
        // Those who spoke in their name without a session of theirs hear nothing more either.
        for &group in &groups {
            self.hub.remove(group, Some(user), Removal::Left).await;
        }
        self.hub.recent().clear();
        self.close_sessions(sockets).await;
        let erased = self.user(user).await?;
        for group in groups {
            let group = self.group(group).await?;
            self.record_member(caller, &group, &erased, MemberChange::Erased, None, None).await?;
        }
        for (group, heir) in heirs {
            let (group, heir) = (self.group(group).await?, self.user(heir).await?);
            self.record_member(caller, &group, &heir, MemberChange::Role, Some(Role::Owner), None).await?;
        }
        Ok(())
    }

    /// Erases the user in the store, and first of all their messages, so that their readers learn of it.
    async fn erase(
        &self,
        caller: &Caller,
        erased: &Arc<User>,
        with_messages: bool,
    ) -> ChatResult<Option<Erased>> {
        let user = erased.id;
        if with_messages {
            let actor = caller.principal().map_or(erased, |principal| principal.user());
            let mut after = MessageId(0);
            loop {
                let filter = MessageFilter { user: Some(user), ..MessageFilter::default() };
                let page =
                    MessagePage { filter, after, limit: PAGE_ROWS_MAX as u64, ..MessagePage::default() };
                let page = self.store.log.messages(page).await?;
                let Some(last) = page.last() else { break };
                after = last.id;
                let is_there =
                    |message: &&Message| message.details.as_ref().is_none_or(|some| !some.is_deleted);
                let deletions = page.iter().filter(is_there).map(|message| {
                    let kind = NewEntryKind::Delete { message: message.id, governs: true, as_admin: false };
                    self.store_entry(self.governing_entry(&message.group, actor, kind))
                });
                try_join_all(deletions).await?;
            }
        }
        Ok(self.store.accounts.erase_user(user, with_messages).await?)
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
