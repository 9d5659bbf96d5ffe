//! `history`: asks for stored messages of a group.

use std::num::NonZero;

use tokio::task::spawn_local;
use tokio_util::task::AbortOnDropHandle;

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
        let asked = request.clone();
        let making = async move {
            let member = membership.await?;
            let _turn = chat.untaken().turn().await?;
            let page = chat.history(&member, before, after, limit.map(NonZero::get)).await?;
            let answer = event::history(asked.as_ref(), group_id, &page.messages, page.more);
            ChatResult::Ok((member, chat.untaken().hold(answer)?))
        };
        // A socket that is being closed is not polled, and must not keep the turn meanwhile.
        let work = async move { AbortOnDropHandle::new(spawn_local(making)).await? };
        Some(Pending::of_user(work, move |identified, context, found| match found {
            // Who was removed meanwhile gets nothing more of the group.
            Ok((member, _)) if !member.is_current() => {
                context.refuse(request.as_ref(), Some(group_id), &ChatError::NotMember);
            }
            Ok((member, answer)) => {
                context.reply(&answer);
                identified.remember(member);
            }
            Err(error) => context.refuse(request.as_ref(), Some(group_id), &error),
        }))
    }
}
