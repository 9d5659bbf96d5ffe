//! Where upgraded sockets arrive.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::connection::Connection;
use super::json::JsonSession;
use super::session::{ActiveSubscription, Session};
use crate::chat::{Chat, ChatError, Membership, PresenceNotifier, Refusal, SocketTarget};
use crate::hub::{Core, Reading, STOPPING, Sink, Subscriber};
use crate::model::Seq;
use crate::protocol::command::CommandParser;
use crate::protocol::event::{self, ErrorCode, Failure};
use crate::protocol::{CloseCode, Mode, frame, text};
use crate::writer::SubmitBuffer;

/// Size of the read buffer that all sockets of a core share, in bytes.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// Shortest wait that a client is told before it connects again.
const RECONNECT_MIN: Duration = Duration::from_millis(500);
/// What each open socket adds to the longest wait.
const RECONNECT_A_SOCKET: Duration = Duration::from_millis(1);
/// Longest wait, whatever the number of sockets.
const RECONNECT_MAX: Duration = Duration::from_secs(30);

/// Messages in a row that may be refused for their rate; who sends on has not listened.
const REFUSED_MAX: u8 = 100;

/// How sockets are treated.
#[derive(Clone, Copy, Debug)]
pub struct WsOptions {
    /// Time between pings.
    pub heartbeat: Duration,
    /// How long a socket may take nothing while data waits for it.
    pub stall_timeout: Duration,
    /// How long a peer may take to answer a close.
    pub close_timeout: Duration,
    /// How long a socket without a user may take to say `hello`.
    pub hello_timeout: Duration,
}

/// One core's end of all its WebSockets.
pub struct Endpoint {
    pub(super) core: Rc<Core>,
    pub(super) submit_buffer: Rc<SubmitBuffer>,
    pub(super) notifier: Rc<PresenceNotifier>,
    pub(super) chat: Arc<Chat>,
    pub(super) options: WsOptions,
    pub(super) read_buffer: RefCell<Box<[u8]>>,
    pub(super) parser: Rc<RefCell<CommandParser>>,
}

impl Endpoint {
    /// An endpoint without sockets.
    pub fn new(
        core: Rc<Core>,
        submit_buffer: Rc<SubmitBuffer>,
        notifier: Rc<PresenceNotifier>,
        chat: Arc<Chat>,
        options: WsOptions,
    ) -> Self {
        let read_buffer = RefCell::new(vec![0; READ_BUFFER_BYTES].into());
        Self { core, submit_buffer, notifier, chat, options, read_buffer, parser: Rc::default() }
    }

    /// The core it is on.
    pub fn core(&self) -> u16 {
        self.core.index()
    }

    /// Longest frame in JSON mode, in bytes: the longest content with every other character escaped, and membership
    /// for the fields around it.
    pub(super) fn json_frame_bytes_max(&self) -> usize {
        2 * self.chat.options().content_bytes_max + 64 * 1024
    }

    /// When a socket shall connect again after the server has gone: all of them at once would be too many for
    /// the next one.
    pub(super) fn reconnect_in(&self, socket: &Subscriber) -> Duration {
        let spread =
            (RECONNECT_MIN + RECONNECT_A_SOCKET * self.core.open_sockets() as u32).min(RECONNECT_MAX);
        // Fibonacci hashing: neighbours fall far apart.
        let share =
            (socket.id().serial.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as f64 / f64::from(1 << 24);
        RECONNECT_MIN + spread.mul_f64(share)
    }

    /// Tells a socket why its message was refused. One that goes on sending above its rate is closed with
    /// [`CloseCode::RATE_LIMITED`].
    pub(super) fn refuse_message<S: Sink>(socket: &Subscriber<S>, error: &ChatError, answer: &Bytes) {
        error.log();
        if !matches!(error, ChatError::RateLimited { .. }) {
            return socket.reply(answer);
        }
        // What was read together with the message that it is closed for needs no answer.
        if socket.closing().is_none() {
            socket.reply(answer);
            if socket.message_refused() >= REFUSED_MAX {
                socket.close(CloseCode::RATE_LIMITED, "too many messages in too short a time");
            }
        }
    }

    /// Finds out whether a socket will be let in.
    pub async fn admit(&self, target: SocketTarget, mode: Mode) -> Admission {
        Admission { entered: self.chat.enter(target).await, mode }
    }

    /// Serves a socket whose handshake is done, `early` being what the client sent right behind it: puts it
    /// into its group at once or tells why not, then leaves it to a task of its own on this thread. The permit
    /// is given back when the socket is closed.
    pub async fn serve(
        self: Rc<Self>,
        stream: TcpStream,
        early: Bytes,
        admission: Admission,
        permit: OwnedSemaphorePermit,
    ) {
        let Admission { entered, mode } = admission;
        let socket = self.core.open(stream, mode);
        let session = match (entered, mode) {
            (Ok(_), _) if self.core.is_stopping() => {
                socket.close(CloseCode::GOING_AWAY, STOPPING);
                Session::Refused
            }
            (Ok(membership), Mode::Json) => Session::Json(JsonSession::new(&self, &socket, membership)),
            (Ok(Some(membership)), Mode::Text) => {
                let (subscription, arrival) = membership.join(&self.core, &socket, Reading::Live, Seq(0));
                membership.announce(&self.notifier, &socket, &arrival).await;
                Session::Text(ActiveSubscription { membership, subscription })
            }
            (Ok(None), Mode::Text) => {
                socket.close(CloseCode::POLICY_VIOLATION, "this path is for JSON mode");
                Session::Refused
            }
            (Err(refusal), mode) => {
                refuse(&socket, mode, &refusal);
                Session::Refused
            }
        };
        tokio::task::spawn_local(Connection::new(self, socket, session, early, permit));
    }
}

/// A socket on its way in.
#[derive(Debug)]
pub struct Admission {
    entered: Result<Option<Membership>, Refusal>,
    mode: Mode,
}

/// Says why, then closes.
fn refuse(socket: &Subscriber, mode: Mode, refusal: &Refusal) {
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
