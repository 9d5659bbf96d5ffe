//! `subscribe`: reads a group from now on, or from behind a `seq`.

use crate::chat::ChatError;
use crate::model::limits::GROUP_NAME_CHARS_MAX;
use crate::model::{GroupId, Seq};
use crate::protocol::command::{Fields, GroupRef, RequestId};
use crate::protocol::event::ErrorCode;
use crate::ws::context::SocketContext;
use crate::ws::identified::{self, Identified};
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct Subscribe<'a> {
    group: GroupRef<'a>,
    /// What comes after this is replayed first; nothing is without it.
    after: Option<Seq>,
}

impl<'a> Subscribe<'a> {
    pub(super) fn parse(fields: &Fields<'_, 'a>) -> Result<Self, String> {
        let group = match (fields.optional("group_id")?, fields.optional("group")?) {
            (Some(id), _) => GroupRef::Id(id),
            (None, Some(name)) => GroupRef::Name(name),
            (None, None) => return Err("group_id: missing, and group too".into()),
        };
        Ok(Self { group, after: fields.optional("after")? })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        if !session.has_room(self.group) {
            identified::refuse_more_groups(context, request.as_ref(), None);
            return None;
        }
        let (chat, principal, after) = (context.chat(), session.principal().clone(), self.after);
        let wanted = Wanted::from(self.group);
        let work = async move {
            let group = match chat.find_group(wanted.as_ref()).await {
                Ok(group) => group,
                Err(error) => return Err((wanted, error)),
            };
            let id = group.id;
            chat.subscribe(&principal, group).await.map_err(|error| match error {
                // Of a group that they may not know of not even its number is told.
                ChatError::NotFound(_) => (wanted, error),
                error => (Wanted::Id(id), error),
            })
        };
        Some(Pending::of_user(work, move |identified, context, opened| match opened {
            Ok((membership, span)) => {
                identified.subscribe(context, request.as_ref(), membership, after, span);
            }
            Err((Wanted::Name(name), ChatError::NotFound(_))) => {
                // No group has a longer name; what the client sent may be as long as a frame.
                let name: String = name.chars().take(GROUP_NAME_CHARS_MAX).collect();
                let message = format!("there is no group {name:?}");
                context.fail(request.as_ref(), None, ErrorCode::NotFound, message);
            }
            Err((Wanted::Name(_), error)) => context.refuse(request.as_ref(), None, &error),
            Err((Wanted::Id(group), error)) => context.refuse(request.as_ref(), Some(group), &error),
        }))
    }
}

/// A [`GroupRef`] that outlives its frame.
enum Wanted {
    Id(GroupId),
    Name(Box<str>),
}

impl Wanted {
    fn as_ref(&self) -> GroupRef<'_> {
        match self {
            Self::Id(id) => GroupRef::Id(*id),
            Self::Name(name) => GroupRef::Name(name),
        }
    }
}

impl From<GroupRef<'_>> for Wanted {
    fn from(group: GroupRef<'_>) -> Self {
        match group {
            GroupRef::Id(id) => Self::Id(id),
            GroupRef::Name(name) => Self::Name(name.into()),
        }
    }
}
