//! `history`: asks for stored messages of a group.

use std::num::NonZero;

use crate::chat::{ChatError, ChatResult};
use crate::model::{GroupId, Seq};
use crate::protocol::command::{Fields, RequestId};
use crate::protocol::event;
use crate::ws::context::SocketContext;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct History {
    group_id: GroupId,
    before: Option<Seq>,
    after: Option<Seq>,
    limit: Option<NonZero<u64>>,
}

impl History {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self {
            group_id: fields.required("group_id")?,
            before: fields.optional("before")?,
            after: fields.optional("after")?,
            limit: fields.optional("limit")?,
        })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let Self { group_id, before, after, limit } = self;
        let (chat, membership) = (context.chat(), session.find_membership(context, group_id));
        let work = async move {
            let member = membership.await?;
            let _turn = chat.untaken().turn().await?;
            let page = chat.history(&member, before, after, limit.map(NonZero::get)).await?;
            // Who was removed meanwhile gets nothing more of the group.
            if member.is_current() { ChatResult::Ok((member, page)) } else { Err(ChatError::NotMember) }
        };
        Some(Pending::of_user(work, move |identified, context, found| match found {
            Ok((member, page)) => {
                let answer = event::history(request.as_ref(), group_id, &page.messages, page.more);
                match context.chat().untaken().hold(answer) {
                    Ok(answer) => context.reply(&answer),
                    Err(error) => context.refuse(request.as_ref(), Some(group_id), &error),
                }
                identified.remember(member);
            }
            Err(error) => context.refuse(request.as_ref(), Some(group_id), &error),
        }))
    }
}
