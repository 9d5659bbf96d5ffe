//! How much of what one socket sends is dealt with before the others get their turn.

use std::cell::Cell;

/// What a turn has room for, in frames that carry nothing, when nobody else is in a hurry: some tenths of a millisecond.
const FRAMES: u32 = 1_024;

/// What a message costs, in such frames: it is parsed, checked and answered.
const MESSAGE_FRAMES: u32 = 16;

/// Sockets in a hurry that each take half as much away from the turn of each: so a round of all of them stays short.
const CROWD: u32 = 16;

/// What one socket may still do before the others get their turn. A flood costs nothing to send, whether it is of
/// messages, of pings, or of fragments without a byte; so it is read a little at a time, whoever sends it waits, and
/// nobody else does.
#[derive(Debug)]
pub(super) struct Turn {
    left: Cell<u32>,
}

impl Turn {
    /// A turn of a socket, while so many on its core have sent more than one turn has room for. There is always room for
    /// one message.
    pub(super) fn among(hurried: u32) -> Self {
        Self { left: Cell::new((FRAMES / (1 + hurried / CROWD)).max(MESSAGE_FRAMES)) }
    }

    /// Counts a frame, and whether it ends a message.
    pub(super) fn count(&self, is_message: bool) {
        let frames = if is_message { MESSAGE_FRAMES } else { 1 };
        self.left.set(self.left.get().saturating_sub(frames));
    }

    /// Whether the others come first.
    pub(super) fn is_over(&self) -> bool {
        self.left.get() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::{CROWD, FRAMES, MESSAGE_FRAMES, Turn};

    /// How many fit into a turn.
    fn fitting(turn: &Turn, is_message: bool) -> u32 {
        let mut count = 0;
        while !turn.is_over() {
            turn.count(is_message);
            count += 1;
        }
        count
    }

    #[test]
    fn a_turn_is_shorter_the_more_are_in_a_hurry_but_has_room_for_a_message() {
        for (hurried, frames) in [
            (0, FRAMES),
            (CROWD - 1, FRAMES),
            (CROWD, FRAMES / 2),
            (9 * CROWD, FRAMES / 10),
            (u32::MAX, MESSAGE_FRAMES),
        ] {
            assert_eq!(fitting(&Turn::among(hurried), false), frames, "{hurried}");
            assert_eq!(fitting(&Turn::among(hurried), true), frames.div_ceil(MESSAGE_FRAMES), "{hurried}");
        }
    }
}
