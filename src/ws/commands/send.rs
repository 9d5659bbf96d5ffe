//! `send`: sends a message, to be stored or not.

use std::rc::Rc;

use tokio::task::spawn_local;

use crate::chat::{Chat, ChatResult, Draft, Membership, WhileAway};
use crate::hub::Broadcast;
use crate::model::{GroupId, MessageId, NewEntry};
use crate::protocol::command::{Fields, RequestId};
use crate::protocol::event;
use crate::ws::context::SocketContext;
use crate::ws::identified::Identified;
use crate::ws::json::Pending;
use crate::ws::lease::Lease;
use crate::ws::stream::Stream;

pub(super) struct Send<'a> {
    group_id: GroupId,
    content: &'a str,
    client_id: Option<&'a str>,
    ephemeral: bool,
    reply_to: Option<MessageId>,
}

impl<'a> Send<'a> {
    pub(super) fn parse(fields: &Fields<'_, 'a>) -> Result<Self, String> {
        Ok(Self {
            group_id: fields.required("group_id")?,
            content: fields.required("content")?,
            client_id: fields.optional("client_id")?,
            ephemeral: fields.optional("ephemeral")?.unwrap_or(false),
            reply_to: fields.optional("reply_to")?,
        })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut Identified<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        if let Some(sender) = session.membership(self.group_id) {
            self.send(context, sender, session.lease(), request);
            return None;
        }
        let Self { group_id, ephemeral, reply_to, .. } = self;
        let (content, client_id) = (Box::<str>::from(self.content), self.client_id.map(Box::<str>::from));
        let membership = session.find_membership(context, group_id);
        Some(Pending::of_user(membership, move |identified, context, found| match found {
            Ok(sender) => {
                let client_id = client_id.as_deref();
                let command = Send { group_id, content: &content, client_id, ephemeral, reply_to };
                command.send(context, &sender, identified.lease(), request);
                identified.remember(sender);
            }
            Err(error) => context.refuse(request.as_ref(), Some(group_id), &error),
        }))
    }

    fn send<S: Stream>(
        self,
        context: &SocketContext<S>,
        sender: &Membership,
        lease: Option<&Lease>,
        request: Option<RequestId>,
    ) {
        match self.accept(&context.endpoint.chat, sender) {
            Ok(Accepted::Stored(message)) => context.submit(message, lease, request),
            Ok(Accepted::Ephemeral(frames)) => {
                context.socket.message_admitted();
                context.reply(&event::ephemeral_ack(request.as_ref(), self.group_id, self.client_id));
                let notifier = Rc::clone(&context.endpoint.notifier);
                spawn_local(async move { notifier.send(frames).await });
            }
            Err(error) => {
                context.refuse_entry(request.as_ref(), self.group_id, &error);
            }
        }
    }

    fn accept(&self, chat: &Chat, sender: &Membership) -> ChatResult<Accepted> {
        let draft = Draft::new(self.content, self.client_id)?.answering(self.reply_to);
        Ok(match self.ephemeral {
            true => Accepted::Ephemeral(chat.accept_ephemeral(sender, draft)?),
            false => Accepted::Stored(chat.accept(sender, draft, WhileAway::Refuse)?),
        })
    }
}

/// A message that nothing was said against.
enum Accepted {
    Stored(NewEntry),
    Ephemeral(Broadcast),
}
