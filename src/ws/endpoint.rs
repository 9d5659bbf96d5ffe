//! Where upgraded sockets arrive.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;

use super::connection::{Connection, Stay};
use crate::chat::{Chat, ChatError, Refusal, Room, SocketTarget};
use crate::hub::{Core, Subscriber};
use crate::protocol::{CloseCode, Mode, frame, text};
use crate::writer::Intake;

/// Size of the read buffer that all sockets of a core share, in bytes.
const READ_BUFFER_BYTES: usize = 64 * 1024;

/// How sockets are treated.
#[derive(Clone, Copy, Debug)]
pub struct WsOptions {
    /// How long a socket may take nothing while data waits for it.
    pub stall_timeout: Duration,
    /// How long a peer may take to answer a close.
    pub close_timeout: Duration,
}

/// One core's end of all its WebSockets.
pub struct Endpoint {
    pub(super) core: Rc<Core>,
    pub(super) intake: Rc<Intake>,
    pub(super) chat: Arc<Chat>,
    pub(super) options: WsOptions,
    pub(super) read_buffer: RefCell<Box<[u8]>>,
}

impl Endpoint {
    /// An endpoint without sockets.
    pub fn new(core: Rc<Core>, intake: Rc<Intake>, chat: Arc<Chat>, options: WsOptions) -> Self {
        let read_buffer = RefCell::new(vec![0; READ_BUFFER_BYTES].into());
        Self { core, intake, chat, options, read_buffer }
    }

    /// Finds out whether a socket will be let in.
    pub async fn admit(&self, target: SocketTarget, mode: Mode) -> Visitor {
        Visitor { entered: self.chat.enter(target).await, mode }
    }

    /// Serves a socket whose handshake is done, `early` being what the client sent right behind it: puts it
    /// into its group at once or tells why not, then leaves it to a task of its own on this thread. The permit
    /// is given back when the socket is closed.
    pub async fn serve(
        self: Rc<Self>,
        stream: TcpStream,
        early: Bytes,
        visitor: Visitor,
        permit: OwnedSemaphorePermit,
    ) {
        let socket = self.core.open(stream, visitor.mode);
        let stay = match visitor.entered {
            Ok(_) if self.core.is_stopping() => {
                socket.close(CloseCode::GOING_AWAY, "server is stopping");
                None
            }
            Ok(room) => {
                let membership = room.join(&self.core, &socket).await;
                Some(Stay { room, membership })
            }
            Err(refusal) => {
                refuse(&socket, &refusal);
                None
            }
        };
        tokio::task::spawn_local(Connection::new(self, socket, stay, early, permit));
    }
}

/// A socket on its way in.
#[derive(Debug)]
pub struct Visitor {
    entered: Result<Room, Refusal>,
    mode: Mode,
}

/// Says why, then closes.
fn refuse(socket: &Subscriber, refusal: &Refusal) {
    let (line, code) = match refusal {
        Refusal::InvalidUserOrGroup => (text::INVALID_USER_OR_GROUP, CloseCode::NORMAL),
        Refusal::InvalidSenderOrReceiver => (text::INVALID_SENDER_OR_RECEIVER, CloseCode::NORMAL),
        Refusal::GroupFull => (text::GROUP_FULL, CloseCode::NORMAL),
        Refusal::Failed(ChatError::Unavailable) => (text::UNAVAILABLE, CloseCode::TRY_AGAIN_LATER),
        Refusal::Failed(_) => (text::UNAVAILABLE, CloseCode::INTERNAL_ERROR),
    };
    socket.send(&frame::text(&[line]));
    socket.close(code, "");
}
