//! `presence`: asks who is online in a group.

use crate::chat::{Caller, ChatError};
use crate::model::GroupId;
use crate::protocol::command::{Fields, RequestId};
use crate::protocol::event;
use crate::ws::context::SocketContext;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct Presence {
    group_id: GroupId,
}

impl Presence {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self { group_id: fields.required("group_id")? })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let (chat, group) = (context.chat(), self.group_id);
        let caller = Caller::User(session.principal().clone());
        let work = async move {
            match chat.presence(&caller, group).await {
                // Where names are believed it is told whoever asks, as over REST.
                Err(ChatError::NotMember) if chat.believes_names() => {
                    chat.presence(&Caller::Nobody, group).await
                }
                found => found,
            }
        };
        Some(Pending::of_user(work, move |_, context, found| match found {
            Ok(presence) => {
                let users = presence.users.as_ref().map(|users| users.iter().map(|user| &**user));
                context.reply(&event::presence(request.as_ref(), group, presence.online, users));
            }
            Err(error) => context.refuse(request.as_ref(), Some(group), &error),
        }))
    }
}
