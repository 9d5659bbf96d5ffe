//! WebSocket frames as bytes (RFC 6455, section 5.2). No I/O.

/// The opcode of a text, or of its first part.
pub const TEXT: u8 = 1;
/// The opcode of a binary message, or of its first part.
pub const BINARY: u8 = 2;
/// The opcode of a close.
pub const CLOSE: u8 = 8;
/// The opcode of a ping.
pub const PING: u8 = 9;
/// The opcode of the answer to a ping.
pub const PONG: u8 = 10;

/// The bit that says that a message ends with this frame.
const FINAL: u8 = 0x80;
/// The bit that says that a client's frame is masked.
const MASKED: u8 = 0x80;

/// A whole frame from a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// [`TEXT`] or another one, of 4 bits.
    pub opcode: u8,
    /// What it carries.
    pub payload: &'a [u8],
    /// With its head, in bytes.
    pub length: usize,
}

impl<'a> Frame<'a> {
    /// The frame at the start of `bytes`, if all of it is there.
    pub fn first(bytes: &'a [u8]) -> Option<Self> {
        let (head, length): (usize, usize) = match *bytes.get(1)? {
            127 => (10, usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?),
            126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
            short => (2, usize::from(short)),
        };
        let payload = bytes.get(head..head.checked_add(length)?)?;
        Some(Self { opcode: bytes[0] & 0x0f, payload, length: head + length })
    }
}

/// Appends a frame as a client sends it. The key of its mask is zero, which is legal and leaves the payload as it
/// is; the server has the same work with any key.
pub fn push(bytes: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    bytes.push(FINAL | opcode);
    match payload.len() {
        length @ 0..126 => bytes.push(MASKED | length as u8),
        length @ 126..=0xffff => {
            bytes.push(MASKED | 126);
            bytes.extend_from_slice(&(length as u16).to_be_bytes());
        }
        length => {
            bytes.push(MASKED | 127);
            bytes.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    bytes.extend_from_slice(&[0; 4]);
    bytes.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_all_lengths_are_found_once_they_are_whole() {
        for length in [0, 1, 125, 126, 0xffff, 0x1_0000] {
            let mut bytes = Vec::new();
            let payload = vec![b'x'; length];
            push(&mut bytes, TEXT, &payload);
            // As a server would have sent it.
            bytes[1] &= !MASKED;
            let key = bytes.len() - length - 4;
            bytes.drain(key..key + 4);
            assert_eq!(Frame::first(&bytes[..bytes.len() - 1]), None, "{length}");
            let expected = Frame { opcode: TEXT, payload: &payload, length: bytes.len() };
            assert_eq!(Frame::first(&bytes), Some(expected));
        }
    }
}
