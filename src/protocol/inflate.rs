//! Messages that came compressed: permessage-deflate, RFC 7692, each message compressed for itself.

use std::fmt;

use flate2::{Decompress, FlushDecompress, Status};

/// What a sender has left out, RFC 7692 section 7.2.2, and behind it an empty last block. Only where a message is whole
/// nothing comes out of it and the inflater comes to this end.
const TAIL: [u8; 6] = [0, 0, 0xFF, 0xFF, 3, 0];
/// Memory for what comes out, in bytes, before it is known that it will be more; also what is kept for the next message.
const ROOM: usize = 64 * 1024;

/// Why a message can not be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InflateError {
    /// It is broken, or cut off.
    Broken,
    /// It has more bytes than it may have.
    TooLong,
}

/// Inflates one message after the other; each begins with an empty window. It owns no memory before the first.
#[derive(Default)]
pub struct Inflater {
    state: Option<Decompress>,
    output: Vec<u8>,
}

impl Inflater {
    /// The message whose payload, perhaps in several frames, is `input`. It takes no more memory than `max` bytes and
    /// stops where there would be more.
    ///
    /// # Errors
    /// If it is broken or has more than `max` bytes.
    pub fn inflate(&mut self, input: &[u8], max: usize) -> Result<&[u8], InflateError> {
        self.output.clear();
        self.output.shrink_to(ROOM);
        // Strictly this is one octet; there are clients that leave that out too.
        if input.is_empty() {
            return Ok(&[]);
        }
        let state = self.state.get_or_insert_with(|| Decompress::new(false));
        state.reset(false);
        if feed(state, input, &mut self.output, max)? {
            // A sender may end its last block, RFC 7692 section 7.2.3.4; what follows is another stream.
            state.reset(false);
        }
        let length = self.output.len();
        let is_ended = feed(state, &TAIL, &mut self.output, max)?;
        if is_ended && self.output.len() == length { Ok(&self.output) } else { Err(InflateError::Broken) }
    }
}

/// Inflates all of `input`; whether the last block has ended with its last byte.
fn feed(
    state: &mut Decompress,
    mut input: &[u8],
    output: &mut Vec<u8>,
    max: usize,
) -> Result<bool, InflateError> {
    loop {
        if output.len() == output.capacity() {
            // One byte more than may be, so that it is seen if there is one.
            let room = (2 * output.len()).clamp(ROOM, (max + 1).max(ROOM));
            output.reserve_exact(room.saturating_sub(output.len()).max(1));
        }
        let (taken_before, given_before) = (state.total_in(), output.len());
        let status =
            state.decompress_vec(input, output, FlushDecompress::None).map_err(|_| InflateError::Broken)?;
        let taken = (state.total_in() - taken_before) as usize;
        input = &input[taken..];
        if output.len() > max {
            return Err(InflateError::TooLong);
        }
        match status {
            Status::StreamEnd if input.is_empty() => return Ok(true),
            Status::StreamEnd => state.reset(false),
            // What does not fit is asked for again.
            _ if output.len() == output.capacity() => {}
            _ if input.is_empty() => return Ok(false),
            _ if taken == 0 && output.len() == given_before => return Err(InflateError::Broken),
            _ => {}
        }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
