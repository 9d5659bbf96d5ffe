//! Commands that have to ask the store.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;

use super::endpoint::Endpoint;
use crate::chat::{Chat, ChatError, ChatResult, Claim, Membership, Principal};
use crate::model::{Group, GroupId, Seq};
use crate::protocol::command::{GroupRef, RequestId};
use crate::protocol::event;

/// A command under way. The socket's later commands wait for it, so answers come in the order of requests.
pub(super) struct Work(Pin<Box<dyn Future<Output = Done>>>);

/// What came of it; what it changes, the session does.
pub(super) enum Done {
    /// This is the answer.
    Reply(Bytes),
    /// There is no group of this name.
    NoSuchGroup { request: Option<RequestId>, name: Box<str> },
    /// It could not be done.
    Failed { request: Option<RequestId>, group: Option<GroupId>, error: ChatError },
    /// The user is a member of this group.
    Member(Membership),
    /// The user is not, or that could not be found out.
    NotMember { request: Option<RequestId>, group: GroupId, error: ChatError },
    /// The user does not exist.
    Unknown { request: Option<RequestId> },
    /// The user exists, and these groups are to be read on.
    Hello { request: Option<RequestId>, user: Principal, resume: Vec<Resumed> },
    /// The group can be read.
    Subscribe { request: Option<RequestId>, membership: Membership, after: Option<Seq>, head: Seq },
}

/// A group to read on, from where, and what was found.
pub(super) type Resumed = (GroupId, Seq, ChatResult<(Membership, Seq)>);

/// A group's name or number, kept.
enum Wanted {
    Id(GroupId),
    Name(Box<str>),
}

impl Work {
    fn new(work: impl Future<Output = Done> + 'static) -> Pin<Box<Self>> {
        Box::pin(Self(Box::pin(work)))
    }

    /// Begins to read the group of the socket's path.
    pub(super) fn enter(endpoint: &Rc<Endpoint>, membership: Membership) -> Pin<Box<Self>> {
        let chat = Arc::clone(&endpoint.chat);
        Self::new(async move {
            match chat.head(membership.group.id).await {
                Ok(head) => Done::Subscribe { request: None, membership, after: None, head },
                Err(error) => Done::Failed { request: None, group: Some(membership.group.id), error },
            }
        })
    }

    pub(super) fn hello(
        endpoint: &Rc<Endpoint>,
        request: Option<RequestId>,
        known: Option<Principal>,
        username: Option<String>,
        groups: Vec<(GroupId, Seq)>,
    ) -> Pin<Box<Self>> {
        let chat = Arc::clone(&endpoint.chat);
        Self::new(async move {
            let user = match (known, username) {
                // The handshake has said who this is; a name can only repeat it.
                (Some(user), None) => user,
                (Some(user), Some(name)) if *name == *user.user().username => user,
                (None, Some(name)) => match chat.principal(Claim::Username(&name)).await {
                    Ok(user) => user,
                    Err(ChatError::NotFound(_)) => return Done::Unknown { request },
                    Err(error) => return Done::Failed { request, group: None, error },
                },
                (Some(_), Some(_)) | (None, None) => return Done::Unknown { request },
            };
            let mut resume = Vec::with_capacity(groups.len());
            for (group, after) in groups {
                let opened = match chat.find_group(GroupRef::Id(group)).await {
                    Ok(found) => open(&chat, &user, found).await,
                    Err(error) => Err(error),
                };
                resume.push((group, after, opened));
            }
            Done::Hello { request, user, resume }
        })
    }

    pub(super) fn subscribe(
        endpoint: &Rc<Endpoint>,
        request: Option<RequestId>,
        user: Principal,
        group: GroupRef<'_>,
        after: Option<Seq>,
    ) -> Pin<Box<Self>> {
        let chat = Arc::clone(&endpoint.chat);
        let group = match group {
            GroupRef::Id(id) => Wanted::Id(id),
            GroupRef::Name(name) => Wanted::Name(name.into()),
        };
        Self::new(async move {
            let (reference, id) = match &group {
                Wanted::Id(id) => (GroupRef::Id(*id), Some(*id)),
                Wanted::Name(name) => (GroupRef::Name(name), None),
            };
            let found = match (chat.find_group(reference).await, group) {
                (Ok(found), _) => found,
                (Err(ChatError::NotFound(_)), Wanted::Name(name)) => {
                    return Done::NoSuchGroup { request, name };
                }
                (Err(error), _) => return Done::Failed { request, group: id, error },
            };
            let id = found.id;
            match open(&chat, &user, found).await {
                Ok((membership, head)) => Done::Subscribe { request, membership, after, head },
                Err(error) => Done::Failed { request, group: Some(id), error },
            }
        })
    }

    pub(super) fn member(
        endpoint: &Rc<Endpoint>,
        request: Option<RequestId>,
        user: Principal,
        group: GroupId,
    ) -> Pin<Box<Self>> {
        let chat = Arc::clone(&endpoint.chat);
        Self::new(async move {
            match chat.membership(&user, group).await {
                Ok(membership) => Done::Member(membership),
                Err(error) => Done::NotMember { request, group, error },
            }
        })
    }

    pub(super) fn presence(
        endpoint: &Rc<Endpoint>,
        request: Option<RequestId>,
        group: GroupId,
    ) -> Pin<Box<Self>> {
        let chat = Arc::clone(&endpoint.chat);
        Self::new(async move {
            match chat.presence(group).await {
                Ok(presence) => {
                    let users = presence.users.as_ref().map(|users| users.iter().map(|user| &**user));
                    Done::Reply(event::presence(request.as_ref(), group, presence.online, users))
                }
                Err(error) => Done::Failed { request, group: Some(group), error },
            }
        })
    }

    pub(super) fn history(
        endpoint: &Rc<Endpoint>,
        request: Option<RequestId>,
        member: Membership,
        before: Option<Seq>,
        after: Option<Seq>,
        limit: Option<u64>,
    ) -> Pin<Box<Self>> {
        let (chat, group) = (Arc::clone(&endpoint.chat), member.group.id);
        Self::new(async move {
            match chat.history(&member, before, after, limit).await {
                Ok(page) => Done::Reply(event::history(request.as_ref(), group, &page.messages, page.more)),
                Err(error) => Done::Failed { request, group: Some(group), error },
            }
        })
    }
}

/// Lets the user into the group and finds its head.
async fn open(chat: &Chat, user: &Principal, group: Arc<Group>) -> ChatResult<(Membership, Seq)> {
    chat.subscribe(user, group).await
}

impl Future for Work {
    type Output = Done;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Done> {
        self.0.as_mut().poll(cx)
    }
}
