//! Giving a message of one's own another content.

use super::send::check_may_write;
use super::validate::check_nul;
use super::{Chat, ChatResult, Draft, Membership, Principal};
use crate::model::{Message, MessageId, NewEntry, NewEntryKind};

impl Chat {
    /// Takes a socket's edit on its way to the writer, which knows whose message it is.
    ///
    /// # Errors
    /// [`ChatError::TooLarge`](super::ChatError::TooLarge), [`ChatError::RateLimited`](super::ChatError::RateLimited),
    /// [`ChatError::NotMember`](super::ChatError::NotMember), [`ChatError::Forbidden`](super::ChatError::Forbidden) for a
    /// key that may only read.
    pub fn accept_edit(
        &self,
        sender: &Membership,
        message: MessageId,
        draft: Draft<'_>,
    ) -> ChatResult<NewEntry> {
        check_may_write(sender)?;
        self.check_size(draft)?;
        self.check_rate(sender)?;
        let mentions_all = self.heeds_roles();
        let kind = NewEntryKind::Edit { message, content: draft.content().into(), mentions_all };
        Ok(self.new_entry(sender, kind, draft.client_id()))
    }

    /// Edits a message without a socket; answers how it is after the commit.
    ///
    /// # Errors
    /// [`ChatError::NotFound`](super::ChatError::NotFound) if there is no such message as far as the caller may know, or
    /// none any more; as of [`accept_edit`](Self::accept_edit);
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn edit(&self, principal: &Principal, id: MessageId, draft: Draft<'_>) -> ChatResult<Message> {
        check_nul("content", draft.content())?;
        let sender = self.writes_beside(principal, id).await?;
        self.store_entry(self.accept_edit(&sender, id, draft)?.proven_by(principal.validity())).await?;
        self.stored_message(id).await
    }
}
