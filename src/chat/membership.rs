//! A socket's stay in a group: coming, speaking, going.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::clock;
use super::presence_notifier::{self, PresenceNotifier};
use crate::hub::{Arrival, Broadcast, Core, Departure, Kind, Reading, Sink, Subscriber, Subscription};
use crate::model::{Group, NewMessage, Seq, User};
use crate::protocol::command::RequestId;
use crate::protocol::text::{self, Movement};
use crate::protocol::{Mode, event, frame};
use crate::writer::SubmitBuffer;

/// One user in one group, on behalf of one socket.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The group.
    pub group: Arc<Group>,
    /// The user, a member of it.
    pub user: Arc<User>,
    /// Entered by the path of private chats, whose lines name no group.
    pub(super) is_private_chat: bool,
}

impl Membership {
    /// Adds the socket to the group's readers, from now on. What comes after `position` and is not
    /// [`Reading::Live`] is to be replayed.
    pub fn join<S: Sink>(
        &self,
        core: &Core<S>,
        socket: &Rc<Subscriber<S>>,
        reading: Reading,
        position: Seq,
    ) -> (Rc<Subscription<S>>, Arrival) {
        core.join(self.group.id, self.user.id, socket, reading, position)
    }

    /// Announces a socket that joined. In text mode it always gets its own line, before anything else that is
    /// sent to the group; the others do while the group is small.
    pub async fn announce(&self, notifier: &PresenceNotifier, socket: &Subscriber, arrival: &Arrival) {
        let line = self.line(Movement::Joined);
        if socket.mode() == Mode::Text && !notifier.is_small(arrival.listeners) {
            socket.send(&line, Kind::Ephemeral);
        }
        notifier.arrived(&self.group, &self.user, arrival, line).await;
    }

    /// Tells those who are left of a socket that left the group's readers.
    pub async fn announce_departure(&self, notifier: &PresenceNotifier, departure: Departure) {
        notifier.departed(&self.group, &self.user, departure, self.line(Movement::Left)).await;
    }

    /// Sends a text-mode message, unless it can not be stored; then a line says so to its sender alone.
    /// The caller has asked [`Core::may_send`].
    pub fn say(&self, submit_buffer: &SubmitBuffer, socket: &Subscriber, content: &str) {
        if super::contains_nul(content) {
            socket.reply(&frame::text(&[text::NUL_REFUSED]));
            return;
        }
        self.send(submit_buffer, socket, content, None, None);
    }

    /// Sends a message that was checked. The caller has asked [`Core::may_send`].
    pub fn send<S: Sink>(
        &self,
        submit_buffer: &SubmitBuffer<S>,
        socket: &Subscriber<S>,
        content: &str,
        client_id: Option<&str>,
        request: Option<RequestId>,
    ) {
        let message = NewMessage {
            group: Arc::clone(&self.group),
            user: Arc::clone(&self.user),
            content: content.into(),
            client_id: client_id.map(Into::into),
            received_at: clock::now(),
        };
        submit_buffer.submit(socket, message, request);
    }

    /// The frames of a message that is not to be stored.
    pub fn ephemeral(&self, content: &str, client_id: Option<&str>) -> Broadcast {
        let mut line = Vec::new();
        text::put_message(&mut line, &self.user.username, content);
        let json = event::ephemeral(&self.group, &self.user, content, client_id, clock::now());
        Broadcast::ephemeral(self.group.id, line.into(), json, None)
    }

    fn line(&self, movement: Movement) -> Bytes {
        presence_notifier::line(&self.group, &self.user, movement, self.is_private_chat)
    }
}
