//! One socket, as its core sees it.

use std::cell::Cell;
use std::fmt;
use std::task::{Context, Waker};

use bytes::Bytes;

use super::Kind;
use super::outbox::{Outbox, Sent, Sink};
use crate::protocol::{CloseCode, Mode, Window, deflate, frame};
use crate::transport::Transport;

/// Shortest answer that is compressed, in bytes: one that fits into a packet saves nothing that anybody would notice.
const DEFLATED_REPLY_MIN: usize = 512;

/// Names a socket over all cores, for as long as the server runs: a late answer never reaches a successor
/// in the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketId {
    /// The index of the core that serves it.
    pub core: u16,
    /// Its index in the core's table; used again when it is gone.
    pub slot: u32,
    /// Its number among all that the core has served, from 1.
    pub serial: u64,
}

/// A socket that takes part in groups: its outbox, and what others ask of its task.
///
/// What a delivery looks at comes first and lies together.
#[repr(C)]
pub struct Subscriber<S = Transport> {
    outbox: Outbox<S>,
    mode: Mode,
    /// How far back the peer looks while it inflates, if it has agreed on compression.
    window: Cell<Option<Window>>,
    /// Whether it stands in the core's list of those who wait for credit.
    waits: Cell<bool>,
    /// Whether one of its subscriptions fell behind and its task has not seen that yet.
    behind: Cell<bool>,
    /// Whether one of its subscriptions was ended and its task has not seen that yet.
    removed: Cell<bool>,
    /// Whether the peer is given up.
    abandoned: Cell<bool>,
    /// Messages refused for their rate since one was not.
    refused: Cell<u8>,
    /// Messages that the writer has of this socket.
    in_flight: Cell<u32>,
    /// When the peer was last heard, in ticks of its core.
    heard: Cell<u32>,
    outbox_bytes_max: u32,
    id: SocketId,
    /// Why it shall be closed; its task has not seen that yet.
    closing: Cell<Option<(CloseCode, &'static str)>>,
    /// The task that serves this socket, once it waits.
    task: Cell<Option<Waker>>,
}

impl<S: Sink> Subscriber<S> {
    /// A socket on which nothing was sent yet.
    pub fn new(id: SocketId, mode: Mode, sink: S, outbox_bytes_max: usize, now: u32) -> Self {
        Self {
            outbox: Outbox::new(sink),
            mode,
            window: Cell::new(None),
            waits: Cell::new(false),
            behind: Cell::new(false),
            removed: Cell::new(false),
            abandoned: Cell::new(false),
            refused: Cell::new(0),
            in_flight: Cell::new(0),
            heard: Cell::new(now),
            outbox_bytes_max: u32::try_from(outbox_bytes_max).unwrap_or(u32::MAX),
            id,
            closing: Cell::new(None),
            task: Cell::new(None),
        }
    }

    /// What answers to its messages are addressed to.
    pub fn id(&self) -> SocketId {
        self.id
    }

    /// Chosen at the handshake, kept for its life.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The peer has agreed on compression, and has this window. To be said before anything is sent.
    pub fn agree_on(&self, window: Option<Window>) {
        self.window.set(window);
    }

    /// How far back the peer looks while it inflates, if it has agreed on compression.
    pub fn window(&self) -> Option<Window> {
        self.window.get()
    }

    /// The way to the peer, with what waits to be sent.
    pub fn outbox(&self) -> &Outbox<S> {
        &self.outbox
    }

    /// Sends whole frames, see [`Outbox::send`]. A socket in text mode, which could not be told what it missed,
    /// is closed with [`CloseCode::TOO_SLOW`] when its outbox overflows.
    pub fn send(&self, frames: &Bytes, kind: Kind) -> Sent {
        let sent = self.outbox.send(frames, kind, self.outbox_bytes_max as usize);
        match sent {
            Sent::Done => {}
            Sent::Waiting | Sent::Broken => self.wake(),
            Sent::Overflow if self.mode == Mode::Text => self.close(CloseCode::TOO_SLOW, "too slow"),
            Sent::Overflow => {}
        }
        sent
    }

    /// Sends the answer to a request of this socket; compressed if the peer has agreed on that and it is worth it, as it
    /// is for pages of history.
    pub fn reply(&self, frames: &Bytes) {
        match self.window.get().filter(|_| frames.len() >= DEFLATED_REPLY_MIN) {
            None => self.send(frames, Kind::Reply),
            Some(window) => {
                let deflated = deflate(frames);
                self.send(if deflated.suits(window) { &deflated.frames } else { frames }, Kind::Reply)
            }
        };
    }

    /// Asks the socket's task to close it with this code; the first one asked for stays. From now on only replies
    /// are taken: what came after dropped messages would hide that they are missing.
    pub fn close(&self, code: CloseCode, reason: &'static str) {
        if self.closing.get().is_none() {
            self.closing.set(Some((code, reason)));
            self.outbox.take_replies_only();
            self.wake();
        }
    }

    /// The close that was asked for.
    pub fn closing(&self) -> Option<(CloseCode, &'static str)> {
        self.closing.get()
    }

    /// Tells the socket's task that one of its subscriptions fell behind.
    pub(super) fn note_behind(&self) {
        self.behind.set(true);
        self.wake();
    }

    /// Whether a subscription fell behind since the last call.
    pub fn take_behind(&self) -> bool {
        self.behind.take()
    }

    /// Tells the socket's task that one of its subscriptions was ended.
    pub(super) fn note_removed(&self) {
        self.removed.set(true);
        self.wake();
    }

    /// Whether a subscription was ended since the last call.
    pub fn take_removed(&self) -> bool {
        self.removed.take()
    }

    /// Gives the peer up: the socket's task ends at once, without a close frame.
    pub fn abandon(&self) {
        self.abandoned.set(true);
        self.wake();
    }

    /// Whether the peer is given up.
    pub fn is_abandoned(&self) -> bool {
        self.abandoned.get()
    }

    /// Messages of this socket that are not committed yet.
    pub fn in_flight(&self) -> u32 {
        self.in_flight.get()
    }

    /// A message of this socket went to the writer.
    pub fn message_sent(&self) {
        self.in_flight.set(self.in_flight.get() + 1);
    }

    /// A message of this socket was committed or refused.
    pub fn message_done(&self, waits_above: u32) {
        let before = self.in_flight.get();
        self.in_flight.set(before.saturating_sub(1));
        if before == waits_above {
            self.wake();
        }
    }

    /// A message of this socket was refused for its rate. How many there were in a row, 255 at most.
    pub fn message_refused(&self) -> u8 {
        self.refused.set(self.refused.get().saturating_add(1));
        self.refused.get()
    }

    /// A message of this socket was not refused for its rate.
    pub fn message_admitted(&self) {
        self.refused.set(0);
    }

    /// Begins to wait for credit; `false` if it does so already.
    pub(super) fn waits_for_credit(&self) -> bool {
        !self.waits.replace(true)
    }

    /// Ends the wait for credit.
    pub(super) fn credit_given(&self) {
        self.waits.set(false);
        self.wake();
    }

    /// Notes that the peer was heard at this tick.
    pub fn hear(&self, now: u32) {
        self.heard.set(now);
    }

    /// When the peer was last heard, in ticks of the core.
    pub fn heard(&self) -> u32 {
        self.heard.get()
    }

    /// Sends a ping.
    pub fn ping(&self) {
        self.send(&frame::PING, Kind::Ephemeral);
    }

    /// Makes the polling task the one that is woken.
    pub fn register(&self, cx: &Context<'_>) {
        let task = self.task.take().filter(|waker| waker.will_wake(cx.waker()));
        self.task.set(Some(task.unwrap_or_else(|| cx.waker().clone())));
    }

    /// Wakes the socket's task.
    pub fn wake(&self) {
        if let Some(waker) = self.task.take() {
            waker.wake_by_ref();
            self.task.set(Some(waker));
        }
    }
}

impl<S> fmt::Debug for Subscriber<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, mode, outbox, .. } = self;
        f.debug_struct("Subscriber")
            .field("id", id)
            .field("mode", mode)
            .field("outbox", outbox)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Subscriber;

    /// There is one for each open socket; with the two counts of its `Rc` it is an allocation of 160 bytes.
    #[test]
    fn a_subscriber_is_small() {
        assert!(size_of::<Subscriber>() <= 144, "{} bytes", size_of::<Subscriber>());
    }
}
