//! What a socket does with what it reads, by its mode.

use std::rc::Rc;
use std::task::Context;

use tokio::net::TcpStream;
use tokio::task::spawn_local;

use super::endpoint::Endpoint;
use super::json::JsonSession;
use crate::chat::{ChatError, Draft, Membership, WhileAway};
use crate::hub::{Subscriber, Subscription};
use crate::protocol::{frame, text};

/// A socket's part in the chat.
pub(super) enum Session {
    /// Not let in; it only waits for its end.
    Refused,
    /// In one group, for as long as it is open.
    Text(ActiveSubscription),
    /// In any number of groups.
    Json(JsonSession),
}

/// A socket's place in a group.
pub(super) struct ActiveSubscription<S = TcpStream> {
    pub(super) membership: Membership,
    pub(super) subscription: Rc<Subscription<S>>,
}

impl ActiveSubscription {
    /// Leaves the group and tells those who are left.
    pub(super) fn leave(self, endpoint: &Rc<Endpoint>) {
        // At once, so that nothing follows the answer to this, and a new reading never overlaps with the old one.
        let departure = endpoint.core.leave(&self.subscription);
        let endpoint = Rc::clone(endpoint);
        spawn_local(async move { self.membership.announce_departure(&endpoint.notifier, departure).await });
    }
}

impl Session {
    /// Takes a message.
    pub(super) fn take(&mut self, endpoint: &Rc<Endpoint>, socket: &Rc<Subscriber>, content: &str) {
        match self {
            Self::Refused => {}
            Self::Text(active) => {
                let accepted = Draft::new(content, None)
                    .and_then(|draft| endpoint.chat.accept(&active.membership, draft, WhileAway::Wait));
                match accepted {
                    Ok(message) => {
                        socket.message_admitted();
                        endpoint.submit_buffer.submit(socket, message, None);
                    }
                    Err(error) => {
                        let line = match error {
                            ChatError::RateLimited { .. } => text::RATE_LIMITED,
                            _ => text::NUL_REFUSED,
                        };
                        Endpoint::refuse_message(socket, &error, &frame::text(&[line]));
                    }
                }
            }
            Self::Json(session) => session.take(endpoint, socket, content),
        }
    }

    /// Whether another message may be taken now.
    pub(super) fn is_ready(&self) -> bool {
        match self {
            Self::Refused | Self::Text(_) => true,
            Self::Json(session) => session.is_ready(),
        }
    }

    /// Goes on with what takes time.
    pub(super) fn advance(&mut self, endpoint: &Rc<Endpoint>, socket: &Rc<Subscriber>, cx: &mut Context<'_>) {
        if let Self::Json(session) = self {
            session.advance(endpoint, socket, cx);
        }
    }

    /// Whether what waited for the socket to take its bytes can go on.
    pub(super) fn may_go_on(&self, socket: &Subscriber) -> bool {
        matches!(self, Self::Json(session) if session.may_go_on(socket))
    }

    /// Longest message, in bytes.
    pub(super) fn message_bytes_max(&self, endpoint: &Endpoint) -> usize {
        match self {
            Self::Refused | Self::Text(_) => endpoint.chat.options().content_bytes_max,
            Self::Json(_) => endpoint.json_frame_bytes_max(),
        }
    }

    /// Leaves all groups.
    pub(super) fn leave(self, endpoint: &Rc<Endpoint>) {
        match self {
            Self::Refused => {}
            Self::Text(active) => active.leave(endpoint),
            Self::Json(session) => session.leave(endpoint),
        }
    }
}
