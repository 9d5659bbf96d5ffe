//! One thread's part of the hub: its sockets, and the members of its groups.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use bytes::Bytes;
use slab::Slab;
use tokio::net::TcpStream;

use super::directory::{Ack, Event, GroupFrames, Hub, Inbox, Listeners};
use super::{Credit, SocketId, Subscriber};
use crate::model::{GroupId, UserId};
use crate::protocol::{CloseCode, Mode};

/// The sockets that one thread serves. Lives on that thread alone, so nothing in it is locked.
#[derive(Debug)]
pub struct Core {
    index: u16,
    hub: Hub,
    sockets: RefCell<Slab<Rc<Subscriber>>>,
    /// Sockets so far.
    serial: Cell<u64>,
    members: RefCell<HashMap<GroupId, Vec<Member>>>,
    /// Time on this core, in ticks of its heartbeat.
    now: Cell<u32>,
    paused: Cell<bool>,
    stopping: Cell<bool>,
    credit: Credit,
    outbox_bytes_max: usize,
    socket_in_flight_max: u32,
}

/// A reader in the list of its group.
#[derive(Debug)]
struct Member {
    subscriber: Rc<Subscriber>,
    /// Shared with the [`Membership`], so that leaving needs no search.
    place: Rc<Cell<usize>>,
}

/// A socket's place among the readers of a group; given back to [`Core::leave`].
#[derive(Debug)]
pub struct Membership {
    group: GroupId,
    user: UserId,
    place: Rc<Cell<usize>>,
    mode: Mode,
}

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
}

impl Core {
    /// A core without sockets.
    pub fn new(index: u16, hub: Hub, limits: CoreLimits) -> Self {
        Self {
            index,
            hub,
            sockets: RefCell::default(),
            serial: Cell::new(0),
            members: RefCell::default(),
            now: Cell::new(0),
            paused: Cell::new(false),
            stopping: Cell::new(false),
            credit: Credit::new(limits.in_flight_messages, limits.in_flight_bytes),
            outbox_bytes_max: limits.outbox_bytes,
            socket_in_flight_max: limits.socket_in_flight,
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
    pub fn credit(&self) -> &Credit {
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
    pub fn open(&self, stream: TcpStream, mode: Mode) -> Rc<Subscriber> {
        let mut sockets = self.sockets.borrow_mut();
        let entry = sockets.vacant_entry();
        self.serial.set(self.serial.get() + 1);
        let id = SocketId { core: self.index, slot: entry.key() as u32, serial: self.serial.get() };
        let subscriber = Rc::new(Subscriber::new(id, mode, stream, self.outbox_bytes_max, self.now()));
        entry.insert(Rc::clone(&subscriber));
        subscriber
    }

    /// Forgets a socket. It must have left its groups.
    pub fn close(&self, subscriber: &Subscriber) {
        self.sockets.borrow_mut().try_remove(subscriber.id().slot as usize);
    }

    /// How many sockets there are.
    pub fn open_sockets(&self) -> usize {
        self.sockets.borrow().len()
    }

    /// Whether the socket may hand another message to the writer now.
    pub fn may_send(&self, subscriber: &Subscriber) -> bool {
        !self.paused.get() && subscriber.in_flight() < self.socket_in_flight_max && self.credit.available()
    }

    /// Calls `visit` with each of the sockets whose place leaves this remainder when divided by `slices`.
    pub fn for_slice(&self, slice: u32, slices: u32, mut visit: impl FnMut(&Rc<Subscriber>)) {
        let sockets = self.sockets.borrow();
        let end = sockets.iter().next_back().map_or(0, |(slot, _)| slot + 1);
        (slice as usize..end)
            .step_by(slices as usize)
            .filter_map(|slot| sockets.get(slot))
            .for_each(&mut visit);
    }

    /// Adds the socket to the group's readers, on behalf of a user; answers how many there are on all cores.
    pub fn join(&self, group: GroupId, user: UserId, subscriber: &Rc<Subscriber>) -> (Membership, Listeners) {
        let mut members = self.members.borrow_mut();
        let list = members.entry(group).or_default();
        let place = Rc::new(Cell::new(list.len()));
        list.push(Member { subscriber: Rc::clone(subscriber), place: Rc::clone(&place) });
        let mode = subscriber.mode();
        (Membership { group, user, place, mode }, self.hub.enter(self.index, group, user, mode))
    }

    /// Takes a socket from the group's readers; answers how many are left on all cores.
    pub fn leave(&self, membership: Membership) -> Listeners {
        let Membership { group, user, place, mode } = membership;
        let mut members = self.members.borrow_mut();
        if let Some(list) = members.get_mut(&group) {
            if place.get() < list.len() {
                list.swap_remove(place.get());
            }
            if let Some(moved) = list.get(place.get()) {
                moved.place.set(place.get());
            }
            if list.is_empty() {
                members.remove(&group);
            } else if list.capacity() > 4 * list.len() {
                list.shrink_to(2 * list.len());
            }
        }
        self.hub.leave(self.index, group, user, mode)
    }

    /// Hands frames to this core's members of their group.
    pub fn flush(&self, frames: &GroupFrames) {
        let members = self.members.borrow();
        let Some(list) = members.get(&frames.group) else { return };
        for Member { subscriber: member, .. } in list {
            let bytes: &Bytes = match member.mode() {
                Mode::Text => &frames.text,
                Mode::Json => &frames.json,
            };
            if !bytes.is_empty() {
                member.send(bytes);
            }
        }
    }

    /// Does what the other threads ask, until the hub is gone.
    pub async fn run(&self, mut inbox: Inbox) {
        while let Some(event) = inbox.recv().await {
            match event {
                Event::Deliver { frames, acks } => {
                    frames.iter().for_each(|frames| self.flush(frames));
                    acks.iter().for_each(|ack| self.acknowledge(ack));
                }
                Event::Stop => {
                    self.stopping.set(true);
                    for (_, socket) in self.sockets.borrow().iter() {
                        socket.close(CloseCode::GOING_AWAY, "server is stopping");
                    }
                }
            }
        }
    }

    fn acknowledge(&self, ack: &Ack) {
        self.credit.give(ack.bytes);
        let sockets = self.sockets.borrow();
        // The sender may be gone, and another be in its place.
        let Some(sender) = sockets.get(ack.socket.slot as usize).filter(|s| s.id() == ack.socket) else {
            return;
        };
        if !ack.frame.is_empty() {
            sender.send(&ack.frame);
        }
        sender.message_done(self.socket_in_flight_max);
    }
}
