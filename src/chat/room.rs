//! A socket's stay in a group: coming, speaking, going.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::announcer::{self, Announcer};
use super::clock;
use crate::hub::{Arrival, Core, GroupFrames, Kind, Reading, Sink, Subscriber, Subscription};
use crate::model::{Group, NewMessage, Seq, User};
use crate::protocol::command::RequestId;
use crate::protocol::text::{self, Movement};
use crate::protocol::{Mode, event, frame};
use crate::writer::Intake;

/// One user in one group, on behalf of one socket.
#[derive(Clone, Debug)]
pub struct Room {
    /// The group.
    pub group: Arc<Group>,
    /// The user, a member of it.
    pub user: Arc<User>,
    /// Entered by the path of private chats, whose lines name no group.
    pub(super) is_private_chat: bool,
}

impl Room {
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
    pub async fn announce(&self, announcer: &Announcer, socket: &Subscriber, arrival: &Arrival) {
        let line = self.line(Movement::Joined);
        if socket.mode() == Mode::Text && !announcer.is_small(arrival.listeners) {
            socket.send(&line, Kind::Passing);
        }
        announcer.arrived(&self.group, &self.user, arrival, line).await;
    }

    /// Takes the socket from the group's readers and tells those who are left.
    pub async fn leave(&self, core: &Core, announcer: &Announcer, subscription: &Subscription) {
        let departure = core.leave(subscription);
        announcer.departed(&self.group, &self.user, departure, self.line(Movement::Left)).await;
    }

    /// Sends a text-mode message, unless it can not be stored; then a line says so to its sender alone.
    /// The caller has asked [`Core::may_send`].
    pub fn say(&self, intake: &Intake, socket: &Subscriber, content: &str) {
        if super::contains_nul(content) {
            socket.reply(&frame::text(&[text::NUL_REFUSED]));
            return;
        }
        self.send(intake, socket, content, None, None);
    }

    /// Sends a message that was checked. The caller has asked [`Core::may_send`].
    pub fn send<S: Sink>(
        &self,
        intake: &Intake<S>,
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
        intake.submit(socket, message, request);
    }

    /// The frames of a message that is not to be stored.
    pub fn ephemeral(&self, content: &str, client_id: Option<&str>) -> GroupFrames {
        let mut line = Vec::new();
        text::put_message(&mut line, &self.user.username, content);
        let json = event::ephemeral(&self.group, &self.user, content, client_id, clock::now());
        GroupFrames::passing(self.group.id, line.into(), json, None)
    }

    fn line(&self, movement: Movement) -> Bytes {
        announcer::line(&self.group, &self.user, movement, self.is_private_chat)
    }
}
