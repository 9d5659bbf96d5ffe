//! Reading a group's stored messages.

use super::{Chat, ChatResult, Membership};
use crate::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use crate::model::{GroupId, Message, Seq};
use crate::store::{MessageFilter, MessagePage};

/// Messages in one `history` answer.
const HISTORY_MAX: u64 = 1_000;
/// The same unless asked otherwise.
const HISTORY_DEFAULT: u64 = 100;

/// An answer to `history`.
#[derive(Clone, Debug)]
pub struct History {
    /// In ascending order.
    pub messages: Vec<Message>,
    /// Whether there are more in the direction that was asked for.
    pub more: bool,
}

impl Chat {
    /// Stored messages of a group: those with a `seq` above `after`, or the newest of those below `before`, or
    /// the newest. At most `limit` of them, by default 100, at most 1,000 whatever is asked.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn history(
        &self,
        member: &Membership,
        before: Option<Seq>,
        after: Option<Seq>,
        limit: Option<u64>,
    ) -> ChatResult<History> {
        let group = member.group.id;
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

    /// Reads backwards. A `seq` has no gaps, so those before one are found by counting.
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

    /// One page of a group's messages between two `seq`s, both left out.
    pub(super) async fn page(
        &self,
        group: GroupId,
        after_seq: Option<Seq>,
        before_seq: Option<Seq>,
        limit: u64,
    ) -> ChatResult<Vec<Message>> {
        let filter = MessageFilter { group: Some(group), user: None, reader: None, after_seq, before_seq };
        Ok(self.store.log.messages(MessagePage { filter, limit, ..MessagePage::default() }).await?)
    }
}

fn content_bytes(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.content.len()).sum()
}
