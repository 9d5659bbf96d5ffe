//! The outbox over a socket that takes as much as it likes.

use std::cell::RefCell;
use std::task::Waker;

use groupcast_kit::random::{Random, seeds};

use super::*;

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
                let kept = accepted.iter().position(|(place, _)| *place >= first).unwrap_or(accepted.len());
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
    assert!(outbox.backlog.take().is_none(), "seed {seed}: an empty queue owns memory");

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
    seeds(5_000).for_each(play);
}
