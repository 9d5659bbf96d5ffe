//! Taking a message's content away.

use std::sync::Arc;

use super::rights::Action;
use super::send::check_may_write;
use super::{Caller, Chat, ChatResult, Membership};
use crate::model::{MessageId, NewEntry, NewEntryKind, Scope};

impl Chat {
    /// Takes a socket's deletion on its way to the writer, which knows whose message it is.
    ///
    /// # Errors
    /// [`ChatError::NotMember`](super::ChatError::NotMember), [`ChatError::RateLimited`](super::ChatError::RateLimited),
    /// [`ChatError::Forbidden`](super::ChatError::Forbidden) for a key that may only read.
    pub fn accept_deletion(&self, sender: &Membership, message: MessageId) -> ChatResult<NewEntry> {
        check_may_write(sender)?;
        self.check_rate(sender)?;
        let (governs, as_admin) = (sender.governs, sender.scope == Scope::Admin);
        Ok(self.new_entry(sender, NewEntryKind::Delete { message, governs, as_admin }, None))
    }

    /// Deletes a message without a socket; answers after the commit. Who governs all groups need not be a member.
    ///
    /// # Errors
    /// [`ChatError::NotFound`](super::ChatError::NotFound) if there is no such message as far as the caller may know; as
    /// of [`accept_deletion`](Self::accept_deletion); [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn delete_message(&self, caller: &Caller, id: MessageId) -> ChatResult<()> {
        let access = self.access_to_message(caller, id).await?;
        let entry = match (&access.member, caller) {
            (Some(state), Caller::User(principal)) => {
                let (group, state) = (Arc::clone(&access.group), Arc::clone(state));
                let sender = Membership::new(group, principal, state);
                self.accept_deletion(&sender, id)?.proven_by(principal.validity())
            }
            _ => {
                access.check(Action::Redact)?;
                // A key that acts as nobody does it in the name of the sender.
                let message = self.stored_message(id).await?;
                let actor = caller.principal().map_or(&message.user, |principal| principal.user());
                self.governing_entry(
                    &access.group,
                    actor,
                    NewEntryKind::Delete { message: id, governs: true, as_admin: false },
                )
            }
        };
        self.store_entry(entry).await.map(drop)
    }
}
