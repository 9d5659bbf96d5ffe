//! Who comes and goes.

use std::collections::hash_map::Entry as HashEntry;

use dashmap::Entry;

use super::{Hub, Listeners};
use crate::model::{GroupId, UserId};
use crate::protocol::Mode;

/// One user's part in a group.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Attendance {
    pub(super) sockets: u32,
    /// Counts the times that the last socket went. It need not tell apart more than those of a few seconds.
    pub(super) departures: u16,
    /// Other nodes on which the user has a socket.
    pub(super) remote: u16,
}

impl Attendance {
    /// Whether the user has a socket in the group, on any node.
    pub(super) fn is_online(self) -> bool {
        self.sockets > 0 || self.remote > 0
    }
}

/// What changed with a socket that came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// Its number among the group's arrivals, above all before it; at least 1.
    pub number: u64,
    /// Who listens now.
    pub listeners: Listeners,
    /// Users online now.
    pub online: usize,
    /// Whether the user was away, and not just for a moment.
    pub is_new: bool,
}

/// What changed with a socket that went.
#[derive(Clone, Copy, Debug)]
pub struct Departure {
    /// The number of the last arrival before it.
    pub after: u64,
    /// Who listens now.
    pub listeners: Listeners,
    /// If it was the user's last: to be given to [`Hub::expire`] when they have been away long enough.
    pub departed: Option<u16>,
}

impl Hub {
    /// Counts a socket in.
    pub(in crate::hub) fn enter(&self, core: u16, group: GroupId, user: UserId, mode: Mode) -> Arrival {
        let mut audience = self.groups.entry(group).or_insert_with(|| self.new_audience());
        audience.per_core[usize::from(core)] += 1;
        *audience.of_mode(mode) += 1;
        let (attendance, is_new) = match audience.users.entry(user) {
            HashEntry::Occupied(known) => (known.into_mut(), false),
            HashEntry::Vacant(vacant) => (vacant.insert(Attendance::default()), true),
        };
        let was_online = attendance.is_online();
        attendance.sockets += 1;
        if !was_online {
            audience.online += 1;
        }
        audience.arrivals += 1;
        let (number, online) = (audience.arrivals, audience.online);
        let arrival = Arrival { number, listeners: audience.listeners(), online, is_new };
        drop(audience);
        if let Some(roll) = self.roll() {
            roll.entered((group, user));
        }
        arrival
    }

    /// Counts a socket out.
    pub(in crate::hub) fn leave(&self, core: u16, group: GroupId, user: UserId, mode: Mode) -> Departure {
        let Some(mut audience) = self.groups.get_mut(&group) else {
            return Departure { after: 0, listeners: Listeners::default(), departed: None };
        };
        let on_core = &mut audience.per_core[usize::from(core)];
        *on_core = on_core.saturating_sub(1);
        let of_mode = audience.of_mode(mode);
        *of_mode = of_mode.saturating_sub(1);
        let mut departed = None;
        if let Some(attendance) = audience.users.get_mut(&user) {
            attendance.sockets = attendance.sockets.saturating_sub(1);
            if !attendance.is_online() {
                attendance.departures = attendance.departures.wrapping_add(1);
                departed = Some(attendance.departures);
                audience.online = audience.online.saturating_sub(1);
            }
        }
        let departure = Departure { after: audience.arrivals, listeners: audience.listeners(), departed };
        drop(audience);
        if let Some(roll) = self.roll() {
            roll.left((group, user));
        }
        departure
    }

    /// Ends the time in which a user who went may come back unnoticed; answers how many are online, unless the
    /// user has come back.
    pub fn expire(&self, group: GroupId, user: UserId, departed: u16) -> Option<usize> {
        let Entry::Occupied(mut entry) = self.groups.entry(group) else { return None };
        let audience = entry.get_mut();
        let attendance = audience.users.get(&user)?;
        if attendance.is_online() || attendance.departures != departed {
            return None;
        }
        audience.users.remove(&user);
        let online = audience.online;
        if audience.users.is_empty() && audience.listeners().here() == 0 {
            entry.remove();
        }
        Some(online)
    }

    /// Takes on the duty to tell how many are online; `false` if somebody has it already.
    pub fn claim_count(&self, group: GroupId) -> bool {
        self.groups
            .get_mut(&group)
            .is_some_and(|mut audience| !std::mem::replace(&mut audience.count_is_due, true))
    }

    /// Ends that duty; answers how many are online.
    pub fn take_count(&self, group: GroupId) -> Option<usize> {
        let mut audience = self.groups.get_mut(&group)?;
        audience.count_is_due = false;
        Some(audience.online)
    }
}
