//! What a socket does with what it reads, by its mode.

use std::rc::Rc;
use std::task::Context;

use tokio::net::TcpStream;
use tokio::task::spawn_local;

use super::endpoint::Endpoint;
use super::json::JsonSession;
use crate::chat::Room;
use crate::hub::{Subscriber, Subscription};

/// A socket's part in the chat.
pub(super) enum Session {
    /// Not let in; it only waits for its end.
    Refused,
    /// In one group, for as long as it is open.
    Text(Box<Seat>),
    /// In any number of groups.
    Json(Box<JsonSession>),
}

/// A socket's place in a group.
pub(super) struct Seat<S = TcpStream> {
    pub(super) room: Room,
    pub(super) subscription: Rc<Subscription<S>>,
}

impl Seat {
    /// Leaves the group.
    pub(super) fn leave(self, endpoint: &Rc<Endpoint>) {
        let endpoint = Rc::clone(endpoint);
        spawn_local(async move {
            self.room.leave(&endpoint.core, &endpoint.announcer, &self.subscription).await;
        });
    }
}

impl Session {
    /// Takes a message.
    pub(super) fn take(&mut self, endpoint: &Rc<Endpoint>, socket: &Rc<Subscriber>, content: &str) {
        match self {
            Self::Refused => {}
            Self::Text(seat) => seat.room.say(&endpoint.intake, socket, content),
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

    /// Whether it goes on as soon as the socket has taken what waits.
    pub(super) fn waits_for_room(&self) -> bool {
        match self {
            Self::Refused | Self::Text(_) => false,
            Self::Json(session) => session.waits_for_room(),
        }
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
            Self::Text(seat) => seat.leave(endpoint),
            Self::Json(session) => session.leave(endpoint),
        }
    }
}
