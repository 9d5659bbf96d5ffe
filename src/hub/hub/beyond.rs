//! What other nodes have, as this one knows it, and the way to them.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use dashmap::Entry;

use super::{Hub, Listeners};
use crate::hub::outlet::Outlet;
use crate::hub::roll::Roll;
use crate::hub::{Broadcast, Readers};
use crate::model::{GroupId, UserId};

/// What is there only if there are other nodes.
#[derive(Default)]
pub(super) struct Beyond {
    roll: OnceLock<Arc<Roll>>,
    outlet: OnceLock<Arc<dyn Outlet>>,
    is_closed: AtomicBool,
}

impl fmt::Debug for Beyond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beyond").field("is_closed", &self.is_closed).finish_non_exhaustive()
    }
}

/// What changed with a user whom another node has sockets of.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// Who listens now.
    pub listeners: Listeners,
    /// Users online now.
    pub online: usize,
    /// Whether the user was away, and not just for a moment.
    pub is_new: bool,
}

/// What changed with a user whom another node has no sockets of any more.
#[derive(Clone, Copy, Debug)]
pub struct Vanished {
    /// Who listens now.
    pub listeners: Listeners,
    /// If no node has a socket of the user any more: to be given to [`Hub::expire`] when they have been away long enough.
    pub departed: Option<u16>,
}

impl Hub {
    /// Keeps from now on a roll of who is present here, for other nodes. To be called before the first socket comes, whose
    /// coming would be missed.
    pub fn keep_roll(&self) -> Arc<Roll> {
        Arc::clone(self.beyond.roll.get_or_init(Arc::default))
    }

    /// The roll, if there are other nodes.
    pub fn roll(&self) -> Option<&Roll> {
        self.beyond.roll.get().map(|roll| &**roll)
    }

    /// Shares with other nodes from now on by this way. `false` if there is one already, which stays.
    pub fn set_outlet(&self, outlet: Arc<dyn Outlet>) -> bool {
        self.beyond.outlet.set(outlet).is_ok()
    }

    /// Shares nothing more: from now on the others speak for what this node has.
    pub fn close_outlet(&self) {
        self.beyond.is_closed.store(true, Ordering::Release);
    }

    /// Whether there are other nodes.
    pub fn is_shared(&self) -> bool {
        self.outlet().is_some()
    }

    fn outlet(&self) -> Option<&dyn Outlet> {
        let outlet = self.beyond.outlet.get()?;
        (!self.beyond.is_closed.load(Ordering::Acquire)).then_some(&**outlet)
    }

    /// Hands frames that are not stored to the group's readers on other nodes, if there are other nodes. It waits for
    /// nothing. Of a user's sockets all are meant, since one that is excepted is here.
    pub fn share(&self, frames: &Broadcast) {
        let Some(outlet) = self.outlet() else { return };
        if frames.text.is_empty() && frames.json.is_empty() {
            return;
        }
        let readers = match frames.readers {
            Readers::Of(user, _) => Readers::Of(user, None),
            readers => readers,
        };
        outlet.share(Broadcast { readers, as_of: 0, ..frames.clone() });
    }

    /// Hands a frame of what is not stored to all of a user's sockets in JSON mode, on all nodes, whatever groups they
    /// read.
    ///
    /// Waits only while a core has 1,024 events before it.
    pub async fn notify(&self, user: UserId, frame: Bytes) {
        if let Some(outlet) = self.outlet() {
            outlet.notify(user, frame.clone());
        }
        self.notify_here(user, frame).await;
    }

    /// Another node has sockets of a user, so many, and had none before.
    pub fn appear(&self, group: GroupId, user: UserId, sockets: u32) -> Seen {
        let mut audience = self.groups.entry(group).or_insert_with(|| self.new_audience());
        audience.remote = audience.remote.saturating_add(sockets);
        let is_new = !audience.users.contains_key(&user);
        let attendance = audience.users.entry(user).or_default();
        let was_online = attendance.is_online();
        attendance.remote = attendance.remote.saturating_add(1);
        if !was_online {
            audience.online += 1;
        }
        Seen { listeners: audience.listeners(), online: audience.online, is_new }
    }

    /// Another node has another number of sockets of a user than it had; neither number is 0.
    pub fn recount(&self, group: GroupId, before: u32, now: u32) {
        if let Some(mut audience) = self.groups.get_mut(&group) {
            audience.remote = audience.remote.saturating_sub(before).saturating_add(now);
        }
    }

    /// Another node has no sockets of a user any more, and had so many.
    pub fn vanish(&self, group: GroupId, user: UserId, sockets: u32) -> Vanished {
        let Entry::Occupied(mut entry) = self.groups.entry(group) else {
            return Vanished { listeners: Listeners::default(), departed: None };
        };
        let audience = entry.get_mut();
        audience.remote = audience.remote.saturating_sub(sockets);
        let mut departed = None;
        if let Some(attendance) = audience.users.get_mut(&user).filter(|attendance| attendance.remote > 0) {
            attendance.remote -= 1;
            if !attendance.is_online() {
                attendance.departures = attendance.departures.wrapping_add(1);
                departed = Some(attendance.departures);
                audience.online = audience.online.saturating_sub(1);
            }
        }
        Vanished { listeners: audience.listeners(), departed }
    }

    /// Whether nothing is kept of any group, and nothing is to be told of any.
    #[cfg(test)]
    pub(crate) fn is_forgotten(&self) -> bool {
        self.groups.is_empty() && self.roll().is_none_or(Roll::is_empty)
    }
}
