//! Reactions to messages.

use super::send::check_may_write;
use super::validate::check_nul;
use super::{Chat, ChatError, ChatResult, Membership, Principal};
use crate::model::limits::EMOJI_BYTES_MAX;
use crate::model::{MessageId, NewEntry, NewEntryKind};

impl Chat {
    /// Takes a socket's reaction on its way to the writer, which knows what is there.
    ///
    /// # Errors
    /// [`ChatError::Invalid`] for what is no reaction, [`ChatError::NotMember`], [`ChatError::RateLimited`],
    /// [`ChatError::Forbidden`] for a key that may only read.
    pub fn accept_reaction(
        &self,
        sender: &Membership,
        message: MessageId,
        emoji: &str,
        on: bool,
    ) -> ChatResult<NewEntry> {
        check_may_write(sender)?;
        check_emoji(emoji)?;
        self.check_rate(sender)?;
        Ok(self.new_entry(sender, NewEntryKind::React { message, emoji: emoji.into(), on }, None))
    }

    /// Reacts without a socket, or takes a reaction back; answers after the commit.
    ///
    /// # Errors
    /// [`ChatError::NotFound`] if there is no such message as far as the caller may know, or none any more;
    /// [`ChatError::TooManyReactions`]; as of [`accept_reaction`](Self::accept_reaction); [`ChatError::Unavailable`].
    pub async fn react(&self, principal: &Principal, id: MessageId, emoji: &str, on: bool) -> ChatResult<()> {
        check_emoji(emoji)?;
        let sender = self.writes_beside(principal, id).await?;
        let entry = self.accept_reaction(&sender, id, emoji, on)?;
        self.store_entry(entry.proven_by(principal.validity())).await.map(drop)
    }
}

/// Refuses what is no reaction: 1 to 64 bytes of UTF-8 without white space.
fn check_emoji(emoji: &str) -> ChatResult<()> {
    check_nul("emoji", emoji)?;
    if emoji.is_empty() || emoji.len() > EMOJI_BYTES_MAX || emoji.contains(char::is_whitespace) {
        let reason = format!("should be 1 to {EMOJI_BYTES_MAX} bytes of UTF-8 without white space");
        return Err(ChatError::Invalid { field: "emoji", reason });
    }
    Ok(())
}
