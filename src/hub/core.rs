//! One thread's part of the hub: its sockets, and the members of its groups.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use slab::Slab;
use tokio::task::yield_now;

use super::counts::Counts;
use super::event::{Ack, Event, Inbox};
use super::group::{LocalGroup, Outcome, Part};
use super::hub::{Arrival, Departure, Hub};
use super::merge::merge;
use super::outbox::waiting_here;
use super::owners::{self, Owners};
use super::{Broadcast, Credit, Kind, Reading, Sink, SocketId, Subscriber, Subscription};
use crate::model::{GroupId, Removal, Seq, UserId};
use crate::protocol::{CloseCode, Mode};
use crate::transport::Transport;

/// The sockets that one thread serves. Lives on that thread alone, so nothing in it is locked.
#[derive(Debug)]
pub struct Core<S = Transport> {
    index: u16,
    hub: Hub,
    sockets: RefCell<Slab<Rc<Subscriber<S>>>>,
    owners: RefCell<Owners>,
    /// Sockets so far.
    serial: Cell<u64>,
    groups: RefCell<HashMap<GroupId, LocalGroup<S>>>,
    /// Time on this core, in ticks of its heartbeat.
    now: Cell<u32>,
    paused: Cell<bool>,
    stopping: Cell<bool>,
    credit: Credit<S>,
    counts: Counts,
    outbox_bytes_max: usize,
    socket_in_flight_max: u32,
    members_a_turn: usize,
}

/// Events taken from the inbox at a time.
const EVENTS_A_TURN: usize = 64;

/// Why sockets are closed when the server stops.
pub const STOPPING: &str = "server is stopping";

/// Bounds of one core.
#[derive(Clone, Copy, Debug)]
pub struct CoreLimits {
    /// Messages of all its sockets that the writer may have at a time.
    pub in_flight_messages: usize,
    /// Bytes of content of all its sockets that the writer may have at a time.
    pub in_flight_bytes: usize,
    /// Messages of one socket that the writer may have at a time.
    pub socket_in_flight: u32,
    /// Bytes that may wait for one socket.
    pub outbox_bytes: usize,
    /// Members that are served before the thread's other tasks get their turn; at least 1.
    pub members_a_turn: usize,
}

impl<S: Sink> Core<S> {
    /// A core without sockets.
    pub fn new(index: u16, hub: Hub, limits: CoreLimits) -> Self {
        Self {
            index,
            hub,
            sockets: RefCell::default(),
            owners: RefCell::default(),
            serial: Cell::new(0),
            groups: RefCell::default(),
            now: Cell::new(0),
            paused: Cell::new(false),
            stopping: Cell::new(false),
            credit: Credit::new(limits.in_flight_messages, limits.in_flight_bytes),
            counts: Counts::default(),
            outbox_bytes_max: limits.outbox_bytes,
            socket_in_flight_max: limits.socket_in_flight,
            members_a_turn: limits.members_a_turn.max(1),
        }
    }

    /// Its number among the cores.
    pub fn index(&self) -> u16 {
        self.index
    }

    /// The directory.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Flow control towards the writer.
    pub fn credit(&self) -> &Credit<S> {
        &self.credit
    }

    /// Time on this core, in ticks.
    pub fn now(&self) -> u32 {
        self.now.get()
    }

    /// One tick later.
    pub fn tick(&self) -> u32 {
        self.now.set(self.now.get().wrapping_add(1));
        self.now.get()
    }

    /// Whether the server stops and no socket shall be opened any more.
    pub fn is_stopping(&self) -> bool {
        self.stopping.get()
    }

    /// Takes no more messages from sockets, so that those under way can be finished.
    pub fn pause(&self) {
        self.paused.set(true);
    }

    /// Takes a socket in.
    pub fn open(&self, stream: S, mode: Mode) -> Rc<Subscriber<S>> {
        let mut sockets = self.sockets.borrow_mut();
        let entry = sockets.vacant_entry();
        self.serial.set(self.serial.get() + 1);
        let id = SocketId { core: self.index, slot: entry.key() as u32, serial: self.serial.get() };
        let subscriber = Rc::new(Subscriber::new(id, mode, stream, self.outbox_bytes_max, self.now()));
        entry.insert(Rc::clone(&subscriber));
        self.counts.opened(mode);
        subscriber
    }

    /// Forgets a socket. It must have left its groups.
    pub fn close(&self, subscriber: &Subscriber<S>) {
        if self.sockets.borrow_mut().try_remove(subscriber.id().slot as usize).is_some() {
            self.counts.closed(subscriber.mode());
        }
    }

    /// Knows from now on whose socket it is, until [`disown`](Self::disown): it gets what is for this user alone.
    pub fn own(&self, subscriber: &Subscriber<S>, user: UserId) {
        self.owners.borrow_mut().insert(user, subscriber.id());
    }

    /// Forgets whose socket it is.
    pub fn disown(&self, subscriber: &Subscriber<S>, user: UserId) {
        self.owners.borrow_mut().remove(user, subscriber.id());
    }

    /// Counts a socket that the server closes, by why.
    pub fn count_dropped(&self, reason: &'static str) {
        self.counts.dropped(reason);
    }

    /// How many sockets there are.
    pub fn open_sockets(&self) -> usize {
        self.sockets.borrow().len()
    }

    /// Whether the socket may hand another message to the writer now.
    pub fn may_send(&self, subscriber: &Subscriber<S>) -> bool {
        !self.paused.get() && subscriber.in_flight() < self.socket_in_flight_max && self.credit.available()
    }

    /// Calls `visit` with each of the sockets whose place leaves this remainder when divided by `slices`.
    pub fn for_slice(&self, slice: u32, slices: u32, mut visit: impl FnMut(&Rc<Subscriber<S>>)) {
        let sockets = self.sockets.borrow();
        let end = sockets.iter().next_back().map_or(0, |(slot, _)| slot + 1);
        (slice as usize..end)
            .step_by(slices as usize)
            .filter_map(|slot| sockets.get(slot))
            .for_each(&mut visit);
    }

    /// Adds the socket to the group's readers, on behalf of a user; answers what that changed on all cores.
    ///
    /// With a position it gets what comes after that place: [`Reading::CaughtUp`] if that is all that is stored
    /// as far as the caller knows, else [`Reading::Lagging`].
    pub fn join(
        &self,
        group: GroupId,
        user: UserId,
        subscriber: &Rc<Subscriber<S>>,
        reading: Reading,
        position: Seq,
    ) -> (Rc<Subscription<S>>, Arrival) {
        let subscription = Subscription::new(group, user, subscriber, reading, position);
        self.groups.borrow_mut().entry(group).or_default().add(Rc::clone(&subscription));
        let arrival = self.hub.enter(self.index, group, user, subscriber.mode());
        subscription.arrived(arrival.number);
        if let Some(local) = self.groups.borrow_mut().get_mut(&group) {
            local.arrived(arrival.number);
        }
        (subscription, arrival)
    }

    /// Takes a subscription from the group's readers. Its socket still counts among those who listen, until
    /// [`depart`](Self::depart). In JSON mode its messages that wait are dropped: the socket may read the group anew
    /// from another `seq`, and an overflow would set that reading back to these.
    pub fn stop_reading(&self, subscription: &Subscription<S>) {
        let group = subscription.group();
        let mut groups = self.groups.borrow_mut();
        if let Some(local) = groups.get_mut(&group) {
            local.remove(subscription);
            if local.is_empty() {
                groups.remove(&group);
            }
        }
        if subscription.subscriber().mode() == Mode::Json {
            subscription.subscriber().outbox().forget(group);
        }
    }

    /// Counts a socket out that has stopped reading the group; answers what that changed on all cores.
    pub fn depart(&self, group: GroupId, user: UserId, mode: Mode) -> Departure {
        self.hub.leave(self.index, group, user, mode)
    }

    /// Both at once.
    pub fn leave(&self, subscription: &Subscription<S>) -> Departure {
        self.stop_reading(subscription);
        self.depart(subscription.group(), subscription.user(), subscription.subscriber().mode())
    }

    /// Hands frames to this core's members of their group.
    pub fn flush(&self, frames: &Broadcast) {
        let mut groups = self.groups.borrow_mut();
        let Some(local) = groups.get_mut(&frames.group) else { return };
        let outcome = local.flush(frames);
        self.note(&mut groups, outcome);
    }

    /// Hands frames to the members of their groups, the other tasks of this thread getting their turns in between.
    async fn hand_out(&self, frames: &[Broadcast]) {
        let mut members = self.members_a_turn;
        for frames in frames {
            let mut part = self.part(frames.group, |local, outcome| local.begin(frames, members, outcome));
            while !part.is_last {
                yield_now().await;
                members = self.members_a_turn;
                part = self.part(frames.group, |local, outcome| local.go_on(members, outcome));
            }
            members -= part.served;
        }
    }

    /// Does a part of a flush. If the group's last member has left meanwhile, there is nothing to do.
    fn part(&self, group: GroupId, serve: impl FnOnce(&mut LocalGroup<S>, &mut Outcome<S>) -> Part) -> Part {
        let mut groups = self.groups.borrow_mut();
        let Some(local) = groups.get_mut(&group) else { return Part { served: 0, is_last: true } };
        let mut outcome = Outcome::default();
        let part = serve(local, &mut outcome);
        self.note(&mut groups, outcome);
        part
    }

    /// Counts what was handed out, and lets those fall behind whose outboxes overflowed.
    fn note(&self, groups: &mut HashMap<GroupId, LocalGroup<S>>, outcome: Outcome<S>) {
        self.counts.delivered(outcome.frames);
        for subscriber in outcome.overflowed.into_iter().filter(|subscriber| subscriber.mode() == Mode::Json)
        {
            self.counts.lagged();
            // What was dropped may have been of any of the socket's groups.
            for (group, first) in subscriber.outbox().take_dropped() {
                if let Some(local) = groups.get_mut(&group) {
                    local.lag(&subscriber, Seq(first.0 - 1));
                }
            }
        }
    }

    /// Does what the other threads ask, until the hub is gone.
    pub async fn run(&self, mut inbox: Inbox) {
        let mut events = Vec::new();
        while inbox.recv_many(&mut events, EVENTS_A_TURN).await > 0 {
            let (mut batches, mut acks, mut stop) = (Vec::new(), Vec::new(), false);
            let mut clocks = Vec::new();
            for event in events.drain(..) {
                match event {
                    Event::Deliver { frames, acks: more, clock } => {
                        batches.push(frames);
                        acks.extend(more);
                        clocks.extend(clock);
                    }
                    Event::Notify { user, frame } => self.notify(user, &frame),
                    // Who asked may have gone.
                    Event::Count(answer) => drop(answer.send(self.counts.now(waiting_here() as u64))),
                    Event::Remove { group, user, removal } => self.remove(group, user, removal),
                    Event::Close { sockets, code, reason } => self.close_sockets(&sockets, code, reason),
                    Event::Stop => stop = true,
                }
            }
            match &batches[..] {
                [] => {}
                [frames] => self.hand_out(frames).await,
                batches => {
                    let merged = merge(batches, |group| self.groups.borrow().contains_key(&group));
                    self.hand_out(&merged).await;
                }
            }
            drop(clocks);
            // Stable, so each sender's answers stay in the order of its messages.
            acks.sort_by_key(|ack| ack.socket.slot);
            acks.chunk_by(|one, next| one.socket == next.socket).for_each(|acks| self.acknowledge(acks));
            if stop {
                self.stopping.set(true);
                for (_, socket) in self.sockets.borrow().iter() {
                    socket.close(CloseCode::GOING_AWAY, STOPPING);
                }
            }
        }
    }

    /// Hands a frame to the user's sockets.
    fn notify(&self, user: UserId, frame: &Bytes) {
        let (owners, sockets) = (self.owners.borrow(), self.sockets.borrow());
        // A session may end later than its socket, in whose slot there is another then.
        let own = owners.of(user).filter_map(|(slot, mark)| Some((sockets.get(slot)?, mark)));
        for (socket, _) in own.filter(|(socket, mark)| owners::mark(socket.id()) == *mark) {
            socket.send(frame, Kind::Ephemeral);
        }
    }

    /// Takes a user, or all users, out of a group's readers, and tells the sockets' tasks.
    fn remove(&self, group: GroupId, user: Option<UserId>, removal: Removal) {
        let mut groups = self.groups.borrow_mut();
        let Some(local) = groups.get_mut(&group) else { return };
        for subscription in local.take(user) {
            subscription.remove(removal);
        }
        if local.is_empty() {
            groups.remove(&group);
        }
    }

    /// Closes those of these sockets that are still open here.
    fn close_sockets(&self, ids: &[SocketId], code: CloseCode, reason: &'static str) {
        let sockets = self.sockets.borrow();
        for id in ids.iter().filter(|id| id.core == self.index) {
            if let Some(socket) = sockets.get(id.slot as usize).filter(|socket| socket.id() == *id) {
                socket.close(code, reason);
            }
        }
    }

    /// Answers one sender's messages, in one write.
    fn acknowledge(&self, acks: &[Ack]) {
        let credits = || acks.iter().filter_map(|ack| ack.credit);
        credits().for_each(|bytes| self.credit.give(bytes));
        let Some(socket) = acks.first().map(|ack| ack.socket) else { return };
        let sockets = self.sockets.borrow();
        // The sender may be gone, and another be in its place.
        let Some(sender) = sockets.get(socket.slot as usize).filter(|sender| sender.id() == socket) else {
            return;
        };
        match acks {
            [ack] if ack.frame.is_empty() => {}
            [ack] => sender.reply(&ack.frame),
            acks => {
                let mut frames = BytesMut::new();
                acks.iter().for_each(|ack| frames.extend_from_slice(&ack.frame));
                if !frames.is_empty() {
                    sender.reply(&frames.freeze());
                }
            }
        }
        credits().for_each(|_| sender.message_done(self.socket_in_flight_max));
    }
}

#[cfg(test)]
mod tests;
