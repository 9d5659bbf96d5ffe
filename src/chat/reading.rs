//! What sockets in JSON mode read: replays and history.

use std::sync::Arc;

use bytes::Bytes;

use super::{Chat, ChatError, ChatResult, Entity, Membership};
use crate::hub::Replay;
use crate::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use crate::model::{Group, GroupId, Message, Seq, User};
use crate::protocol::command::GroupRef;
use crate::protocol::event;
use crate::store::{MessageFilter, MessagePage};

/// Messages in one `history` answer.
const HISTORY_MAX: u64 = 1_000;
/// The same unless asked otherwise.
const HISTORY_DEFAULT: u64 = 100;

/// A stretch of a group's messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// Their frames, and the place of the last.
    Frames(Bytes, Seq),
    /// There are none.
    UpToDate,
}

/// An answer to `history`.
#[derive(Clone, Debug)]
pub struct History {
    /// In ascending order.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was asked for.
    pub more: bool,
}

impl Chat {
    /// The user of this name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Unavailable`].
    pub async fn user_by_name(&self, username: &str) -> ChatResult<Arc<User>> {
        if super::contains_nul(username) {
            return Err(ChatError::NotFound(Entity::User));
        }
        self.directory.user_by_name(username).await?.ok_or(ChatError::NotFound(Entity::User))
    }

    /// The group of this number or name.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::Unavailable`].
    pub async fn find_group(&self, group: GroupRef<'_>) -> ChatResult<Arc<Group>> {
        match group {
            GroupRef::Id(id) => self.group(id).await,
            GroupRef::Name(name) if super::contains_nul(name) => Err(ChatError::NotFound(Entity::Group)),
            GroupRef::Name(name) => {
                self.directory.group_by_name(name).await?.ok_or(ChatError::NotFound(Entity::Group))
            }
        }
    }

    /// Lets a user into a group, making them a member.
    ///
    /// # Errors
    /// [`ChatError::GroupFull`], [`ChatError::Unavailable`].
    pub async fn join(&self, user: &Arc<User>, group: Arc<Group>) -> ChatResult<Membership> {
        self.directory.join(&group, user).await?;
        Ok(Membership { group, user: Arc::clone(user), is_private_chat: false })
    }

    /// The group of which the user is a member.
    ///
    /// # Errors
    /// [`ChatError::NotFound`], [`ChatError::NotMember`], [`ChatError::Unavailable`].
    pub async fn member(&self, user: &Arc<User>, group: GroupId) -> ChatResult<Membership> {
        let group = self.group(group).await?;
        if !self.directory.is_member(&group, user).await? {
            return Err(ChatError::NotMember);
        }
        Ok(Membership { group, user: Arc::clone(user), is_private_chat: false })
    }

    /// The place of the group's last message. Asks the store only for a group that nobody has read in JSON mode
    /// lately.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn head(&self, group: GroupId) -> ChatResult<Seq> {
        let recent = self.hub.recent();
        if let Some(head) = recent.head(group) {
            return Ok(head);
        }
        // Of many who come at once, one asks.
        let turn = &self.head_turns[group.0 as usize % self.head_turns.len()];
        let _turn = turn.lock().await;
        if let Some(head) = recent.head(group) {
            return Ok(head);
        }
        recent.follow(group);
        let heads = self.store.log.heads(vec![group]).await?;
        let head = heads.first().copied().unwrap_or_default();
        recent.learn(group, head);
        Ok(recent.head(group).unwrap_or(head))
    }

    /// What comes after `position` in the group, as far as one step goes: from memory if it is there.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn replay(&self, group: GroupId, position: Seq) -> ChatResult<Replayed> {
        let recent = self.hub.recent();
        match recent.after(group, position) {
            Replay::Frames(frames, last) => return Ok(Replayed::Frames(frames, last)),
            Replay::UpToDate => return Ok(Replayed::UpToDate),
            Replay::Unknown => {}
        }
        // The store may have a batch that was not delivered yet. Who read it here and came back with its place
        // would be beyond the head as it is told, and get it twice.
        let end = recent.head(group).map(Seq::next);
        let messages = self.page(group, Some(position), end, PAGE_ROWS_MAX as u64).await?;
        let Some(last) = messages.last() else { return Ok(Replayed::UpToDate) };
        let mut frames = Vec::with_capacity(messages.iter().map(event::message_bytes).sum());
        messages.iter().for_each(|message| event::put_message(&mut frames, message));
        Ok(Replayed::Frames(frames.into(), last.seq))
    }

    /// Stored messages of a group: those after a place, or before one, or the newest.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn history(
        &self,
        group: GroupId,
        before: Option<Seq>,
        after: Option<Seq>,
        limit: Option<u64>,
    ) -> ChatResult<History> {
        let limit = limit.unwrap_or(HISTORY_DEFAULT).min(HISTORY_MAX);
        let head = self.head(group).await?;
        let end = before.map_or(head.next(), |before| before.min(head.next()));
        match after {
            Some(after) => self.history_after(group, after.min(head), end, limit).await,
            None => self.history_before(group, end, limit).await,
        }
    }

    async fn history_after(&self, group: GroupId, after: Seq, end: Seq, limit: u64) -> ChatResult<History> {
        let mut messages: Vec<Message> = Vec::new();
        let (mut position, mut bytes) = (after, 0);
        while (messages.len() as u64) < limit && bytes < PAGE_BYTES_MAX {
            let page = self.page(group, Some(position), Some(end), limit - messages.len() as u64).await?;
            let Some(last) = page.last() else { break };
            position = last.seq;
            bytes += content_bytes(&page);
            messages.extend(page);
        }
        Ok(History { messages, more: position.next() < end })
    }

    /// Reads backwards. Places have no gaps, so those before a place are found by counting.
    async fn history_before(&self, group: GroupId, end: Seq, limit: u64) -> ChatResult<History> {
        let mut pages: Vec<Vec<Message>> = Vec::new();
        let (mut first, mut left, mut bytes) = (end.0, limit as i64, 0);
        let mut step = PAGE_ROWS_MAX as i64;
        while left > 0 && first > 1 && bytes < PAGE_BYTES_MAX {
            let count = step.min(left).min(first - 1);
            let page = self.page(group, Some(Seq(first - 1 - count)), Some(Seq(first)), count as u64).await?;
            if (page.len() as i64) < count {
                // Long messages: the page ended before it came to the newest of them.
                step = (page.len() as i64 / 2).max(1);
                if count == 1 {
                    break;
                }
                continue;
            }
            first -= count;
            left -= count;
            bytes += content_bytes(&page);
            pages.push(page);
        }
        let messages = pages.into_iter().rev().flatten().collect();
        Ok(History { messages, more: first > 1 })
    }

    async fn page(
        &self,
        group: GroupId,
        after_seq: Option<Seq>,
        before_seq: Option<Seq>,
        limit: u64,
    ) -> ChatResult<Vec<Message>> {
        let filter = MessageFilter { group: Some(group), user: None, after_seq, before_seq };
        Ok(self.store.log.messages(MessagePage { filter, limit, ..MessagePage::default() }).await?)
    }
}

fn content_bytes(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.content.len()).sum()
}
