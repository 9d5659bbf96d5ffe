//! `delete`: takes a message's content away.

use crate::model::{GroupId, MessageId};
use crate::protocol::command::{Fields, RequestId};
use crate::ws::context::SocketContext;
use crate::ws::hand_in::hand_in;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct Delete {
    group_id: GroupId,
    message_id: MessageId,
}

impl Delete {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self { group_id: fields.required("group_id")?, message_id: fields.required("message_id")? })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let Self { group_id, message_id } = self;
        hand_in(session, context, request, group_id, move |chat, sender| {
            chat.accept_deletion(sender, message_id)
        })
    }
}
