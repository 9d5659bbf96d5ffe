//! `hello`: says whose socket it is, and which groups to read on.

use crate::chat::{Chat, ChatError, ChatResult, Claim, Entity, Membership, Principal};
use crate::model::{GroupId, Seq};
use crate::protocol::CloseCode;
use crate::protocol::command::{Fields, GroupRef, RequestId};
use crate::protocol::event::ErrorCode;
use crate::ws::context::SocketContext;
use crate::ws::json::{JsonSession, Pending};
use crate::ws::stream::Stream;

pub(super) struct Hello {
    /// Where the handshake has said who it is, only that name, or none.
    username: Option<String>,
    /// Groups to read, each from behind a `seq`.
    resume: Vec<(GroupId, Seq)>,
}

/// A group to read on: from behind which `seq`, and its membership and head if it can be read.
type Resumed = (GroupId, Seq, ChatResult<(Membership, Seq)>);

impl Hello {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self {
            username: fields.optional::<&str>("username")?.map(Into::into),
            resume: fields.optional("resume")?.unwrap_or_default(),
        })
    }

    pub(super) fn run<S: Stream>(
        self,
        session: &mut JsonSession<S>,
        context: &SocketContext<S>,
        request: Option<RequestId>,
    ) -> Option<Pending<S>> {
        let known = session.identified().map(|identified| identified.principal().clone());
        let chat = context.chat();
        let work = async move {
            let principal = identify(&chat, known, self.username).await?;
            let mut resumed = Vec::with_capacity(self.resume.len());
            for (group, after) in self.resume {
                resumed.push((group, after, open(&chat, &principal, group).await));
            }
            ChatResult::Ok((principal, resumed))
        };
        Some(Pending::new(work, move |session, context, result| match result {
            Ok((principal, resumed)) => {
                session.identify(context, request.as_ref(), principal);
                resume(session, context, resumed);
            }
            Err(ChatError::NotFound(_)) => {
                context.fail(request.as_ref(), None, ErrorCode::Unauthenticated, "no such user");
                context.socket.close(CloseCode::UNAUTHENTICATED, "no such user");
            }
            Err(error) => context.refuse(request.as_ref(), None, &error),
        }))
    }
}

/// Finds out who speaks; `known` is who the handshake or an earlier `hello` has named, which a name can only repeat.
async fn identify(chat: &Chat, known: Option<Principal>, name: Option<String>) -> ChatResult<Principal> {
    match (known, name) {
        (Some(known), None) => Ok(known),
        (Some(known), Some(name)) if *name == *known.user().username => Ok(known),
        (None, Some(name)) => chat.principal(Claim::Username(&name)).await,
        (Some(_), Some(_)) | (None, None) => Err(ChatError::NotFound(Entity::User)),
    }
}

async fn open(chat: &Chat, principal: &Principal, group: GroupId) -> ChatResult<(Membership, Seq)> {
    let group = chat.find_group(GroupRef::Id(group)).await?;
    chat.subscribe(principal, group).await
}

/// Reads on as many of the groups as can be read.
fn resume<S: Stream>(session: &mut JsonSession<S>, context: &SocketContext<S>, resumed: Vec<Resumed>) {
    let Some(identified) = session.identified() else { return };
    for (group, after, opened) in resumed {
        match opened {
            Ok((membership, head)) => identified.subscribe(context, None, membership, Some(after), head),
            Err(error) => context.refuse(None, Some(group), &error),
        }
    }
}
