//! Letting sockets in.

use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::connection::Connection;
use super::context::SocketContext;
use super::endpoint::Endpoint;
use super::json::JsonSession;
use super::lease::{Lease, Shown};
use super::session::Session;
use super::stream::Stream;
use super::subscriptions::ActiveSubscription;
use crate::chat::{Caller, ChatError, Membership, Principal, Refusal, SocketTarget};
use crate::hub::{Reading, STOPPING, Subscriber};
use crate::model::Seq;
use crate::protocol::event::{self, ErrorCode, Failure};
use crate::protocol::{CloseCode, Mode, Window, frame, text};

/// A socket on its way in.
#[derive(Debug)]
pub struct Admission {
    entered: Result<Entered, Refusal>,
    /// When what the handshake has shown runs out.
    until: Option<Instant>,
    mode: Mode,
    /// How far back the client looks while it inflates, if it has agreed on compression.
    window: Option<Window>,
}

impl Admission {
    /// Of a socket that gets back what it sends: whoever asks is let in.
    pub fn to_echo() -> Self {
        Self { entered: Ok(Entered::Echo), until: None, mode: Mode::Text, window: None }
    }

    /// Of the same socket, which has agreed on compression if it has a window.
    pub fn deflating(self, window: Option<Window>) -> Self {
        Self { window, ..self }
    }
}

/// Where a socket comes in.
#[derive(Debug)]
enum Entered {
    /// By a path that names its user and group.
    Group(Principal, Membership),
    /// By the path of sockets for any number of groups.
    Any(Caller),
    /// By the path of sockets that get back what they send.
    Echo,
}

impl<S: Stream> Endpoint<S> {
    /// Finds out whether a socket will be let in, by its path and the token of its handshake. Where names are believed
    /// a token that is no good is as none.
    pub async fn admit(&self, target: &SocketTarget, token: Option<&str>, mode: Mode) -> Admission {
        if let Err(error) = self.chat.freshen().await {
            return Admission { entered: Err(Refusal::Failed(error)), until: None, mode, window: None };
        }
        let shown = match token {
            None => Ok(Shown::default()),
            Some(token) => match Shown::by_token(&self.chat, token).await {
                Err(_) if self.chat.believes_names() => Ok(Shown::default()),
                Err(ChatError::BadCredentials) => Err(Refusal::Unauthenticated),
                shown => shown.map_err(Refusal::Failed),
            },
        };
        let Shown { caller, until } = match shown {
            Ok(shown) => shown,
            Err(refusal) => return Admission { entered: Err(refusal), until: None, mode, window: None },
        };
        let entered = match self.chat.enter(&caller, target).await {
            Ok(Some((principal, membership))) => Ok(Entered::Group(principal, membership)),
            Ok(None) => Ok(Entered::Any(caller)),
            Err(refusal) => Err(refusal),
        };
        Admission { entered, until, mode, window: None }
    }

    /// Serves a socket whose handshake is done, `early` being what the client sent right behind it: puts it
    /// into its group at once or tells why not, then leaves it to a task of its own on this thread. The permit
    /// is given back when the socket is closed.
    pub async fn serve(
        self: Rc<Self>,
        stream: S,
        early: Bytes,
        admission: Admission,
        permit: OwnedSemaphorePermit,
    ) {
        tokio::task::spawn_local(self.connect(stream, &early, admission, permit).await);
    }

    /// The task of such a socket.
    pub(super) async fn connect(
        self: Rc<Self>,
        stream: S,
        early: &[u8],
        Admission { entered, until, mode, window }: Admission,
        permit: OwnedSemaphorePermit,
    ) -> Connection<S> {
        let socket = self.core.open(stream, mode);
        socket.agree_on(window);
        let context = SocketContext::new(self, socket);
        let session = match entered {
            Ok(_) if context.core().is_stopping() => {
                context.socket.close(CloseCode::GOING_AWAY, STOPPING);
                Ok(Session::Over)
            }
            Ok(entered) => begin(&context, entered, until).await,
            Err(refusal) => Err(refusal),
        };
        let session = session.unwrap_or_else(|refusal| {
            refuse(&context.socket, mode, &refusal);
            Session::Over
        });
        Connection::new(context, session, early, permit)
    }
}

/// Puts a socket into its group, unless what it has shown has ended meanwhile.
async fn begin<S: Stream>(
    context: &SocketContext<S>,
    entered: Entered,
    until: Option<Instant>,
) -> Result<Session<S>, Refusal> {
    let (socket, lease_of) = (&context.socket, |principal: &Principal| {
        Lease::of(principal, context.socket.id(), until).map_err(|_| Refusal::Unauthenticated)
    });
    Ok(match (entered, socket.mode()) {
        (Entered::Group(principal, membership), Mode::Json) => {
            let lease = lease_of(&principal)?;
            Session::Json(JsonSession::entering(context, principal, lease, membership))
        }
        (Entered::Group(principal, membership), Mode::Text) => {
            let lease = lease_of(&principal)?;
            let (subscription, arrival) = membership.join(context.core(), socket, Reading::Live, Seq(0));
            membership.announce(&context.endpoint.notifier, socket, &arrival).await;
            let mut session = Session::Text(ActiveSubscription { membership, subscription }, lease);
            // Of a removal before the joining the hub tells nobody.
            session.drop_removed(context);
            session
        }
        (Entered::Any(Caller::User(principal)), Mode::Json) => {
            let lease = lease_of(&principal)?;
            Session::Json(JsonSession::of_user(context, principal, lease))
        }
        (Entered::Any(Caller::Nobody), Mode::Json) => Session::Json(JsonSession::new(context, None)),
        (Entered::Any(caller), Mode::Json) => {
            Session::Json(JsonSession::new(context, Some(Box::new(Shown { caller, until }))))
        }
        (Entered::Echo, _) => Session::Echo,
        (Entered::Any(_), Mode::Text) => {
            socket.close(CloseCode::POLICY_VIOLATION, "this path is for JSON mode");
            Session::Over
        }
    })
}

/// Says why, then closes.
fn refuse<S: Stream>(socket: &Subscriber<S>, mode: Mode, refusal: &Refusal) {
    if let Refusal::Failed(error) = refusal {
        error.log();
    }
    let (failure, code) = match refusal {
        Refusal::UnknownUser | Refusal::UnknownSender | Refusal::Unauthenticated => {
            (ErrorCode::Unauthenticated, CloseCode::UNAUTHENTICATED)
        }
        Refusal::UnknownGroup | Refusal::UnknownReceiver => (ErrorCode::NotFound, CloseCode::NOT_FOUND),
        Refusal::GroupFull(_) => (ErrorCode::GroupFull, CloseCode::FORBIDDEN),
        Refusal::AnotherUser
        | Refusal::AnotherSender
        | Refusal::Banned(_)
        | Refusal::Failed(ChatError::Forbidden(_)) => (ErrorCode::Forbidden, CloseCode::FORBIDDEN),
        Refusal::Failed(ChatError::Unavailable(_)) => (ErrorCode::Unavailable, CloseCode::TRY_AGAIN_LATER),
        Refusal::Failed(_) => (ErrorCode::Internal, CloseCode::INTERNAL_ERROR),
    };
    match mode {
        Mode::Text => {
            socket.reply(&line(refusal));
            socket.close(if is_told_in_text_mode(refusal) { code } else { CloseCode::NORMAL }, "");
        }
        Mode::Json => {
            let group = match refusal {
                Refusal::GroupFull(group) => Some(*group),
                Refusal::Banned(group) => Some(group.id),
                _ => None,
            };
            socket.reply(&event::error(None, group, &Failure::new(failure, refusal.to_string())));
            socket.close(code, "");
        }
    }
}

/// Why, in text mode.
fn line(refusal: &Refusal) -> Bytes {
    let line = match refusal {
        Refusal::UnknownSender | Refusal::UnknownReceiver | Refusal::AnotherSender => {
            text::INVALID_SENDER_OR_RECEIVER
        }
        Refusal::UnknownUser
        | Refusal::UnknownGroup
        | Refusal::AnotherUser
        | Refusal::Unauthenticated
        | Refusal::Failed(ChatError::Forbidden(_)) => text::INVALID_USER_OR_GROUP,
        Refusal::GroupFull(_) => text::GROUP_FULL,
        Refusal::Banned(group) => return text::may_not_join(&group.name),
        Refusal::Failed(_) => text::UNAVAILABLE,
    };
    frame::text(&[line])
}

/// Whether the close says more than that all was said: the original's clients know no codes of their own, so its own
/// refusals go without.
fn is_told_in_text_mode(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::UnknownUser
        | Refusal::UnknownGroup
        | Refusal::UnknownSender
        | Refusal::UnknownReceiver
        | Refusal::GroupFull(_) => false,
        Refusal::AnotherUser
        | Refusal::AnotherSender
        | Refusal::Unauthenticated
        | Refusal::Banned(_)
        | Refusal::Failed(_) => true,
    }
}
