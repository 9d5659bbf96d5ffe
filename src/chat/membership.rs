//! A socket's stay in a group: coming and going.

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;

use super::Principal;
use super::presence_notifier::{self, PresenceNotifier};
use crate::hub::{Arrival, Core, Departure, Kind, Place, Reading, Sink, Subscriber, Subscription};
use crate::model::{Group, MemberState, Removal, Scope, Seq, User};
use crate::protocol::Mode;
use crate::protocol::text::Movement;

/// One user in one group, on behalf of one socket.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The group.
    pub group: Arc<Group>,
    /// The user, a member of it.
    pub user: Arc<User>,
    /// What the member is at this moment.
    pub(super) state: Arc<MemberState>,
    /// What the proof by which the user speaks may be used for.
    pub(super) scope: Scope,
    /// Whether the user may do in any group what its admins may.
    pub(super) governs: bool,
    /// Entered by the path of private chats, whose lines name no group.
    pub(super) is_private_chat: bool,
}

impl Membership {
    /// The membership of the one who asks.
    pub(super) fn new(group: Arc<Group>, principal: &Principal, state: Arc<MemberState>) -> Self {
        let (scope, governs) = (principal.scope(), principal.is_server_admin());
        Self { group, user: Arc::clone(principal.user()), state, scope, governs, is_private_chat: false }
    }

    /// The member speaks by this from now on.
    pub fn speak_by(&mut self, principal: &Principal) {
        self.scope = principal.scope();
        self.governs = principal.is_server_admin();
    }

    /// Whether the user is still a member.
    pub fn is_current(&self) -> bool {
        self.state.role().is_ok()
    }

    /// How the member went, if they did.
    pub fn removal(&self) -> Option<Removal> {
        self.state.role().err()
    }

    /// Adds the socket to the group's readers, from now on. What comes after `position` and is not
    /// [`Reading::Live`] is to be replayed.
    pub fn join<S: Sink>(
        &self,
        core: &Core<S>,
        socket: &Rc<Subscriber<S>>,
        reading: Reading,
        position: Seq,
    ) -> (Rc<Subscription<S>>, Arrival) {
        let joined = core.join(self.group.id, self.user.id, socket, reading, position);
        if let Some(roll) = core.hub().roll() {
            roll.named(self.place(), &self.user.username, self.is_private_chat);
        }
        joined
    }

    /// Announces a socket that joined. In text mode it always gets its own line, before anything else that is
    /// sent to the group; the others do while the group is small.
    pub async fn announce<S: Sink>(
        &self,
        notifier: &PresenceNotifier<S>,
        socket: &Subscriber<S>,
        arrival: &Arrival,
    ) {
        let line = self.line(Movement::Joined);
        if socket.mode() == Mode::Text && !notifier.is_small(arrival.listeners) {
            socket.send(&line, Kind::Ephemeral);
        }
        notifier.arrived(&self.group, &self.user, socket.mode(), arrival, line).await;
    }

    /// Tells those who are left of a socket that left the group's readers.
    pub async fn announce_departure<S: Sink>(&self, notifier: &PresenceNotifier<S>, departure: Departure) {
        if let Some(roll) = notifier.roll().filter(|_| self.is_private_chat) {
            roll.private_left(self.place());
        }
        notifier.departed(&self.group, &self.user, departure, self.line(Movement::Left)).await;
    }

    fn place(&self) -> Place {
        (self.group.id, self.user.id)
    }

    fn line(&self, movement: Movement) -> Bytes {
        presence_notifier::line(&self.group, &self.user, movement, self.is_private_chat)
    }
}
