//! A socket's stay in a group: coming, speaking, going.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::clock;
use crate::hub::{Core, GroupFrames, Listeners, Membership, Subscriber};
use crate::model::{Group, NewMessage, User};
use crate::protocol::frame;
use crate::protocol::text::{self, Movement};
use crate::writer::Intake;

/// One user in one group, on behalf of one socket.
#[derive(Clone, Debug)]
pub struct Room {
    pub(super) group: Arc<Group>,
    pub(super) user: Arc<User>,
    /// Entered by the path of private chats, whose lines name no group.
    pub(super) is_private_chat: bool,
    pub(super) announce_members_max: usize,
}

impl Room {
    /// Adds the socket to the group's readers and announces it. The socket itself always gets its own line,
    /// before anything else that is sent to the group; the others do while the group is small.
    pub async fn join(&self, core: &Core, socket: &Rc<Subscriber>) -> Membership {
        let (membership, listeners) = core.join(self.group.id, self.user.id, socket);
        let line = self.line(Movement::Joined);
        if self.announces(listeners) {
            self.announce(core, line).await;
        } else {
            socket.send(&line);
        }
        membership
    }

    /// Takes the socket from the group's readers and tells those who are left.
    pub async fn leave(&self, core: &Core, membership: Membership) {
        let listeners = core.leave(membership);
        if self.announces(listeners) {
            self.announce(core, self.line(Movement::Left)).await;
        }
    }

    /// Sends a text-mode message, unless it can not be stored; then a line says so to its sender alone.
    /// The caller has asked [`Core::may_send`].
    pub fn say(&self, intake: &Intake, socket: &Subscriber, content: &str) {
        if super::contains_nul(content) {
            socket.send(&frame::text(&[text::NUL_REFUSED]));
            return;
        }
        let message = NewMessage {
            group: Arc::clone(&self.group),
            user: Arc::clone(&self.user),
            content: content.into(),
            client_id: None,
            received_at: clock::now(),
        };
        intake.submit(socket, message);
    }

    fn announces(&self, listeners: Listeners) -> bool {
        listeners.total() <= self.announce_members_max
    }

    async fn announce(&self, core: &Core, line: Bytes) {
        let frames = GroupFrames { group: self.group.id, text: line, json: Bytes::new() };
        core.flush(&frames);
        core.hub().deliver_elsewhere(core.index(), frames).await;
    }

    fn line(&self, movement: Movement) -> Bytes {
        let group = (!self.is_private_chat).then_some(&*self.group.name);
        text::movement(&self.user.username, movement, group)
    }
}
