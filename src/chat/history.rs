//! Reading a group's stored messages.

use super::{Chat, ChatResult, Membership};
use crate::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use crate::model::{Annotations, GroupId, Message, MessageId, Seq};
use crate::store::{MessageFilter, MessagePage};

/// Messages in one `history` answer.
const HISTORY_MAX: u64 = 1_000;
/// The same unless asked otherwise.
const HISTORY_DEFAULT: u64 = 100;

/// An answer to `history`.
#[derive(Clone, Debug)]
pub struct History {
    /// In ascending order, each with what stands beside it.
    pub messages: Vec<(Message, Annotations)>,
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
        let (messages, more) = match after {
            Some(after) => self.history_after(group, after.min(head), end, limit).await?,
            None => self.history_before(group, end, limit).await?,
        };
        let beside = self.annotations(&messages).await?;
        Ok(History { messages: messages.into_iter().zip(beside).collect(), more })
    }

    async fn history_after(
        &self,
        group: GroupId,
        after: Seq,
        end: Seq,
        limit: u64,
    ) -> ChatResult<(Vec<Message>, bool)> {
        let mut messages: Vec<Message> = Vec::new();
        let (mut position, mut bytes) = (after, 0);
        while (messages.len() as u64) < limit && bytes < PAGE_BYTES_MAX {
            let page = self.page(group, Some(position), Some(end), limit - messages.len() as u64).await?;
            let Some(last) = page.last() else { return Ok((messages, false)) };
            position = last.seq;
            bytes += content_bytes(&page);
            messages.extend(page);
        }
        // Behind the last of them there may be nothing but changes.
        let more = position.next() < end && !self.page(group, Some(position), Some(end), 1).await?.is_empty();
        Ok((messages, more))
    }

    /// Reads backwards.
    async fn history_before(&self, group: GroupId, end: Seq, limit: u64) -> ChatResult<(Vec<Message>, bool)> {
        let mut pages: Vec<Vec<Message>> = Vec::new();
        let (mut end, mut left, mut bytes, mut more) = (end, limit, 0, true);
        let mut step = PAGE_ROWS_MAX as u64;
        while left > 0 && more && bytes < PAGE_BYTES_MAX {
            let count = step.min(left);
            let filter =
                MessageFilter { group: Some(group), before_seq: Some(end), ..MessageFilter::default() };
            let before = self.store.log.newest(filter, count).await?;
            let page = MessagePage { filter, after: before, limit: count, ..MessagePage::default() };
            let page = self.store.log.messages(page).await?;
            let of_page = content_bytes(&page);
            if of_page >= PAGE_BYTES_MAX && page.len() > 1 {
                // Long messages: the page may have ended before it came to the newest of them.
                step = (page.len() as u64 / 2).max(1);
                continue;
            }
            let Some(first) = page.first() else {
                return Ok((in_order(pages), false));
            };
            end = first.seq;
            more = before > MessageId(0);
            left -= page.len() as u64;
            bytes += of_page;
            pages.push(page);
        }
        let more = more && limit > 0;
        Ok((in_order(pages), more))
    }

    /// One page of a group's messages between two `seq`s, both left out.
    pub(super) async fn page(
        &self,
        group: GroupId,
        after_seq: Option<Seq>,
        before_seq: Option<Seq>,
        limit: u64,
    ) -> ChatResult<Vec<Message>> {
        let filter = MessageFilter { group: Some(group), after_seq, before_seq, ..MessageFilter::default() };
        Ok(self.store.log.messages(MessagePage { filter, limit, ..MessagePage::default() }).await?)
    }
}

/// Pages that were read backwards, forwards.
fn in_order(pages: Vec<Vec<Message>>) -> Vec<Message> {
    pages.into_iter().rev().flatten().collect()
}

fn content_bytes(messages: &[Message]) -> usize {
    messages.iter().map(|message| message.content.len()).sum()
}
