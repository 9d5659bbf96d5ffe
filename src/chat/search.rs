//! Finding messages by their words.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::{Caller, Chat, ChatError, ChatResult};
use crate::model::limits::{FOUND_MAX, PAGE_BYTES_MAX};
use crate::model::{Annotations, GroupId, Message, MessageId, UserId};
use crate::search::{Highlight, SearchQuery};
use crate::store::{MessageFilter, Search, SearchPlace, SearchScope};

/// How long is searched before the answer is what was found by then. It is so long only for what nearly all messages have
/// the words of and hardly one answers.
const SEARCH_TIME: Duration = Duration::from_secs(10);

/// Where somebody looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SearchFilter {
    /// In this group; in all of one's own without.
    pub group: Option<GroupId>,
    /// Among what this user has sent.
    pub sender: Option<UserId>,
    /// Among messages with lower numbers.
    pub before: Option<MessageId>,
}

/// A message that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The message as it is now.
    pub message: Message,
    /// What stands beside it.
    pub beside: Annotations,
    /// Where in its content: ascending, without overlaps, at least one.
    pub highlights: Vec<Highlight>,
}

impl Chat {
    /// The newest messages that answer a question, in groups that somebody belongs to or may read as a whole; the newest
    /// first. At most `limit` of them, at most 100 whatever is asked, and none after the one that brings the contents to
    /// [`PAGE_BYTES_MAX`]; those before the last are found by asking again.
    ///
    /// # Errors
    /// [`ChatError::Unnamed`] where names are believed and there is none; [`ChatError::NotMember`],
    /// [`ChatError::Banned`] for a group that one may know of but not read; [`ChatError::NotAuthenticated`],
    /// [`ChatError::Unavailable`], also if nothing was found in ten seconds and there is more to look at.
    pub async fn search(
        &self,
        caller: &Caller,
        query: SearchQuery,
        filter: SearchFilter,
        limit: u64,
    ) -> ChatResult<Vec<Found>> {
        let Some(scope) = self.search_scope(caller, filter).await? else { return Ok(Vec::new()) };
        let limit = limit.min(FOUND_MAX) as usize;
        if query.is_empty() || limit == 0 {
            return Ok(Vec::new());
        }
        let (query, deadline) = (Arc::new(query), Instant::now() + SEARCH_TIME);
        let mut next = Some(SearchPlace::below(filter.before.unwrap_or(MessageId(i64::MAX))));
        let (mut hits, mut bytes) = (Vec::new(), 0);
        while let Some(from) = next
            && hits.len() < limit
            && bytes < PAGE_BYTES_MAX
        {
            if Instant::now() > deadline {
                if hits.is_empty() {
                    return Err(ChatError::Unavailable(Some("a search took too long".into())));
                }
                break;
            }
            let search = Search { query: Arc::clone(&query), scope, from, limit: limit - hits.len() };
            let page = self.store.search.search(search).await?;
            bytes += page.hits.iter().map(|(message, _)| message.content.len()).sum::<usize>();
            hits.extend(page.hits);
            next = page.next;
        }
        let (messages, highlights): (Vec<_>, Vec<_>) = hits.into_iter().unzip();
        let beside = self.annotations(&messages).await?;
        let found = messages.into_iter().zip(beside).zip(highlights);
        Ok(found.map(|((message, beside), highlights)| Found { message, beside, highlights }).collect())
    }

    /// Where somebody may look; `None` for nowhere.
    async fn search_scope(&self, caller: &Caller, filter: SearchFilter) -> ChatResult<Option<SearchScope>> {
        match caller {
            Caller::Nobody if self.believes_names() => return Err(ChatError::Unnamed),
            Caller::Any(_) => return Err(ChatError::Unnamed),
            Caller::Nobody | Caller::User(_) | Caller::Server(_) => {}
        }
        let SearchFilter { group, sender, .. } = filter;
        let readable = self.readable(caller, MessageFilter { group, ..MessageFilter::default() }).await?;
        let Some(MessageFilter { mut reader, .. }) = readable else { return Ok(None) };
        if group.is_none() {
            // Who may read everything still means their own groups, unless they name another.
            reader = caller.principal().map(|principal| principal.user().id);
        }
        Ok(Some(SearchScope { reader, group, sender }))
    }
}
