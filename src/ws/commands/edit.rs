//! `edit`: gives a message of one's own another content.

use crate::chat::Draft;
use crate::model::{GroupId, MessageId};
use crate::protocol::command::{Fields, RequestId};
use crate::ws::context::SocketContext;
use crate::ws::hand_in::hand_in;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::stream::Stream;

pub(super) struct Edit<'a> {
    group_id: GroupId,
    message_id: MessageId,
    content: &'a str,
    client_id: Option<&'a str>,
}

impl<'a> Edit<'a> {
    pub(super) fn parse(fields: &Fields<'_, 'a>) -> Result<Self, String> {
        Ok(Self {
            group_id: fields.required("group_id")?,
            message_id: fields.required("message_id")?,
            content: fields.required("content")?,
            client_id: fields.optional("client_id")?,
        })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let Self { group_id, message_id, .. } = self;
        let (content, client_id) = (Box::<str>::from(self.content), self.client_id.map(Box::<str>::from));
        hand_in(session, context, request, group_id, move |chat, sender| {
            chat.accept_edit(sender, message_id, Draft::new(&content, client_id.as_deref())?)
        })
    }
}
