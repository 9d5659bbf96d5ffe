//! What a session works with.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::endpoint::Endpoint;
use super::lease::Lease;
use super::pace::Pace;
use super::stream::Stream;
use crate::chat::{Chat, ChatError, Membership};
use crate::hub::{Core, Subscriber};
use crate::model::{GroupId, NewEntry};
use crate::protocol::command::RequestId;
use crate::protocol::event::{self, ErrorCode, Failure};
use crate::protocol::{CloseCode, Mode};

/// Messages in a row that may be refused for their rate; who sends on has not listened.
const REFUSED_MAX: u8 = 100;

/// A socket, and what it shares with the others of its core.
pub(super) struct SocketContext<S> {
    pub(super) endpoint: Rc<Endpoint<S>>,
    pub(super) socket: Rc<Subscriber<S>>,
    /// Absent where no socket is limited.
    pace: Option<Rc<Pace>>,
}

impl<S> Clone for SocketContext<S> {
    fn clone(&self) -> Self {
        Self { endpoint: Rc::clone(&self.endpoint), socket: Rc::clone(&self.socket), pace: self.pace.clone() }
    }
}

impl<S: Stream> SocketContext<S> {
    /// Of a socket that has sent nothing.
    pub(super) fn new(endpoint: Rc<Endpoint<S>>, socket: Rc<Subscriber<S>>) -> Self {
        let pace = endpoint.options.command_limit.map(|limit| Rc::new(Pace::new(limit)));
        Self { endpoint, socket, pace }
    }

    /// The use cases, kept: for a future that outlives the call.
    pub(super) fn chat(&self) -> Arc<Chat> {
        Arc::clone(&self.endpoint.chat)
    }

    pub(super) fn core(&self) -> &Core<S> {
        &self.endpoint.core
    }

    /// Answers a request, or tells the socket something.
    pub(super) fn reply(&self, frame: &Bytes) {
        self.socket.reply(frame);
    }

    /// Answers a request with an error of the wire.
    pub(super) fn fail(
        &self,
        request: Option<&RequestId>,
        group: Option<GroupId>,
        code: ErrorCode,
        message: impl Into<String>,
    ) {
        self.reply(&event::error(request, group, &Failure::new(code, message)));
    }

    /// Answers a request with an error of the chat.
    pub(super) fn refuse(&self, request: Option<&RequestId>, group: Option<GroupId>, error: &ChatError) {
        error.log();
        self.reply(&event::error(request, group, &failure(error)));
    }

    /// Tells a socket in JSON mode that nobody knows any more, or yet, whose it is, and closes it.
    pub(super) fn turn_away(&self, request: Option<&RequestId>, message: &'static str) {
        if self.socket.mode() == Mode::Json {
            self.fail(request, None, ErrorCode::Unauthenticated, message);
        }
        self.socket.close(CloseCode::UNAUTHENTICATED, message);
    }

    /// Whether somebody has ended what the socket spoke by. Closes it then.
    pub(super) fn is_turned_out(&self, lease: Option<&Lease>) -> bool {
        let is_ended = lease.is_some_and(Lease::is_ended);
        if is_ended {
            self.socket.close(CloseCode::UNAUTHENTICATED, "the session has ended");
        }
        is_ended
    }

    /// Takes a message on its way to the writer, in the name of who speaks by this lease; without one a name was believed.
    pub(super) fn submit(&self, entry: NewEntry, lease: Option<&Lease>, request: Option<RequestId>) {
        self.socket.message_admitted();
        let entry = entry.proven_by(lease.map(|lease| Arc::clone(lease.validity())));
        self.endpoint.submit_buffer.submit(&self.socket, entry, request);
    }

    /// Tells the socket why what it wanted to hand in was refused.
    pub(super) fn refuse_entry(&self, request: Option<&RequestId>, group: GroupId, error: &ChatError) {
        let failure = match error {
            ChatError::TooLarge { limit } => {
                Failure::new(ErrorCode::TooLarge, format!("content: longer than {limit} bytes"))
            }
            ChatError::Unavailable(_) => {
                Failure::new(ErrorCode::Unavailable, "messages can not be stored now")
            }
            error => failure(error),
        };
        self.refuse_message(error, &event::error(request, Some(group), &failure));
    }

    /// Tells the socket with `answer` why its message was refused. One that goes on sending above its rate is closed
    /// with [`CloseCode::RATE_LIMITED`].
    pub(super) fn refuse_message(&self, error: &ChatError, answer: &Bytes) {
        error.log();
        if !matches!(error, ChatError::RateLimited { .. }) {
            return self.reply(answer);
        }
        self.refuse_for_rate(answer, self.socket.message_refused());
    }

    /// Counts a message of any kind that the socket has sent. Where it comes too soon it is refused with what `answer`
    /// makes of the error, and the value is `false`; a socket that goes on is closed with [`CloseCode::RATE_LIMITED`].
    pub(super) fn keeps_pace(&self, answer: impl FnOnce(&ChatError) -> Bytes) -> bool {
        let Some(Err(too_soon)) = self.pace.as_ref().map(|pace| pace.check()) else { return true };
        if self.socket.closing().is_none() {
            let error = ChatError::RateLimited { retry_after: too_soon.wait };
            self.refuse_for_rate(&answer(&error), too_soon.refused);
        }
        false
    }

    /// Tells a socket with `answer` that it is too fast, as for the last `refused` messages.
    fn refuse_for_rate(&self, answer: &Bytes, refused: u8) {
        // What was read together with the message that it is closed for needs no answer.
        if self.socket.closing().is_none() {
            self.reply(answer);
            if refused >= REFUSED_MAX {
                self.socket.close(CloseCode::RATE_LIMITED, "too many messages in too short a time");
            }
        }
    }

    /// Waits until all that the socket has sent so far is stored and delivered, or refused; `None` if it is. Does not
    /// keep the socket open. Those who wait are no more than the messages that the writer has.
    pub(super) fn settling(&self) -> Option<impl Future<Output = ()> + use<S>> {
        let submit_buffer = Rc::clone(&self.endpoint.submit_buffer);
        (self.socket.in_flight() > 0).then_some(async move { submit_buffer.settle().await })
    }

    /// Counts a socket out of a group and tells those who are left.
    pub(super) fn departure(&self, mut membership: Membership) -> impl Future<Output = ()> + use<S> {
        membership.group = self.endpoint.chat.group_of(&membership);
        let (core, notifier) = (Rc::clone(&self.endpoint.core), Rc::clone(&self.endpoint.notifier));
        let mode = self.socket.mode();
        async move {
            let departure = core.depart(membership.group.id, membership.user.id, mode);
            membership.announce_departure(&notifier, departure).await;
        }
    }
}

/// An error of the chat as JSON mode tells it.
pub(super) fn failure(error: &ChatError) -> Failure {
    let code = match error {
        ChatError::NotFound(_) => ErrorCode::NotFound,
        ChatError::GroupFull => ErrorCode::GroupFull,
        ChatError::NotMember
        | ChatError::Forbidden(_)
        | ChatError::LastAdmin
        | ChatError::Banned
        | ChatError::Muted => ErrorCode::Forbidden,
        ChatError::NotAuthenticated
        | ChatError::BadCredentials
        | ChatError::WrongLogin
        | ChatError::Unnamed => ErrorCode::Unauthenticated,
        ChatError::TooLarge { .. } | ChatError::TooManyReactions => ErrorCode::TooLarge,
        ChatError::Invalid { .. } => ErrorCode::BadFrame,
        ChatError::RateLimited { .. } | ChatError::Locked { .. } => ErrorCode::RateLimited,
        ChatError::Busy { .. } | ChatError::Unavailable(_) => ErrorCode::Unavailable,
        ChatError::Taken(_) | ChatError::Internal(_) => ErrorCode::Internal,
    };
    let failure = Failure::new(code, error.to_string());
    match error {
        ChatError::RateLimited { retry_after }
        | ChatError::Locked { retry_after }
        | ChatError::Busy { retry_after } => failure.with_retry(*retry_after),
        _ => failure,
    }
}
