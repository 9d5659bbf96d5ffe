//! `react`: adds a reaction to a message, or takes it back.

use crate::model::{GroupId, MessageId};
use crate::protocol::command::{Fields, RequestId};
use crate::ws::context::SocketContext;
use crate::ws::hand_in::hand_in;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct React<'a> {
    group_id: GroupId,
    message_id: MessageId,
    emoji: &'a str,
    on: bool,
}

impl<'a> React<'a> {
    pub(super) fn parse(fields: &Fields<'_, 'a>) -> Result<Self, String> {
        Ok(Self {
            group_id: fields.required("group_id")?,
            message_id: fields.required("message_id")?,
            emoji: fields.required("emoji")?,
            on: fields.required("on")?,
        })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let Self { group_id, message_id, on, .. } = self;
        let emoji = Box::<str>::from(self.emoji);
        hand_in(session, context, request, group_id, move |chat, sender| {
            chat.accept_reaction(sender, message_id, &emoji, on)
        })
    }
}
