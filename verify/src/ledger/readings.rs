//! What receivers are shown.

use std::collections::HashMap;

use super::state::State;
use super::versions::hash;
use super::{Ledger, PlaceRecord, name};
use crate::cursor::{Cursor, Order, Step};
use crate::entry::Entry;
use crate::event::Begun;
use crate::fault::Fault;
use crate::ids::{GroupId, Seq};

/// A client that reads groups.
pub(super) struct ReceiverRecord {
    pub(super) groups: HashMap<GroupId, Reading>,
    /// When its socket was about to be opened.
    connected_at: u64,
}

/// Where it stands in a group, and what the group's messages are to it.
#[derive(Default)]
pub(super) struct Reading {
    pub(super) cursor: Cursor,
    pub(super) state: State,
    /// When it asked for the subscription that is awaited.
    asked_at: u64,
    /// When it asked for the one under way. What was acked by then is part of what it is shown...
    since: u64,
    /// ...up to this place of the log, if the server need not know all.
    upto: Option<Seq>,
}

impl ReceiverRecord {
    pub(super) fn new(groups: &[GroupId]) -> Self {
        Self { groups: groups.iter().map(|&group| (group, Reading::default())).collect(), connected_at: 0 }
    }
}

impl Ledger {
    /// A receiver is about to open a socket.
    pub(crate) fn connect(&mut self, receiver: usize) {
        self.receivers[receiver].connected_at = self.now;
    }

    /// A receiver is about to subscribe to a group. Returns the place from which it does.
    pub(crate) fn ask(&mut self, receiver: usize, group: GroupId) -> Seq {
        let now = self.now;
        self.receivers[receiver].groups.get_mut(&group).map_or(Seq(0), |reading| {
            reading.asked_at = now;
            reading.cursor.last()
        })
    }

    /// A receiver's subscription goes on after a place: it has just begun if there is an `epoch`, as it was asked to if
    /// it `is_answer`.
    pub(crate) fn goes_on(
        &mut self,
        receiver: usize,
        group: GroupId,
        after: Seq,
        begun: Option<Begun>,
        is_answer: bool,
    ) {
        let connected_at = self.receivers[receiver].connected_at;
        let Some(reading) = self.receivers[receiver].groups.get_mut(&group) else {
            self.faults
                .add(Fault::Unexpected, || format!("a subscription to group {group}, never asked for"));
            return;
        };
        reading.cursor.goes_on_after(after);
        let Some(Begun { epoch, head }) = begun else { return };
        reading.since = if is_answer { reading.asked_at } else { connected_at };
        reading.upto = self.has_several_servers.then_some(head);
        let Some(record) = self.groups.get_mut(&group) else { return };
        match &record.epoch {
            Some(known) if *known != epoch => {
                self.faults.add(Fault::Unexpected, || format!("the epoch changed from {known} to {epoch}"));
            }
            Some(_) => {}
            None => record.epoch = Some(epoch),
        }
    }

    /// A receiver's socket is gone.
    pub(crate) fn disconnect(&mut self, receiver: usize) {
        self.receivers[receiver].groups.values_mut().for_each(|reading| reading.cursor.disconnected());
    }

    /// A receiver was shown an entry. Returns what it is to do.
    pub(crate) fn see(&mut self, receiver: usize, entry: &Entry) -> Step {
        let head = entry.head();
        let (group, seq) = (head.group, head.seq);
        let Some(reading) = self.receivers[receiver].groups.get_mut(&group) else {
            self.faults.add(Fault::Unexpected, || format!("an entry of group {group}, never asked for"));
            return Step::Drop;
        };
        let (step, order) = reading.cursor.entry(seq);
        let asked = (reading.since, reading.upto);
        let told = || format!("receiver {receiver} in group {group} at seq {}", seq.0);
        match order {
            Order::Next => {}
            Order::Back => self.faults.add(Fault::Reordered, told),
            Order::Ahead(missing) => self.faults.add_many(Fault::Hole, missing, told),
            Order::Unasked => self.faults.add(Fault::Unexpected, told),
        }
        self.counts.seen += u64::from(step == Step::Accept);
        let checked = self.check_entry(entry);
        if let Some((key, version)) = checked {
            if let Some(version) = version {
                self.check_fresh(key, version, asked, told);
            }
            if matches!(entry, Entry::Message(_)) {
                let seen = *self.authors[key.sender].deeds[key.number].seen.get_or_insert(seq);
                if seen != seq {
                    self.faults.add(Fault::Duplicated, || {
                        format!("{} was shown at {seen:?} and {seq:?}", name(key))
                    });
                }
            }
        }
        if let Some(record) = self.groups.get_mut(&group) {
            if let (Some((key, _)), Entry::Message(message)) = (checked, entry) {
                record.keys.entry(message.id).or_insert(key);
            }
            let hash = hash(entry);
            let place = record.places.entry(seq).or_insert(PlaceRecord { hash, is_stored: false });
            if place.hash != hash {
                self.faults.add(Fault::Altered, || {
                    format!("group {group}, seq {}: another entry than before is shown", seq.0)
                });
            }
        }
        if step == Step::Accept
            && let Some(reading) = self.receivers[receiver].groups.get_mut(&group)
        {
            reading.state.apply(entry, checked.and_then(|(_, version)| version));
        }
        step
    }

    /// The places that a receiver has reached.
    pub(crate) fn places(&self, receiver: usize) -> impl Iterator<Item = (GroupId, Seq)> {
        self.receivers[receiver].groups.iter().map(|(&group, reading)| (group, reading.cursor.last()))
    }

    /// Whether a receiver has seen all that was met in what is stored.
    pub(crate) fn has_seen_all(&self, receiver: usize) -> bool {
        let stored = |group| self.groups.get(group).map_or(Seq(0), |record| record.stored_last.0);
        self.receivers[receiver].groups.iter().all(|(group, reading)| reading.cursor.last() >= stored(group))
    }
}
