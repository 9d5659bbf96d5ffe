//! What a socket does with what it reads, by its mode.

use std::future::poll_fn;
use std::task::{Context, Poll};

use tokio::task::spawn_local;
use tokio::time::timeout;

use super::commands;
use super::context::SocketContext;
use super::echo;
use super::json::JsonSession;
use super::lease::{Lease, Notice};
use super::stream::Stream;
use super::subscriptions::ActiveSubscription;
use crate::chat::{ChatError, Draft, Membership, WhileAway};
use crate::protocol::{CloseCode, Mode, event, frame, text};

/// Commands of those that waited for others which are carried out in one turn. Each may be one that reads the store.
const COMMANDS_A_TURN: usize = 4;

/// A socket's part in the chat.
pub(super) enum Session<S> {
    /// Not let in, or gone: it only waits for its end.
    Over,
    /// In no group: it gets back what it sends.
    Echo,
    /// In text mode: in one group, for as long as it is open.
    Text(ActiveSubscription<S>, Option<Box<Lease>>),
    /// In JSON mode: in any number of groups.
    Json(JsonSession<S>),
}

impl<S: Stream> Session<S> {
    /// Takes a message: at once, or when what came before it is done.
    pub(super) fn take(&mut self, context: &SocketContext<S>, message: &str) {
        match self {
            Self::Over => {}
            Self::Echo => echo::echo(context, message.as_bytes(), false),
            Self::Text(active, lease) => {
                if !context.is_turned_out(lease.as_deref()) {
                    say(context, &active.membership, lease.as_deref(), message);
                }
            }
            Self::Json(session) if session.is_ready() => obey(session, context, message),
            Self::Json(session) => session.keep(message),
        }
    }

    /// Takes a binary message.
    pub(super) fn take_binary(&self, context: &SocketContext<S>, message: &[u8]) {
        if self.takes_binary() {
            echo::echo(context, message, true);
        }
    }

    /// Whether it takes binary messages.
    pub(super) fn takes_binary(&self) -> bool {
        matches!(self, Self::Echo)
    }

    /// Whether another message may be taken now.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Over | Self::Echo | Self::Text(..) => true,
            Self::Json(session) => session.is_ready(),
        }
    }

    /// Goes on with what takes time.
    pub(super) fn advance(&mut self, context: &SocketContext<S>, cx: &mut Context<'_>) {
        // First, since nothing more of such a group may be sent.
        if context.socket.take_removed() {
            self.drop_removed(context);
        }
        if let Self::Json(session) = self {
            let _ = carry_on(session, context, cx);
            session.advance(context, cx);
        }
        self.watch_lease(context, cx);
    }

    /// Stops reading the groups whose member the user is no longer, and says so. In text mode there is nothing else.
    pub(super) fn drop_removed(&mut self, context: &SocketContext<S>) {
        match self {
            Self::Over | Self::Echo => {}
            Self::Text(ActiveSubscription { membership, subscription }, _) => {
                if subscription.removal().or_else(|| membership.removal()).is_some() {
                    context.reply(&text::no_longer_in(&context.endpoint.chat.group_of(membership).name));
                    context.socket.close(CloseCode::FORBIDDEN, "no longer a member");
                    std::mem::replace(self, Self::Over).leave(context);
                }
            }
            Self::Json(session) => session.drop_removed(context),
        }
    }

    /// Tells the socket that what it speaks by runs out, and closes it when it has.
    fn watch_lease(&mut self, context: &SocketContext<S>, cx: &mut Context<'_>) {
        let lease = match self {
            Self::Over | Self::Echo => None,
            Self::Text(_, lease) => lease.as_deref_mut(),
            Self::Json(session) => session.lease_mut(),
        };
        let Some(lease) = lease else { return };
        while let Poll::Ready(notice) = lease.poll(cx) {
            match notice {
                Notice::Expiring(left) if context.socket.mode() == Mode::Json => {
                    context.reply(&event::expiring(left));
                }
                Notice::Expiring(_) => {}
                Notice::Expired => context.turn_away(None, "the token has expired"),
            }
        }
    }

    /// Whether what waited for the socket to take its bytes can go on.
    pub(super) fn may_go_on(&self, context: &SocketContext<S>) -> bool {
        matches!(self, Self::Json(session) if session.may_replay(context))
    }

    /// Longest message, in bytes.
    pub(super) fn message_bytes_max(&self, context: &SocketContext<S>) -> usize {
        match self {
            Self::Echo => echo::MESSAGE_BYTES_MAX,
            Self::Over | Self::Text(..) => context.endpoint.chat.options().content_bytes_max,
            Self::Json(_) => context.endpoint.json_frame_bytes_max(),
        }
    }

    /// Stops reading all groups at once, carries out what the client sent before it went, and tells those who are left
    /// when all its messages have reached them.
    pub(super) fn leave(self, context: &SocketContext<S>) {
        let (left, unfinished) = match self {
            Self::Over | Self::Echo => return,
            Self::Text(ActiveSubscription { membership, subscription }, _) => {
                context.core().stop_reading(&subscription);
                (vec![membership], None)
            }
            Self::Json(mut session) => {
                let left = session.stop_reading(context);
                let closing = context.socket.closing();
                let is_turned_out = closing.is_some_and(|(code, _)| code == CloseCode::UNAUTHENTICATED);
                (left, (!session.is_ready() && !is_turned_out).then_some(session))
            }
        };
        match unfinished {
            None => depart(context, left),
            Some(session) => {
                let context = context.clone();
                spawn_local(async move { finish(session, &context, left).await });
            }
        }
    }
}

/// Sends a message in text mode, or tells its sender why not.
fn say<S: Stream>(context: &SocketContext<S>, sender: &Membership, lease: Option<&Lease>, content: &str) {
    if !context.keeps_pace(|_| frame::text(&[text::RATE_LIMITED])) {
        return;
    }
    let chat = &context.endpoint.chat;
    match Draft::new(content, None).and_then(|draft| chat.accept(sender, draft, WhileAway::Wait)) {
        Ok(message) => context.submit(message, lease, None),
        Err(error) => {
            let line = match error {
                // The socket is told of its removal itself.
                ChatError::NotMember | ChatError::NotFound(_) => return,
                ChatError::Forbidden(_) => text::KEY_REFUSED,
                ChatError::RateLimited { .. } => text::RATE_LIMITED,
                _ => text::NUL_REFUSED,
            };
            context.refuse_message(&error, &frame::text(&[line]));
        }
    }
}

/// Carries out a command in JSON mode, unless it comes too soon after those before it.
fn obey<S: Stream>(session: &mut JsonSession<S>, context: &SocketContext<S>, frame: &str) {
    if context.keeps_pace(|error| commands::refusal(context, frame, error)) {
        commands::run(session, context, frame);
    }
}

/// Carries out the commands that wait, as far as nothing has to be waited for, and some before the other sockets get
/// their turn; ready when there are none.
fn carry_on<S: Stream>(
    session: &mut JsonSession<S>,
    context: &SocketContext<S>,
    cx: &mut Context<'_>,
) -> Poll<()> {
    for _ in 0..COMMANDS_A_TURN {
        match session.poll_next(context, cx) {
            Poll::Ready(Some(frame)) => obey(session, context, &frame),
            Poll::Ready(None) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        }
    }
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Carries out what a client sent before it went, as long as one waits for the end of a connection.
async fn finish<S: Stream>(
    mut session: JsonSession<S>,
    context: &SocketContext<S>,
    mut left: Vec<Membership>,
) {
    let commands = poll_fn(|cx| carry_on(&mut session, context, cx));
    let _ = timeout(context.endpoint.options.close_timeout, commands).await;
    left.extend(session.stop_reading(context));
    depart(context, left);
}

/// Tells those who are left, when all that the socket sent has reached them.
fn depart<S: Stream>(context: &SocketContext<S>, left: Vec<Membership>) {
    if left.is_empty() {
        return;
    }
    let departures: Vec<_> = left.into_iter().map(|membership| context.departure(membership)).collect();
    let settling = context.settling();
    spawn_local(async move {
        if let Some(settling) = settling {
            settling.await;
        }
        for departure in departures {
            departure.await;
        }
    });
}
