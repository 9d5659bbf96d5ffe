//! The answers to the pings that were read together.

use bytes::Bytes;

use crate::hub::{Kind, Sink, Subscriber};
use crate::protocol::frame;

/// Pings of one read that are all answered. Above that, of those that follow, the newest is (RFC 6455, section 5.5.3).
const ANSWERED_MAX: usize = 16;

/// Finished pongs, sent in one write: who sends nothing but pings is not to cost a write for each.
#[derive(Debug, Default)]
pub(super) struct Pongs {
    frames: Vec<u8>,
    count: usize,
    /// Where the newest begins.
    newest: usize,
}

impl Pongs {
    /// Answers a ping.
    pub(super) fn push(&mut self, payload: &[u8]) {
        if self.count < ANSWERED_MAX {
            self.count += 1;
            self.newest = self.frames.len();
        }
        self.frames.truncate(self.newest);
        self.frames.extend_from_slice(&frame::pong(payload));
    }

    /// Sends the answers so far. To be done before anything else is answered, so that answers come in the order of what
    /// they answer.
    pub(super) fn send<S: Sink>(&mut self, socket: &Subscriber<S>) {
        if let Some(frames) = std::mem::take(self).into_frames() {
            socket.send(&frames, Kind::Ephemeral);
        }
    }

    /// All answers, end to end; none if there was no ping.
    fn into_frames(self) -> Option<Bytes> {
        (self.count > 0).then(|| self.frames.into())
    }
}

#[cfg(test)]
mod tests {
    use super::{ANSWERED_MAX, Pongs};
    use crate::protocol::frame;

    #[test]
    fn the_first_and_the_newest_are_answered() {
        assert_eq!(Pongs::default().into_frames(), None);
        for count in [1, 2, ANSWERED_MAX, ANSWERED_MAX + 1, 10 * ANSWERED_MAX] {
            let mut pongs = Pongs::default();
            (1..=count).for_each(|number| pongs.push(number.to_string().as_bytes()));
            let answered = (1..ANSWERED_MAX.min(count)).chain([count]);
            let expected: Vec<_> =
                answered.flat_map(|number| frame::pong(number.to_string().as_bytes()).to_vec()).collect();
            assert_eq!(pongs.into_frames().unwrap(), expected, "{count}");
        }
    }
}
