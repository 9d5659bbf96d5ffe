//! JSON mode: who speaks over a socket, and the command that is under way.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::time::{Sleep, sleep};

use super::context::SocketContext;
use super::identified::{GROUPS_MAX, Identified};
use super::stream::Stream;
use crate::chat::{Membership, Principal};
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
    /// Nobody knows yet. `hello` has to come before this is over.
    Unidentified(Pin<Box<Sleep>>),
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
    /// A socket of which nobody knows whose it is.
    pub(super) fn new(context: &SocketContext<S>) -> Self {
        let deadline = Box::pin(sleep(context.endpoint.options.hello_timeout));
        Self { speaker: Speaker::Unidentified(deadline), busy: None }
    }

    /// A socket whose path has named its user and a group to read.
    pub(super) fn entering(context: &SocketContext<S>, membership: Membership) -> Self {
        let mut session = Self::new(context);
        session.identify(context, None, membership.principal());
        let (chat, group) = (context.chat(), membership.group.id);
        session.start(Pending::of_user(
            async move { chat.head(group).await },
            move |identified, context, head| match head {
                Ok(head) => identified.subscribe(context, None, membership, None, head),
                Err(error) => context.refuse(None, Some(group), &error),
            },
        ));
        session
    }

    /// The user's side of it, if it is known who that is.
    pub(super) fn identified(&mut self) -> Option<&mut Identified<S>> {
        match &mut self.speaker {
            Speaker::Unidentified(_) => None,
            Speaker::Identified(identified) => Some(identified),
        }
    }

    /// Knows from now on whose socket it is, and says so.
    pub(super) fn identify(
        &mut self,
        context: &SocketContext<S>,
        request: Option<&RequestId>,
        principal: Principal,
    ) {
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
        if let Speaker::Unidentified(_) = self.speaker {
            self.speaker = Speaker::Identified(Identified::new(principal));
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
            then(self, context);
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
            Speaker::Unidentified(deadline) => {
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
