//! A connection in memory: what a client sends comes in pieces, what it gets it takes when it likes, and checks.

mod reading;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::gate::Gate;
use super::world::{Client, World};
use crate::hub::Sink;
use crate::model::{GroupId, Seq};
use crate::protocol::Mode;
use crate::ws::stream::Stream;

/// Both ends of a connection.
#[derive(Clone)]
pub(super) struct Pipe(Rc<Ends>);

struct Ends {
    world: Rc<World>,
    client: Rc<Client>,
    mode: Mode,
    /// What its server is behind.
    gate: Gate,
    /// What the client has sent and the server has not read.
    sent: RefCell<VecDeque<u8>>,
    /// Whether the client sends and takes nothing more.
    has_ended: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    /// Bytes that the client takes.
    capacity: Cell<usize>,
    writer: RefCell<Option<Waker>>,
    /// What came of a frame that is not whole.
    partial: RefCell<Vec<u8>>,
    /// Whether the server has closed it.
    is_closed: Cell<bool>,
    /// The last `seq` read of each group that is subscribed to; in text mode, where lines do not say it, at the latest
    /// the one before the first that will come, and then the least of `places`.
    positions: RefCell<HashMap<GroupId, Seq>>,
    /// In text mode all that the last line may have been, given those before it; nothing before the first.
    places: RefCell<BTreeSet<Seq>>,
    is_welcome: Cell<bool>,
    /// What anyone was told of each group when it was asked for by what is awaited, and of those subscribed to. What
    /// was changed by then must be shown as it is since.
    asked: RefCell<HashMap<GroupId, Seq>>,
    fresh: RefCell<HashMap<GroupId, Seq>>,
    /// Whether a `hello` is under way.
    says_hello: Cell<bool>,
    /// Sends over this connection that may still be told to wait, and those that have no answer, by message.
    untold: RefCell<HashMap<u64, u32>>,
    unanswered: RefCell<HashMap<u64, u32>>,
    /// Messages that were refused only for now.
    refused: RefCell<Vec<u64>>,
}

impl Pipe {
    pub(super) fn new(world: &Rc<World>, client: &Rc<Client>, mode: Mode, gate: Gate) -> Self {
        Self(Rc::new(Ends {
            world: Rc::clone(world),
            client: Rc::clone(client),
            mode,
            gate,
            sent: RefCell::default(),
            has_ended: Cell::new(false),
            reader: RefCell::default(),
            capacity: Cell::new(0),
            writer: RefCell::default(),
            partial: RefCell::default(),
            is_closed: Cell::new(false),
            positions: RefCell::default(),
            places: RefCell::default(),
            is_welcome: Cell::new(false),
            asked: RefCell::default(),
            fresh: RefCell::default(),
            says_hello: Cell::new(false),
            untold: RefCell::default(),
            unanswered: RefCell::default(),
            refused: RefCell::default(),
        }))
    }

    /// The client is about to send this message, perhaps not for the first time.
    pub(super) fn count_send(&self, number: usize) {
        for sends in [&self.0.untold, &self.0.unanswered] {
            *sends.borrow_mut().entry(number as u64).or_default() += 1;
        }
    }

    /// The client sends a text.
    pub(super) fn write_text(&self, text: &str) {
        self.write_frame(0x81, text.as_bytes());
    }

    fn write_frame(&self, first: u8, payload: &[u8]) {
        let mask = (self.0.world.random().below(1 << 32) as u32).to_be_bytes();
        let mut sent = self.0.sent.borrow_mut();
        sent.push_back(first);
        match payload.len() {
            length @ 0..=125 => sent.push_back(0x80 | length as u8),
            length => {
                sent.push_back(0x80 | 126);
                sent.extend((length as u16).to_be_bytes());
            }
        }
        sent.extend(mask);
        sent.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        drop(sent);
        self.0.wake(&self.0.reader);
    }

    /// The client is gone. Before that it may close.
    pub(super) fn end(&self, with_close: bool) {
        if with_close {
            self.write_frame(0x88, &[]);
        }
        self.0.has_ended.set(true);
        self.stir();
    }

    /// Takes so many bytes more.
    pub(super) fn give(&self, bytes: usize) {
        self.0.capacity.set(self.0.capacity.get().saturating_add(bytes));
        self.0.wake(&self.0.writer);
    }

    /// The server may go on where its gate has stopped it.
    pub(super) fn stir(&self) {
        self.0.wake(&self.0.reader);
        self.0.wake(&self.0.writer);
    }

    /// A `hello` that resumes a group is about to be sent.
    pub(super) fn ask(&self, group: GroupId, known: Seq) {
        self.0.asked.borrow_mut().insert(group, known);
    }

    /// A reader in text mode was let in when this was the group's head.
    pub(super) fn enter(&self, group: GroupId, head: Seq) {
        self.0.positions.borrow_mut().insert(group, head);
    }

    /// Each group that is subscribed to, and what the last `seq` read of it may be.
    pub(super) fn positions(&self) -> Vec<(GroupId, Vec<Seq>)> {
        let places = self.0.places.borrow();
        let of = |seq| if places.is_empty() { vec![seq] } else { places.iter().copied().collect() };
        self.0.positions.borrow().iter().map(|(&group, &seq)| (group, of(seq))).collect()
    }

    /// A message that was sent more often than it was answered.
    pub(super) fn unanswered(&self) -> Option<u64> {
        self.0.unanswered.borrow().iter().filter(|&(_, &left)| left > 0).map(|(&number, _)| number).min()
    }

    /// Messages that were refused only for now, to be sent once more.
    pub(super) fn take_refused(&self) -> Vec<u64> {
        self.0.refused.take()
    }

    /// Whether the client has sent what the server has not read.
    pub(super) fn has_unread(&self) -> bool {
        !self.0.sent.borrow().is_empty()
    }

    /// Whether the server has closed it.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed.get()
    }

    /// Whether the server knows who the client is.
    pub(super) fn is_welcome(&self) -> bool {
        self.0.is_welcome.get()
    }

    /// Whether a `hello` may be sent: none is under way.
    pub(super) fn take_hello_turn(&self) -> bool {
        !self.0.says_hello.replace(true)
    }
}

impl Ends {
    fn wake(&self, side: &RefCell<Option<Waker>>) {
        let waker = side.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Sink for Pipe {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let ends = &*self.0;
        if ends.gate.is_shut() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if ends.has_ended.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let length = bytes.len().min(ends.capacity.get());
        if length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        ends.capacity.set(ends.capacity.get() - length);
        ends.partial.borrow_mut().extend_from_slice(&bytes[..length]);
        ends.read();
        Ok(length)
    }

    fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut total = 0;
        for buffer in buffers {
            match self.try_write(buffer) {
                Ok(length) if length == buffer.len() => total += length,
                Ok(length) => return Ok(total + length),
                Err(error) if total == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(total)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.0.gate.is_shut() && (self.0.capacity.get() > 0 || self.0.has_ended.get()) {
            return Poll::Ready(Ok(()));
        }
        self.0.writer.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Stream for Pipe {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.0.gate.is_shut() && (self.has_unread() || self.0.has_ended.get()) {
            return Poll::Ready(Ok(()));
        }
        self.0.reader.replace(Some(cx.waker().clone()));
        Poll::Pending
    }

    // In pieces, as frames come that are longer than a packet.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut sent = self.0.sent.borrow_mut();
        if self.0.gate.is_shut() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if sent.is_empty() {
            return if self.0.has_ended.get() { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let piece = 1 + self.0.world.random().size(300);
        let length = piece.min(sent.len()).min(buffer.len());
        buffer.iter_mut().zip(sent.drain(..length)).for_each(|(to, byte)| *to = byte);
        Ok(length)
    }

    fn poll_end_writing(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn end_with_reset(&self) {}
}
