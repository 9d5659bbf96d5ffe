//! Messages in fewer bytes: permessage-deflate, RFC 7692, each message compressed for itself.

use std::cell::RefCell;
use std::num::NonZeroU8;

use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

use super::frame;

/// How hard it is tried. Of a kilobyte of English prose level 1 leaves 65 %, level 2 49 %, and those up to 6 no less;
/// of eight kilobytes it is 50, 38 and 36 %. Level 2 takes some three times as long as level 1, once for all of a group.
const LEVEL: Compression = Compression::new(2);
/// Shortest payload that is tried, in bytes: what is shorter hardly shrinks.
const PAYLOAD_MIN: usize = 64;
/// Longest payload that is tried, in bytes. The thread serves nobody meanwhile, so what would take longer than some ten
/// milliseconds goes out as it is.
const PAYLOAD_MAX: usize = 4 * 1024 * 1024;
/// Longest buffer that a thread keeps for the next messages, in bytes.
const KEPT_MAX: usize = 256 * 1024;
/// What ends each compressed message and is left out on the wire, RFC 7692 section 7.2.1.
const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// How far back a peer looks while it inflates: from 2^8 to 2^15 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(NonZeroU8);

impl Window {
    /// The largest one, which a peer has that asks for none.
    pub const LARGEST: Self = Self(NonZeroU8::new(15).unwrap());

    /// One of 2 to the power of `bits` bytes; `None` unless these are 8 to 15.
    pub fn of_bits(bits: u8) -> Option<Self> {
        NonZeroU8::new(bits).filter(|bits| (8..=15).contains(&bits.get())).map(Self)
    }

    /// The power of two that its size is.
    pub fn bits(self) -> u8 {
        self.0.get()
    }

    /// Its size.
    pub fn bytes(self) -> usize {
        1 << self.0.get()
    }
}

/// Frames of which those are compressed that become smaller by it.
#[derive(Clone, Debug)]
pub struct Deflated {
    /// As many as there were, in their order.
    pub frames: Bytes,
    /// Bytes that the longest of the compressed messages has when it is inflated.
    pub longest: usize,
}

impl Deflated {
    /// Whether a peer with this window can inflate them: what a message repeats is no further back than its own length,
    /// and no further than the largest window reaches.
    pub fn suits(&self, window: Window) -> bool {
        window == Window::LARGEST || self.longest <= window.bytes()
    }
}

/// What a thread compresses with. Its memory, some 270 KiB, is taken when the first message is compressed.
struct Deflater {
    state: Compress,
    /// The message that is being compressed.
    message: Vec<u8>,
}

thread_local! {
    static DEFLATER: RefCell<Deflater> =
        RefCell::new(Deflater { state: Compress::new(LEVEL, false), message: Vec::new() });
}

/// Compresses finished frames laid end to end, each message for itself, so that they can be inflated without those
/// before them. Control frames stay as they are, and what would not become smaller.
pub fn deflate(frames: &Bytes) -> Deflated {
    DEFLATER.with_borrow_mut(|deflater| deflater.deflate(frames))
}

impl Deflater {
    fn deflate(&mut self, frames: &Bytes) -> Deflated {
        let (mut out, mut longest, mut rest) = (Vec::with_capacity(frames.len() / 2), 0, &frames[..]);
        while let Some((first, head, end)) = frame::extent(rest).filter(|&(_, _, end)| end <= rest.len()) {
            let payload = &rest[head..end];
            match frame::is_whole_message(first) && self.shrinks(payload) {
                true => {
                    frame::put_deflated_header(&mut out, first, self.message.len());
                    out.extend_from_slice(&self.message);
                    longest = longest.max(payload.len());
                }
                false => out.extend_from_slice(&rest[..end]),
            }
            rest = &rest[end..];
        }
        if self.message.capacity() > KEPT_MAX {
            self.message = Vec::new();
        }
        // It may wait for a slow socket.
        out.shrink_to_fit();
        let frames = if longest > 0 { out.into() } else { frames.clone() };
        Deflated { frames, longest }
    }

    /// Compresses a payload to `message`; `false` if it does not become smaller.
    fn shrinks(&mut self, payload: &[u8]) -> bool {
        if !(PAYLOAD_MIN..=PAYLOAD_MAX).contains(&payload.len()) {
            return false;
        }
        let Self { state, message } = self;
        state.reset();
        message.clear();
        // Room for the worst case, nine bits for each byte: one that stops for want of room leaves a block open, which the
        // reset of zlib-rs 0.6 forgets to close.
        message.reserve(payload.len() + payload.len() / 8 + 64);
        let done = state.compress_vec(payload, message, FlushCompress::Sync);
        let is_whole = done.is_ok()
            && state.total_in() == payload.len() as u64
            && message.len() < message.capacity()
            && message.ends_with(&TAIL);
        if !is_whole {
            *state = Compress::new(LEVEL, false);
            return false;
        }
        message.truncate(message.len() - TAIL.len());
        message.len() < payload.len()
    }
}

#[cfg(test)]
mod tests;
