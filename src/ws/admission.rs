//! Letting sockets in.

use std::rc::Rc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::connection::Connection;
use super::context::SocketContext;
use super::endpoint::Endpoint;
use super::json::JsonSession;
use super::session::Session;
use super::stream::Stream;
use super::subscriptions::ActiveSubscription;
use crate::chat::{ChatError, Membership, Refusal, SocketTarget};
use crate::hub::{Reading, STOPPING, Subscriber};
use crate::model::Seq;
use crate::protocol::event::{self, ErrorCode, Failure};
use crate::protocol::{CloseCode, Mode, frame, text};

/// A socket on its way in.
#[derive(Debug)]
pub struct Admission {
    entered: Result<Option<Membership>, Refusal>,
    mode: Mode,
}

impl<S: Stream> Endpoint<S> {
    /// Finds out whether a socket will be let in.
    pub async fn admit(&self, target: SocketTarget, mode: Mode) -> Admission {
        Admission { entered: self.chat.enter(target).await, mode }
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
        Admission { entered, mode }: Admission,
        permit: OwnedSemaphorePermit,
    ) -> Connection<S> {
        let socket = self.core.open(stream, mode);
        let context = SocketContext::new(self, socket);
        let (core, socket) = (context.core(), &context.socket);
        let session = match (entered, mode) {
            (Ok(_), _) if core.is_stopping() => {
                socket.close(CloseCode::GOING_AWAY, STOPPING);
                Session::Over
            }
            (Ok(Some(membership)), Mode::Json) => Session::Json(JsonSession::entering(&context, membership)),
            (Ok(None), Mode::Json) => Session::Json(JsonSession::new(&context)),
            (Ok(Some(membership)), Mode::Text) => {
                let (subscription, arrival) = membership.join(core, socket, Reading::Live, Seq(0));
                membership.announce(&context.endpoint.notifier, socket, &arrival).await;
                Session::Text(ActiveSubscription { membership, subscription })
            }
            (Ok(None), Mode::Text) => {
                socket.close(CloseCode::POLICY_VIOLATION, "this path is for JSON mode");
                Session::Over
            }
            (Err(refusal), mode) => {
                refuse(socket, mode, &refusal);
                Session::Over
            }
        };
        Connection::new(context, session, early, permit)
    }
}

/// Says why, then closes.
fn refuse<S: Stream>(socket: &Subscriber<S>, mode: Mode, refusal: &Refusal) {
    if let Refusal::Failed(error) = refusal {
        error.log();
    }
    let (line, failure, code) = match refusal {
        Refusal::UnknownUser => {
            (text::INVALID_USER_OR_GROUP, ErrorCode::Unauthenticated, CloseCode::UNAUTHENTICATED)
        }
        Refusal::UnknownGroup => (text::INVALID_USER_OR_GROUP, ErrorCode::NotFound, CloseCode::NOT_FOUND),
        Refusal::UnknownSender => {
            (text::INVALID_SENDER_OR_RECEIVER, ErrorCode::Unauthenticated, CloseCode::UNAUTHENTICATED)
        }
        Refusal::UnknownReceiver => {
            (text::INVALID_SENDER_OR_RECEIVER, ErrorCode::NotFound, CloseCode::NOT_FOUND)
        }
        Refusal::GroupFull(_) => (text::GROUP_FULL, ErrorCode::GroupFull, CloseCode::FORBIDDEN),
        Refusal::Failed(ChatError::Unavailable(_)) => {
            (text::UNAVAILABLE, ErrorCode::Unavailable, CloseCode::TRY_AGAIN_LATER)
        }
        Refusal::Failed(_) => (text::UNAVAILABLE, ErrorCode::Internal, CloseCode::INTERNAL_ERROR),
    };
    match mode {
        Mode::Text => {
            socket.reply(&frame::text(&[line]));
            // The original's clients know no codes of their own.
            let is_known = matches!(code, CloseCode::TRY_AGAIN_LATER | CloseCode::INTERNAL_ERROR);
            socket.close(if is_known { code } else { CloseCode::NORMAL }, "");
        }
        Mode::Json => {
            let group = match refusal {
                Refusal::GroupFull(group) => Some(*group),
                _ => None,
            };
            socket.reply(&event::error(None, group, &Failure::new(failure, refusal.to_string())));
            socket.close(code, "");
        }
    }
}
