//! What waits to be sent over one socket.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::net::TcpStream;

use crate::model::{GroupId, Seq};

/// Where an outbox writes to.
pub trait Sink {
    /// Writes without waiting; [`io::ErrorKind::WouldBlock`] if nothing is taken now.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;

    /// Writes several buffers in one go, without waiting.
    ///
    /// # Errors
    /// Those of the socket.
    fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Waits until a write may be taken.
    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>>;
}

impl Sink for TcpStream {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        Self::try_write(self, bytes)
    }

    fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        Self::try_write_vectored(self, buffers)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_write_ready(cx)
    }
}

/// What frames are, which decides who goes first when an outbox is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The answer to a request of this socket. Always taken: who does not take its answers is not read from,
    /// so there are few.
    Reply,
    /// Messages of a group, the first of them at this place. Dropped all together when they do not fit, and
    /// read again from where they are kept.
    Stored(GroupId, Seq),
    /// What nobody needs later. Dropped first.
    Passing,
}

/// What became of bytes handed to an outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The kernel took them all, or the outbox takes no more and dropped them.
    Done,
    /// Some of them wait; [`Outbox::poll_drain`] must be polled.
    Waiting,
    /// They did not fit. They are dropped, and with them all messages that were not begun;
    /// [`Outbox::take_dropped`] tells which.
    Overflow,
    /// The socket is broken.
    Broken,
}

/// A socket's bounded queue of finished frames.
///
/// Bytes go straight to the socket while nothing waits. Each buffer holds whole frames and is sent whole or
/// not at all, so frames of different origin never mix. A queue that is empty owns no memory.
#[derive(Debug)]
pub struct Outbox<S = TcpStream> {
    sink: S,
    queue: RefCell<VecDeque<(Bytes, Kind)>>,
    /// Groups whose messages were dropped, with the first place each.
    dropped: RefCell<Vec<(GroupId, Seq)>>,
    /// Bytes in `queue`.
    waiting: Cell<usize>,
    /// Whether the first buffer of `queue` is partly sent.
    begun: Cell<bool>,
    /// Whether anything is still taken.
    open: Cell<bool>,
    /// Counts up with each write that the socket took while something waited.
    progress: Cell<u32>,
}

/// Buffers given to one vectored write.
const VECTORED_MAX: usize = 16;

impl<S: Sink> Outbox<S> {
    /// An empty outbox.
    pub fn new(sink: S) -> Self {
        Self {
            sink,
            queue: RefCell::default(),
            dropped: RefCell::default(),
            waiting: Cell::new(0),
            begun: Cell::new(false),
            open: Cell::new(true),
            progress: Cell::new(0),
        }
    }

    /// The socket.
    pub fn sink(&self) -> &S {
        &self.sink
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.waiting.get()
    }

    /// A number that changes whenever the socket takes waiting bytes; a reader that stands still is known
    /// by it.
    pub fn progress(&self) -> u32 {
        self.progress.get()
    }

    /// Sends whole frames: at once as far as the socket takes them, the rest when it can. At most
    /// `waiting_max` bytes wait, replies and the rest of a write that was begun aside.
    pub fn send(&self, frames: &Bytes, kind: Kind, waiting_max: usize) -> Sent {
        if !self.open.get() {
            return Sent::Done;
        }
        let taken = if self.waiting.get() > 0 {
            0
        } else {
            match self.sink.try_write(frames) {
                Ok(taken) if taken == frames.len() => return Sent::Done,
                Ok(taken) => taken,
                Err(error) if would_block(&error) => 0,
                Err(_) => {
                    self.abandon();
                    return Sent::Broken;
                }
            }
        };
        let fits = self.waiting.get() + frames.len() - taken <= waiting_max;
        if taken == 0 && !fits {
            match kind {
                Kind::Reply => {}
                Kind::Passing => return Sent::Done,
                Kind::Stored(group, first) => {
                    self.drop_messages();
                    self.note_dropped(group, first);
                    return Sent::Overflow;
                }
            }
        }
        if taken > 0 {
            self.begun.set(true);
        }
        self.push(frames.slice(taken..), kind);
        Sent::Waiting
    }

    /// The groups whose messages were dropped since the last call, each with the first place dropped.
    pub fn take_dropped(&self) -> Vec<(GroupId, Seq)> {
        self.dropped.take()
    }

    /// Sends last frames, whatever waits before them and whatever the bound; nothing is taken afterwards.
    pub fn finish(&self, frames: Bytes) {
        self.open.set(false);
        self.push(frames, Kind::Reply);
    }

    /// Drops the messages that wait, but for one that is partly sent.
    pub fn drop_messages(&self) {
        let mut queue = self.queue.borrow_mut();
        let begun = self.begun.get().then(|| queue.pop_front()).flatten();
        for &(_, kind) in queue.iter() {
            if let Kind::Stored(group, first) = kind {
                self.note_dropped(group, first);
            }
        }
        queue.retain(|(_, kind)| *kind == Kind::Reply);
        if let Some(begun) = begun {
            queue.push_front(begun);
        }
        self.waiting.set(queue.iter().map(|(bytes, _)| bytes.len()).sum());
    }

    /// Drops the messages of a group that wait, but for one that is partly sent, without noting it: they are no
    /// longer wanted.
    pub fn forget(&self, group: GroupId) {
        let mut queue = self.queue.borrow_mut();
        let mut keep = self.begun.get();
        queue.retain(|&(_, kind)| {
            let is_begun = std::mem::take(&mut keep);
            is_begun || !matches!(kind, Kind::Stored(of, _) if of == group)
        });
        self.waiting.set(queue.iter().map(|(bytes, _)| bytes.len()).sum());
    }

    /// Drops what waits, even if partly sent, and takes nothing any more.
    pub fn abandon(&self) {
        self.open.set(false);
        self.queue.take();
        self.waiting.set(0);
        self.begun.set(false);
    }

    /// Sends what waits, as the socket takes it; ready when nothing waits.
    ///
    /// # Errors
    /// Those of the socket; what waited is dropped then.
    pub fn poll_drain(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.waiting.get() > 0 {
            let result = match ready!(self.sink.poll_writable(cx)) {
                Ok(()) => self.write_waiting(),
                Err(error) => Err(error),
            };
            match result {
                Ok(()) => {}
                Err(error) if would_block(&error) => {}
                Err(error) => {
                    self.abandon();
                    return Poll::Ready(Err(error));
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn write_waiting(&self) -> io::Result<()> {
        let mut queue = self.queue.borrow_mut();
        let mut slices = [IoSlice::new(&[]); VECTORED_MAX];
        let mut count = 0;
        for (slice, (buffer, _)) in slices.iter_mut().zip(queue.iter()) {
            *slice = IoSlice::new(buffer);
            count += 1;
        }
        let mut taken = self.sink.try_write_vectored(&slices[..count])?;
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.progress.set(self.progress.get().wrapping_add(1));
        self.waiting.set(self.waiting.get() - taken);
        while let Some((front, _)) = queue.front_mut() {
            if taken < front.len() {
                self.begun.set(self.begun.get() || taken > 0);
                front.advance(taken);
                return Ok(());
            }
            taken -= front.len();
            queue.pop_front();
            self.begun.set(false);
        }
        // An idle socket keeps no memory for a queue.
        *queue = VecDeque::new();
        Ok(())
    }

    fn push(&self, frames: Bytes, kind: Kind) {
        if !frames.is_empty() {
            self.waiting.set(self.waiting.get() + frames.len());
            self.queue.borrow_mut().push_back((frames, kind));
        }
    }

    fn note_dropped(&self, group: GroupId, first: Seq) {
        let mut dropped = self.dropped.borrow_mut();
        match dropped.iter_mut().find(|(known, _)| *known == group) {
            Some((_, known)) => *known = first.min(*known),
            None => dropped.push((group, first)),
        }
    }
}

fn would_block(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::random::{self, Random};

    /// A socket that takes as much as it is told to.
    #[derive(Default)]
    struct Pipe {
        room: Cell<usize>,
        taken: RefCell<Vec<u8>>,
    }

    impl Sink for Pipe {
        fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
            let length = bytes.len().min(self.room.get());
            if length == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.room.set(self.room.get() - length);
            self.taken.borrow_mut().extend_from_slice(&bytes[..length]);
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

        fn poll_writable(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            if self.room.get() > 0 { Poll::Ready(Ok(())) } else { Poll::Pending }
        }
    }

    /// Whatever the socket takes and when, it gets whole frames in order: all of them but those that it was
    /// told were dropped.
    fn play(seed: u64) {
        const WAITING_MAX: usize = 64;
        let mut random = Random::new(seed);
        let outbox = Outbox::new(Pipe::default());
        let mut cx = Context::from_waker(Waker::noop());
        let mut accepted: Vec<(i64, Bytes)> = Vec::new();
        for number in 0..random.below(60) {
            outbox.sink().room.set(random.below(30) as usize);
            if random.below(3) == 0 {
                let _ = outbox.poll_drain(&mut cx);
            }
            let frame = Bytes::from(vec![number as u8; 1 + random.below(40) as usize]);
            match outbox.send(&frame, Kind::Stored(GroupId(1), Seq(number as i64)), WAITING_MAX) {
                Sent::Overflow => {
                    let dropped = outbox.take_dropped();
                    let [(GroupId(1), Seq(first))] = dropped[..] else { panic!("seed {seed}: {dropped:?}") };
                    let kept =
                        accepted.iter().position(|(place, _)| *place >= first).unwrap_or(accepted.len());
                    accepted.truncate(kept);
                }
                Sent::Done | Sent::Waiting => accepted.push((number as i64, frame)),
                Sent::Broken => panic!("seed {seed}: the pipe never breaks"),
            }
            assert!(outbox.waiting() <= WAITING_MAX, "seed {seed}: {} bytes wait", outbox.waiting());
        }
        outbox.finish(Bytes::from_static(b"END"));
        while outbox.poll_drain(&mut cx).is_pending() {
            outbox.sink().room.set(1 + random.below(20) as usize);
        }
        assert_eq!(outbox.queue.borrow().capacity(), 0, "seed {seed}: an empty queue owns memory");

        let taken = outbox.sink().taken.borrow();
        let mut rest = taken.strip_suffix(b"END").unwrap_or_else(|| panic!("seed {seed}: no last words"));
        for (place, frame) in &accepted {
            rest = rest
                .strip_prefix(&frame[..])
                .unwrap_or_else(|| panic!("seed {seed}: {place} is torn or missing"));
        }
        assert!(rest.is_empty(), "seed {seed}: more than was sent");
    }

    #[test]
    fn frames_stay_whole_and_in_order() {
        random::seeds(5_000).for_each(play);
    }
}
