//! A socket's reading of a group.

use std::cell::Cell;
use std::rc::Rc;

use super::Kind;
use super::outbox::Sent;
use super::{Broadcast, Sink, Subscriber};
use crate::model::{GroupId, Removal, Seq, UserId};
use crate::protocol::{Mode, frame};
use crate::transport::Transport;

/// How a subscription gets its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Every batch goes straight to the socket.
    Live,
    /// All up to its position was sent, and the next batch is looked at before it is: it may overlap with
    /// what was replayed, or leave a gap. Then live.
    CaughtUp,
    /// Messages behind its position were not sent and must be read again from where they are kept.
    Lagging,
}

/// One socket's reading of one group.
#[derive(Debug)]
pub struct Subscription<S = Transport> {
    group: GroupId,
    user: UserId,
    subscriber: Rc<Subscriber<S>>,
    reading: Cell<Reading>,
    /// The last `seq` that was sent; not kept up while live.
    position: Cell<Seq>,
    /// The last `seq` that went by while it was behind.
    passed: Cell<Seq>,
    /// Whether the socket is to be told that it fell behind.
    lagged: Cell<bool>,
    /// Why it is over, if not because its socket wanted so.
    removal: Cell<Option<Removal>>,
    /// Its number among the group's arrivals.
    number: Cell<u64>,
    /// Where it stands in its group's list.
    pub(super) index: Cell<u32>,
}

impl<S: Sink> Subscription<S> {
    pub(super) fn new(
        group: GroupId,
        user: UserId,
        subscriber: &Rc<Subscriber<S>>,
        reading: Reading,
        position: Seq,
    ) -> Rc<Self> {
        Rc::new(Self {
            group,
            user,
            subscriber: Rc::clone(subscriber),
            reading: Cell::new(reading),
            position: Cell::new(position),
            passed: Cell::new(Seq(0)),
            lagged: Cell::new(false),
            removal: Cell::new(None),
            number: Cell::new(0),
            index: Cell::new(0),
        })
    }

    /// Its number among the group's arrivals is known.
    pub(super) fn arrived(&self, number: u64) {
        self.number.set(number);
    }

    /// See [`arrived`](Self::arrived).
    pub(super) fn number(&self) -> u64 {
        self.number.get()
    }

    /// The group that is read.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// The user on whose behalf it is read.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The socket that gets the messages.
    pub fn subscriber(&self) -> &Rc<Subscriber<S>> {
        &self.subscriber
    }

    /// Whether its messages come straight, or are replayed first.
    pub fn reading(&self) -> Reading {
        self.reading.get()
    }

    /// The last `seq` that was sent; without meaning while live.
    pub fn position(&self) -> Seq {
        self.position.get()
    }

    /// Whether the socket fell behind since the last call, so that it has to be told.
    pub fn take_lagged(&self) -> bool {
        self.lagged.take()
    }

    /// It is over. What waits for the socket in JSON mode is dropped, and the socket's task is told.
    pub(super) fn remove(&self, removal: Removal) {
        self.removal.set(Some(removal));
        if self.subscriber.mode() == Mode::Json {
            self.subscriber.outbox().forget(self.group);
        }
        self.subscriber.note_removed();
    }

    /// Why it is over, if not because its socket wanted so.
    pub fn removal(&self) -> Option<Removal> {
        self.removal.get()
    }

    /// All up to `position` was replayed.
    pub fn replayed(&self, position: Seq) {
        self.position.set(position);
    }

    /// There is nothing more to replay. `false` if a batch went by that the replay has not seen: then it must
    /// go on.
    pub fn catch_up(&self) -> bool {
        if self.passed.get() > self.position.get() {
            return false;
        }
        self.reading.set(Reading::CaughtUp);
        true
    }

    /// Something may have been delivered between the look at the group's head and the joining: it is to be
    /// looked for.
    pub fn recheck(&self) {
        if self.reading.get() == Reading::CaughtUp {
            self.fall_behind(self.position.get());
        }
    }

    /// Falls behind after this `seq`.
    pub(super) fn fall_behind(&self, position: Seq) {
        self.reading.set(Reading::Lagging);
        self.position.set(position);
        self.subscriber.note_behind();
    }

    /// Falls behind because its socket is too slow.
    pub(super) fn lag(&self, position: Seq) {
        self.lagged.set(true);
        self.fall_behind(position);
    }

    /// Sends frames straight to the socket.
    pub(super) fn send(&self, frames: &Broadcast) -> Sent {
        let mode = self.subscriber.mode();
        let kind = match mode {
            // A line that is not stored is no less wanted in text mode.
            Mode::Text => Kind::Stored(frames.group, frames.first),
            Mode::Json if frames.is_stored() => Kind::Stored(frames.group, frames.first),
            Mode::Json if !frames.readers.contain(self.user, self.subscriber.id()) => return Sent::Done,
            Mode::Json => Kind::Ephemeral,
        };
        let bytes = frames.frames_for(mode, self.subscriber.window());
        let came_later = frames.as_of > 0 && self.number.get() > frames.as_of;
        if bytes.is_empty() || came_later {
            return Sent::Done;
        }
        self.subscriber.send(bytes, kind)
    }

    /// Looks at frames while not live, and sends what of them was not replayed. It may be live afterwards.
    pub(super) fn look_at(&self, frames: &Broadcast) -> Sent {
        if self.reading.get() == Reading::Lagging {
            self.passed.set(self.passed.get().max(frames.last));
            return Sent::Done;
        }
        if !frames.is_stored() {
            return self.send(frames);
        }
        let position = self.position.get();
        if frames.last <= position {
            return Sent::Done;
        }
        // Encoded before anyone here read in JSON mode, or not the next ones.
        if frames.json.is_empty() || frames.first > position.next() {
            self.passed.set(frames.last);
            self.fall_behind(position);
            return Sent::Done;
        }
        let known = (position.next().0 - frames.first.0) as usize;
        let json = frame::skip(frames.frames_for(Mode::Json, self.subscriber.window()), known);
        let sent = self.subscriber.send(&json, Kind::Stored(self.group, position.next()));
        if sent == Sent::Overflow {
            self.passed.set(frames.last);
        } else {
            self.reading.set(Reading::Live);
        }
        sent
    }
}
