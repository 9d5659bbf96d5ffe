//! Handing what a command asks for to the writer.

use super::context::SocketContext;
use super::identified::Identified;
use super::json::Pending;
use super::stream::Stream;
use crate::chat::{Chat, ChatError, ChatResult, Membership};
use crate::model::{GroupId, NewEntry};
use crate::protocol::command::RequestId;

/// Has `accept` make a change of the group's log, in the name of the socket's user, and hands it in. The writer answers.
/// What is known of the membership is used; else the chat is asked first.
pub(super) fn hand_in<S: Stream>(
    session: &Identified<S>,
    context: &SocketContext<S>,
    request: Option<RequestId>,
    group: GroupId,
    accept: impl FnOnce(&Chat, &Membership) -> ChatResult<NewEntry> + 'static,
) -> Option<Pending<S>> {
    if let Some(sender) = session.membership(group) {
        let accepted = unless_away(&context.endpoint.chat, sender, accept);
        submit(session, context, request, group, accepted);
        return None;
    }
    let membership = session.find_membership(context, group);
    Some(Pending::of_user(membership, move |identified, context, found| match found {
        Ok(sender) => {
            let accepted = unless_away(&context.endpoint.chat, &sender, accept);
            submit(identified, context, request, group, accepted);
            identified.remember(sender);
        }
        Err(error) => context.refuse(request.as_ref(), Some(group), &error),
    }))
}

/// What `accept` makes, unless nothing can be stored now: as with messages, who speaks JSON knows how to ask again.
fn unless_away(
    chat: &Chat,
    sender: &Membership,
    accept: impl FnOnce(&Chat, &Membership) -> ChatResult<NewEntry>,
) -> ChatResult<NewEntry> {
    if chat.refuses_entries() { Err(ChatError::Unavailable(None)) } else { accept(chat, sender) }
}

fn submit<S: Stream>(
    session: &Identified<S>,
    context: &SocketContext<S>,
    request: Option<RequestId>,
    group: GroupId,
    accepted: ChatResult<NewEntry>,
) {
    match accepted {
        Ok(entry) => context.submit(entry, session.lease(), request),
        Err(error) => context.refuse_entry(request.as_ref(), group, &error),
    }
}
