//! Lists, a page at a time.

use std::sync::Arc;

use super::put_member::Member;
use super::rights::{Action, Verdict, decide};
use super::{Caller, Chat, ChatError, ChatResult};
use crate::model::{Group, GroupId, Message, MessageId, UserId};
use crate::store::{MessageFilter, MessagePage};

impl Chat {
    /// A page of the groups that somebody may see, see [`Directory::groups`](crate::store::Directory::groups).
    ///
    /// # Errors
    /// [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn groups(
        &self,
        caller: &Caller,
        after: GroupId,
        skip: u64,
        limit: u64,
    ) -> ChatResult<Vec<Group>> {
        let reader = self.reader(caller)?;
        Ok(self.store.directory.groups(reader, after, skip, limit).await?)
    }

    /// A page of the members of a group, see [`Directory::members`](crate::store::Directory::members).
    ///
    /// # Errors
    /// As of [`group_for`](Self::group_for).
    pub async fn members(
        &self,
        caller: &Caller,
        group: GroupId,
        after: UserId,
        limit: u64,
    ) -> ChatResult<Vec<Member>> {
        // Of each page anew: who is removed while a long list is on its way reads no further.
        self.group_for(caller, group, Action::Read).await?;
        let members = self.store.directory.members(group, after, limit).await?;
        Ok(members.into_iter().map(|(user, role)| Member { user: Arc::new(user), role }).collect())
    }

    /// What of a filter somebody may read; `None` for nothing.
    ///
    /// # Errors
    /// [`ChatError::NotMember`], [`ChatError::Banned`] for a group that one may know of but not read;
    /// [`ChatError::NotAuthenticated`], [`ChatError::Unavailable`].
    pub async fn readable(
        &self,
        caller: &Caller,
        mut filter: MessageFilter,
    ) -> ChatResult<Option<MessageFilter>> {
        let reader = self.reader(caller)?;
        if let (Some(thread), None) = (filter.thread, filter.group) {
            // A thread is in the group of its first message.
            let Some(root) = self.store.log.message(thread).await? else { return Ok(None) };
            filter.group = Some(root.group.id);
        }
        if let (Some(_), Some(group)) = (reader, filter.group) {
            let Some(group) = self.directory.group(group).await? else { return Ok(None) };
            let access = self.access(caller, group).await?;
            match decide(access.place, Action::Read) {
                Verdict::Absent => return Ok(None),
                _ => access.check(Action::Read)?,
            }
        }
        Ok(Some(MessageFilter { reader, ..filter }))
    }

    /// A page of messages, see [`MessageLog::messages`](crate::store::MessageLog::messages). The filter is one that is
    /// [`readable`](Self::readable).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn messages(&self, page: MessagePage) -> ChatResult<Vec<Message>> {
        Ok(self.store.log.messages(page).await?)
    }

    /// Where the newest `count` messages start, see [`MessageLog::newest`](crate::store::MessageLog::newest).
    ///
    /// # Errors
    /// [`ChatError::Unavailable`].
    pub async fn newest(&self, filter: MessageFilter, count: u64) -> ChatResult<MessageId> {
        Ok(self.store.log.newest(filter, count).await?)
    }

    /// The user whose groups a list is bounded to; `None` for who reads everything.
    fn reader(&self, caller: &Caller) -> ChatResult<Option<UserId>> {
        let reads_all = self.reads_all(caller)?;
        let user = caller.principal().map(|principal| principal.user().id);
        match (reads_all, user) {
            (true, _) => Ok(None),
            (false, Some(user)) => Ok(Some(user)),
            (false, None) => Err(ChatError::NotAuthenticated),
        }
    }
}
