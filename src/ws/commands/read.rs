//! `read`: moves the mark up to which the user has read a group.

use crate::model::{GroupId, Seq};
use crate::protocol::command::{Fields, RequestId};
use crate::protocol::event;
use crate::ws::context::SocketContext;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct Read {
    group_id: GroupId,
    seq: Seq,
}

impl Read {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self { group_id: fields.required("group_id")?, seq: fields.required("seq")? })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let Self { group_id, seq } = self;
        let (chat, principal) = (context.chat(), session.principal().clone());
        let from = session.reads(group_id).then(|| context.socket.id());
        let work = async move { chat.mark_read(&principal, group_id, seq, from).await };
        Some(Pending::of_user(work, move |_, context, marked| match marked {
            Ok(mark) => context.reply(&event::marked(request.as_ref(), group_id, &mark)),
            Err(error) => context.refuse(request.as_ref(), Some(group_id), &error),
        }))
    }
}
