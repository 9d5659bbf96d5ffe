//! `hello`: says whose socket it is, and which groups to read on.

use tokio::time::Instant;

use crate::chat::{Caller, Chat, ChatError, ChatResult, Claim, Entity, Membership, Principal, Span};
use crate::model::{GroupId, Seq};
use crate::protocol::CloseCode;
use crate::protocol::command::{Fields, GroupRef, RequestId};
use crate::protocol::event::ErrorCode;
use crate::ws::context::{SocketContext, failure};
use crate::ws::json::{JsonSession, Pending};
use crate::ws::lease::{Lease, Shown};
use crate::ws::stream::Stream;

pub(super) struct Hello {
    /// What shows who it is.
    token: Option<Box<str>>,
    /// Where the handshake or the token says who it is, only that name, or none.
    username: Option<Box<str>>,
    /// Groups to read, each from behind a `seq`.
    resume: Vec<(GroupId, Seq)>,
}

/// A group to read on: from behind which `seq`, and its membership and head if it can be read.
type Resumed = (GroupId, Seq, ChatResult<(Membership, Span)>);

impl Hello {
    pub(super) fn parse(fields: &Fields<'_, '_>) -> Result<Self, String> {
        Ok(Self {
            token: fields.optional::<&str>("token")?.map(Into::into),
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
        if session.lease().is_some_and(|lease| lease.is_greeted) {
            context.fail(request.as_ref(), None, ErrorCode::BadFrame, "hello: said already");
            return None;
        }
        let shown = session.shown().cloned();
        let known = session.identified().map(|identified| identified.principal().clone());
        let chat = context.chat();
        let work = async move {
            let Self { token, username, resume } = self;
            let proof = find_proof(&chat, shown, token.as_deref()).await?;
            let speaker = identify(&chat, known, proof, username.as_deref()).await?;
            let mut resumed = Vec::with_capacity(resume.len());
            for (group, after) in resume {
                resumed.push((group, after, open(&chat, speaker.principal(), group).await));
            }
            ChatResult::Ok((speaker, resumed))
        };
        Some(Pending::new(work, move |session, context, result| match result {
            Ok((speaker, resumed)) => {
                if let Speaker::Shown(principal, until) = speaker {
                    match Lease::of(&principal, context.socket.id(), until) {
                        Ok(lease) => session.identify(context, principal, lease),
                        Err(_) => return refuse(context, request.as_ref(), &ChatError::BadCredentials),
                    }
                }
                session.greet(context, request.as_ref());
                resume(session, context, resumed);
            }
            Err(error) => refuse(context, request.as_ref(), &error),
        }))
    }
}

/// Who speaks.
enum Speaker {
    /// Whom the handshake or an earlier `hello` has named.
    Known(Principal),
    /// Who was shown now, until then.
    Shown(Principal, Option<Instant>),
}

impl Speaker {
    fn principal(&self) -> &Principal {
        match self {
            Self::Known(principal) | Self::Shown(principal, _) => principal,
        }
    }
}

/// What is shown: the token, else what the handshake has `shown`. A token that is no good is as none where names are
/// believed.
async fn find_proof(chat: &Chat, shown: Option<Shown>, token: Option<&str>) -> ChatResult<Option<Shown>> {
    let Some(token) = token else { return Ok(shown) };
    match Shown::by_token(chat, token).await {
        Err(ChatError::BadCredentials) if chat.believes_names() => Ok(shown),
        proof => proof.map(Some),
    }
}

/// Finds out who speaks; `known` is who the handshake or an earlier `hello` has named, which a name or a token can only
/// repeat.
async fn identify(
    chat: &Chat,
    known: Option<Principal>,
    proof: Option<Shown>,
    name: Option<&str>,
) -> ChatResult<Speaker> {
    let Some(known) = known else {
        let Shown { caller, until } = proof.unwrap_or_default();
        let principal = chat.act_as(&caller, name.map(Claim::Username)).await?;
        return Ok(Speaker::Shown(principal, until));
    };
    if name.is_some_and(|name| *name != *known.user().username) {
        return Err(match chat.believes_names() {
            true => ChatError::NotFound(Entity::User),
            false => ChatError::Forbidden("the socket is another user's"),
        });
    }
    match proof {
        None | Some(Shown { caller: Caller::Nobody, .. }) => Ok(Speaker::Known(known)),
        Some(Shown { caller, until }) => {
            let principal = chat.act_as(&caller, Some(Claim::UserId(known.user().id))).await?;
            Ok(Speaker::Shown(principal, until))
        }
    }
}

/// Tells why nobody knows who speaks. Another try may help only while the store is away.
fn refuse<S: Stream>(context: &SocketContext<S>, request: Option<&RequestId>, error: &ChatError) {
    match error {
        ChatError::NotFound(_) | ChatError::Unnamed => context.turn_away(request, "no such user"),
        ChatError::NotAuthenticated => context.turn_away(request, "not authenticated"),
        ChatError::BadCredentials => context.turn_away(request, "could not validate credentials"),
        ChatError::Forbidden(_) => {
            context.fail(request, None, ErrorCode::Forbidden, failure(error).message);
            context.socket.close(CloseCode::FORBIDDEN, "forbidden");
        }
        error => context.refuse(request, None, error),
    }
}

async fn open(chat: &Chat, principal: &Principal, group: GroupId) -> ChatResult<(Membership, Span)> {
    let group = chat.find_group(GroupRef::Id(group)).await?;
    chat.subscribe(principal, group).await
}

/// Reads on as many of the groups as can be read.
fn resume<S: Stream>(session: &mut JsonSession<S>, context: &SocketContext<S>, resumed: Vec<Resumed>) {
    let Some(identified) = session.identified() else { return };
    for (group, after, opened) in resumed {
        match opened {
            Ok((membership, span)) => identified.subscribe(context, None, membership, Some(after), span),
            Err(error) => context.refuse(None, Some(group), &error),
        }
    }
}
