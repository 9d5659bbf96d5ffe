//! JSON mode: who speaks over a socket, and the command that is under way.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::{Sleep, sleep};

use super::context::SocketContext;
use super::identified::{GROUPS_MAX, Identified};
use super::lease::{Lease, Shown};
use super::stream::Stream;
use crate::chat::{Chat, Membership, Principal};
use crate::protocol::CloseCode;
use crate::protocol::command::RequestId;
use crate::protocol::event::{self, ErrorCode, Welcome};

/// A socket in JSON mode.
pub(super) struct JsonSession<S> {
    speaker: Speaker<S>,
    /// Absent between commands.
    busy: Option<Box<Busy<S>>>,
}

/// Who speaks.
enum Speaker<S> {
    /// Nobody knows yet. `hello` has to come before this is over; by what the handshake has shown, if it has.
    Unidentified(Pin<Box<Sleep>>, Option<Box<Shown>>),
    /// A user.
    Identified(Identified<S>),
}

/// A command under way, and the frames that wait for it, so that answers come in the order of requests. They are those
/// that were read together with its own.
struct Busy<S> {
    command: Option<Pending<S>>,
    frames: VecDeque<Box<str>>,
}

impl<S> Default for Busy<S> {
    fn default() -> Self {
        Self { command: None, frames: VecDeque::new() }
    }
}

/// A command that waits for something, and what it does with the session then.
pub(super) struct Pending<S>(Pin<Box<dyn Future<Output = Continuation<S>>>>);

type Continuation<S> = Box<dyn FnOnce(&mut JsonSession<S>, &SocketContext<S>)>;

impl<S: Stream> Pending<S> {
    /// Waits for `work`, then does `then` with what came of it.
    pub(super) fn new<T: 'static>(
        work: impl Future<Output = T> + 'static,
        then: impl FnOnce(&mut JsonSession<S>, &SocketContext<S>, T) + 'static,
    ) -> Self {
        Self(Box::pin(async move {
            let result = work.await;
            Box::new(move |session: &mut JsonSession<S>, context: &SocketContext<S>| {
                then(session, context, result);
            }) as Continuation<S>
        }))
    }

    /// The same, of one of several nodes: first it knows what others have answered. A command that fails without the
    /// database says so itself.
    pub(super) fn fresh(self, chat: Arc<Chat>) -> Self {
        if chat.node().is_none() {
            return self;
        }
        Self(Box::pin(async move {
            _ = chat.freshen().await;
            self.0.await
        }))
    }

    /// The same, of a command that only a user can give.
    pub(super) fn of_user<T: 'static>(
        work: impl Future<Output = T> + 'static,
        then: impl FnOnce(&mut Identified<S>, &SocketContext<S>, T) + 'static,
    ) -> Self {
        Self::new(work, |session, context, result| {
            if let Speaker::Identified(identified) = &mut session.speaker {
                then(identified, context, result);
            }
        })
    }
}

impl<S: Stream> JsonSession<S> {
    /// A socket of which nobody knows whose it is, if not from what the handshake has shown.
    pub(super) fn new(context: &SocketContext<S>, shown: Option<Box<Shown>>) -> Self {
        let deadline = Box::pin(sleep(context.endpoint.options.hello_timeout));
        Self { speaker: Speaker::Unidentified(deadline, shown), busy: None }
    }

    /// A socket whose handshake has told whose it is. It is welcomed when it says `hello`.
    pub(super) fn of_user(
        context: &SocketContext<S>,
        principal: Principal,
        lease: Option<Box<Lease>>,
    ) -> Self {
        context.core().own(&context.socket, principal.user().id);
        Self { speaker: Speaker::Identified(Identified::new(principal, lease)), busy: None }
    }

    /// A socket whose path has named its user and a group to read.
    pub(super) fn entering(
        context: &SocketContext<S>,
        principal: Principal,
        lease: Option<Box<Lease>>,
        membership: Membership,
    ) -> Self {
        welcome(context, None, &principal);
        let mut session = Self::of_user(context, principal, lease);
        let (chat, group) = (context.chat(), membership.group.id);
        session.start(Pending::of_user(
            async move { chat.span(group).await },
            move |identified, context, span| match span {
                Ok(span) => identified.subscribe(context, None, membership, None, span),
                Err(error) => context.refuse(None, Some(group), &error),
            },
        ));
        session
    }

    /// The user's side of it, if it is known who that is.
    pub(super) fn identified(&mut self) -> Option<&mut Identified<S>> {
        match &mut self.speaker {
            Speaker::Unidentified(..) => None,
            Speaker::Identified(identified) => Some(identified),
        }
    }

    /// What the handshake has shown of who speaks, while that is not known.
    pub(super) fn shown(&self) -> Option<&Shown> {
        match &self.speaker {
            Speaker::Unidentified(_, shown) => shown.as_deref(),
            Speaker::Identified(_) => None,
        }
    }

    /// What the socket speaks by; `None` for a name that was believed, and while nobody knows whose it is.
    pub(super) fn lease(&self) -> Option<&Lease> {
        match &self.speaker {
            Speaker::Unidentified(..) => None,
            Speaker::Identified(identified) => identified.lease(),
        }
    }

    pub(super) fn lease_mut(&mut self) -> Option<&mut Lease> {
        self.identified().and_then(Identified::lease_mut)
    }

    /// Knows from now on whose socket it is, or what else they speak by.
    pub(super) fn identify(
        &mut self,
        context: &SocketContext<S>,
        principal: Principal,
        lease: Option<Box<Lease>>,
    ) {
        match &mut self.speaker {
            Speaker::Unidentified(..) => {
                context.core().own(&context.socket, principal.user().id);
                self.speaker = Speaker::Identified(Identified::new(principal, lease));
            }
            Speaker::Identified(identified) => identified.renew(principal, lease),
        }
    }

    /// Answers `hello`. Who speaks by something can say it once.
    pub(super) fn greet(&mut self, context: &SocketContext<S>, request: Option<&RequestId>) {
        let Some(identified) = self.identified() else { return };
        welcome(context, request, identified.principal());
        if let Some(lease) = identified.lease_mut() {
            lease.is_greeted = true;
        }
    }

    /// Whether what the socket spoke by has ended, so that nothing of what it has sent is carried out. Closes it then.
    pub(super) fn is_turned_out(&self, context: &SocketContext<S>) -> bool {
        context.is_turned_out(self.lease())
    }

    /// Stops reading the groups whose member the user is no longer, and says so.
    pub(super) fn drop_removed(&mut self, context: &SocketContext<S>) {
        if let Some(identified) = self.identified() {
            identified.drop_removed(context);
        }
    }

    /// Whether a frame may be carried out now, nothing being under way.
    pub(super) fn is_ready(&self) -> bool {
        self.busy.is_none()
    }

    /// Keeps a frame until what came before it is done.
    pub(super) fn keep(&mut self, frame: &str) {
        self.busy.get_or_insert_default().frames.push_back(frame.into());
    }

    /// Begins a command that takes time.
    pub(super) fn start(&mut self, command: Pending<S>) {
        self.busy.get_or_insert_default().command = Some(command);
    }

    /// Goes on with the command under way; ready when there is none, with the next of the frames that wait.
    pub(super) fn poll_next(
        &mut self,
        context: &SocketContext<S>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Box<str>>> {
        let Some(busy) = &mut self.busy else { return Poll::Ready(None) };
        if let Some(Pending(command)) = &mut busy.command {
            let then = ready!(command.as_mut().poll(cx));
            busy.command = None;
            if !self.is_turned_out(context) {
                then(self, context);
            }
        }
        let Some(busy) = &mut self.busy else { return Poll::Ready(None) };
        let frame = busy.frames.pop_front();
        if frame.is_none() {
            self.busy = None;
        }
        Poll::Ready(frame)
    }

    /// Goes on with the replays, and closes a socket that says nothing.
    pub(super) fn advance(&mut self, context: &SocketContext<S>, cx: &mut Context<'_>) {
        match &mut self.speaker {
            Speaker::Identified(identified) => identified.replay(context, cx),
            Speaker::Unidentified(deadline, _) => {
                if context.socket.closing().is_none() && deadline.as_mut().poll(cx).is_ready() {
                    context.fail(None, None, ErrorCode::Unauthenticated, "no hello came in time");
                    context.socket.close(CloseCode::UNAUTHENTICATED, "no hello");
                }
            }
        }
    }

    /// Stops reading all groups.
    pub(super) fn stop_reading(&mut self, context: &SocketContext<S>) -> Vec<Membership> {
        self.identified().map(|identified| identified.stop_reading(context)).unwrap_or_default()
    }

    /// Whether a replay that waited for the socket can go on.
    pub(super) fn may_replay(&self, context: &SocketContext<S>) -> bool {
        matches!(&self.speaker, Speaker::Identified(identified) if identified.may_replay(context))
    }
}

fn welcome<S: Stream>(context: &SocketContext<S>, request: Option<&RequestId>, principal: &Principal) {
    let (id, endpoint) = (context.socket.id(), &context.endpoint);
    let welcome = Welcome {
        connection_id: &format!("{}-{}", id.core, id.serial),
        user: principal.user(),
        heartbeat_ms: endpoint.options.heartbeat.as_millis() as u64,
        content_bytes: endpoint.chat.options().content_bytes_max,
        frame_bytes: endpoint.json_frame_bytes_max(),
        groups: GROUPS_MAX,
    };
    context.reply(&event::welcome(request, &welcome));
}
