//! What messages that came compressed may become.

use super::violation::Violation;
use crate::protocol::{CloseCode, InflateError, Inflater};

/// How many times as long as it came a message may become, beyond [`FREE_BYTES`]. No text of people comes near: they write
/// what becomes a tenth at best, logs and tables a fiftieth.
const RATIO: usize = 200;
/// Bytes that may come out of one read whatever came in: as much as the longest content has by default, so that a page of
/// spaces passes. A smaller bound would stop nobody, since as many bytes may come out of many small messages.
const FREE_BYTES: usize = 1024 * 1024;

/// Inflates the messages of a core's sockets. What comes out of one read of a socket is bounded together, as it comes, so
/// that no socket can hold up the others with a handful of bytes.
#[derive(Debug, Default)]
pub(super) struct Inflating {
    inflater: Inflater,
    /// Bytes of messages since the read began, as they came and as they are.
    taken: usize,
    given: usize,
}

impl Inflating {
    /// A socket was read.
    pub(super) fn begin(&mut self) {
        (self.taken, self.given) = (0, 0);
    }

    /// The longest payload of a message of at most `message_max` bytes: what can not be compressed becomes a little longer.
    pub(super) fn payload_max(message_max: usize) -> usize {
        message_max + message_max / 64 + 256
    }

    /// The message that came as `payload`.
    ///
    /// # Errors
    /// That it is broken, too long, or too long for what came.
    pub(super) fn inflate(&mut self, payload: &[u8], message_max: usize) -> Result<&[u8], Violation> {
        self.taken += payload.len();
        let allowed = (FREE_BYTES + RATIO * self.taken).saturating_sub(self.given);
        match self.inflater.inflate(payload, message_max.min(allowed)) {
            Ok(message) => {
                self.given += message.len();
                Ok(message)
            }
            Err(InflateError::Broken) => {
                Err(Violation { code: CloseCode::INVALID_PAYLOAD, reason: "invalid compressed data" })
            }
            Err(InflateError::TooLong) if allowed < message_max => {
                Err(Violation { code: CloseCode::TOO_BIG, reason: "message too big for what came of it" })
            }
            Err(InflateError::TooLong) => Err(Violation::TOO_BIG),
        }
    }
}
