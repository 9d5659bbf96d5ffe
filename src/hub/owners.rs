//! Whose the sockets of one core are.

use std::collections::BTreeSet;

use super::SocketId;
use crate::model::UserId;

/// The sockets of users, a few bytes for each.
#[derive(Debug, Default)]
pub(super) struct Owners(BTreeSet<(UserId, u32, u32)>);

impl Owners {
    /// Knows from now on whose socket it is.
    pub(super) fn insert(&mut self, user: UserId, socket: SocketId) {
        self.0.insert(key(user, socket));
    }

    /// Forgets the socket.
    pub(super) fn remove(&mut self, user: UserId, socket: SocketId) {
        self.0.remove(&key(user, socket));
    }

    /// The slots of the user's sockets, with what [`mark`] makes of each.
    pub(super) fn of(&self, user: UserId) -> impl Iterator<Item = (usize, u32)> {
        let all = self.0.range((user, 0, 0)..=(user, u32::MAX, u32::MAX));
        all.map(|&(_, slot, mark)| (slot as usize, mark))
    }
}

fn key(user: UserId, socket: SocketId) -> (UserId, u32, u32) {
    (user, socket.slot, mark(socket))
}

/// What tells a socket from others that had its slot. Four billion sockets later it is the same again.
pub(super) fn mark(socket: SocketId) -> u32 {
    socket.serial as u32
}
