//! From bytes to messages: RFC 6455 sections 5.2 to 5.5, for the server's side.
//!
//! Sockets share one read buffer per core, so an idle socket holds none. Only a frame that has not arrived
//! whole, or a message in fragments, is kept, and given back when it is complete.

use std::io::Cursor;

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use crate::protocol::CloseCode;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    /// A whole text message.
    Text(&'a str),
    /// A ping with its payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong,
    /// A close frame, with its code and reason if it has them.
    Close(Option<(CloseCode, &'a str)>),
}

/// Why a client is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Violation {
    /// The code it is told.
    pub(super) code: CloseCode,
    /// The reason it is told.
    pub(super) reason: &'static str,
}

/// The unfinished part of a socket's input.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    /// Absent while everything that was read is dealt with.
    partial: Option<Box<Partial>>,
}

#[derive(Debug, Default)]
struct Partial {
    /// A frame that has not arrived whole.
    frame: Vec<u8>,
    /// The fragments of a message so far; `None` between messages.
    message: Option<Vec<u8>>,
}

/// A frame that has arrived whole, and where it ends.
struct Located {
    header: FrameHeader,
    payload: std::ops::Range<usize>,
}

impl FrameReader {
    /// A reader that has these bytes and is yet to look at them: with the next read, even of nothing.
    pub(super) fn holding(bytes: &[u8]) -> Self {
        let partial = Partial { frame: bytes.to_vec(), message: None };
        Self { partial: (!bytes.is_empty()).then(|| Box::new(partial)) }
    }

    /// Takes in what was read and calls `take` with each message, in order. The bytes are unmasked in place.
    ///
    /// A message may have at most `message_max` bytes.
    ///
    /// # Errors
    /// What the client did wrong. Nothing may be read from it afterwards.
    pub(super) fn read(
        &mut self,
        bytes: &mut [u8],
        message_max: usize,
        mut take: impl FnMut(Incoming<'_>),
    ) -> Result<(), Violation> {
        let mut kept =
            self.partial.as_mut().map(|partial| std::mem::take(&mut partial.frame)).unwrap_or_default();
        if kept.is_empty() {
            let used = self.read_frames(bytes, message_max, &mut take)?;
            kept.extend_from_slice(&bytes[used..]);
        } else {
            kept.extend_from_slice(bytes);
            let used = self.read_frames(&mut kept, message_max, &mut take)?;
            kept.drain(..used);
        }
        if !kept.is_empty() {
            self.partial.get_or_insert_default().frame = kept;
        } else if self.partial.as_ref().is_some_and(|partial| partial.message.is_none()) {
            self.partial = None;
        }
        Ok(())
    }

    /// Reads the whole frames among these bytes; answers how many bytes they have.
    fn read_frames(
        &mut self,
        bytes: &mut [u8],
        message_max: usize,
        take: &mut impl FnMut(Incoming<'_>),
    ) -> Result<usize, Violation> {
        let mut used = 0;
        while let Some(Located { header, payload }) = self.locate(&bytes[used..], message_max)? {
            let frame = &mut bytes[used..][payload.clone()];
            if let Some(mask) = header.mask {
                unmask(frame, mask);
            }
            self.read_frame(&header, frame, take)?;
            used += payload.end;
        }
        Ok(used)
    }

    /// Finds the first frame, if it is whole, and checks all that its header tells, so that what can not be
    /// taken is refused before it has arrived.
    fn locate(&self, bytes: &[u8], message_max: usize) -> Result<Option<Located>, Violation> {
        let mut cursor = Cursor::new(bytes);
        let header = FrameHeader::parse(&mut cursor).map_err(|_| protocol_error("invalid frame header"))?;
        let Some((header, length)) = header else { return Ok(None) };
        if header.rsv1 || header.rsv2 || header.rsv3 {
            return Err(protocol_error("reserved bits are set"));
        }
        if header.mask.is_none() {
            return Err(protocol_error("client frames must be masked"));
        }
        let begun = self.partial.as_ref().and_then(|partial| partial.message.as_ref());
        match (header.opcode, begun) {
            (OpCode::Control(_), _) if length > 125 || !header.is_final => {
                return Err(protocol_error("control frame too long or in fragments"));
            }
            (OpCode::Data(Data::Binary), _) => {
                return Err(Violation {
                    code: CloseCode::UNSUPPORTED_DATA,
                    reason: "binary frames are not supported",
                });
            }
            (OpCode::Data(Data::Text), Some(_)) => {
                return Err(protocol_error("message begun within another"));
            }
            (OpCode::Data(Data::Continue), None) => return Err(protocol_error("continuation of no message")),
            (OpCode::Data(_), _) if length > (message_max - begun.map_or(0, Vec::len)) as u64 => {
                return Err(Violation { code: CloseCode::TOO_BIG, reason: "message too big" });
            }
            _ => {}
        }
        let start = cursor.position() as usize;
        let end = start + length as usize;
        Ok((end <= bytes.len()).then_some(Located { header, payload: start..end }))
    }

    fn read_frame(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        take: &mut impl FnMut(Incoming<'_>),
    ) -> Result<(), Violation> {
        match header.opcode {
            OpCode::Control(Control::Ping) => take(Incoming::Ping(payload)),
            OpCode::Control(Control::Pong) => take(Incoming::Pong),
            OpCode::Control(_) => take(Incoming::Close(close_reason(payload)?)),
            OpCode::Data(Data::Text) if header.is_final => take(Incoming::Text(utf8(payload)?)),
            OpCode::Data(_) => {
                let message = self.partial.get_or_insert_default().message.get_or_insert_default();
                message.extend_from_slice(payload);
                if header.is_final {
                    let message =
                        self.partial.as_mut().and_then(|partial| partial.message.take()).unwrap_or_default();
                    take(Incoming::Text(utf8(&message)?));
                }
            }
        }
        Ok(())
    }
}

/// The code and reason of a close frame, RFC 6455 section 5.5.1.
fn close_reason(payload: &[u8]) -> Result<Option<(CloseCode, &str)>, Violation> {
    match payload {
        [] => Ok(None),
        [high, low, reason @ ..] => {
            let reason = utf8(reason)?;
            let code = CloseCode(u16::from_be_bytes([*high, *low]));
            if code.is_sendable() {
                Ok(Some((code, reason)))
            } else {
                Err(protocol_error("invalid close code"))
            }
        }
        [_] => Err(protocol_error("close frame of one byte")),
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Violation> {
    std::str::from_utf8(bytes)
        .map_err(|_| Violation { code: CloseCode::INVALID_PAYLOAD, reason: "invalid UTF-8" })
}

fn protocol_error(reason: &'static str) -> Violation {
    Violation { code: CloseCode::PROTOCOL_ERROR, reason }
}

/// Takes the mask off, RFC 6455 section 5.3, eight bytes at a time.
fn unmask(bytes: &mut [u8], mask: [u8; 4]) {
    let word = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for chunk in words {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    rest.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [1, 2, 3, 4];

    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = vec![first];
        match payload.len() {
            length @ 0..=125 => out.push(0x80 | length as u8),
            length => {
                out.push(0x80 | 126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        out.extend_from_slice(&MASK);
        let start = out.len();
        out.extend_from_slice(payload);
        unmask(&mut out[start..], MASK);
        out
    }

    fn text_of(incoming: &Incoming<'_>) -> String {
        match incoming {
            Incoming::Text(text) => format!("text {text}"),
            Incoming::Ping(payload) => format!("ping {}", String::from_utf8_lossy(payload)),
            Incoming::Pong => "pong".into(),
            Incoming::Close(close) => format!("close {:?}", close.map(|(code, reason)| (code.0, reason))),
        }
    }

    /// Feeds the bytes in pieces of `step`.
    fn feed(input: &[u8], step: usize) -> (Vec<String>, Option<u16>, FrameReader) {
        let (mut reader, mut seen) = (FrameReader::default(), Vec::new());
        for piece in input.chunks(step) {
            let result = reader.read(&mut piece.to_vec(), 200, |incoming| seen.push(text_of(&incoming)));
            if let Err(violation) = result {
                return (seen, Some(violation.code.0), reader);
            }
        }
        (seen, None, reader)
    }

    #[test]
    fn messages_arrive_the_same_however_they_are_cut() {
        let long = "x".repeat(150);
        let input = [
            frame(0x81, "grüße".as_bytes()),
            frame(0x01, b"one "),
            frame(0x89, b"p"),
            frame(0x00, b"zw"),
            frame(0x80, b"lf"),
            frame(0x8A, b""),
            frame(0x81, b""),
            frame(0x81, long.as_bytes()),
            frame(0x88, b"\x03\xE8bye"),
        ]
        .concat();
        let expected = [
            "text grüße",
            "ping p",
            "text one zwlf",
            "pong",
            "text ",
            &format!("text {long}"),
            "close Some((1000, \"bye\"))",
        ];
        for step in 1..=input.len() {
            let (seen, violation, reader) = feed(&input, step);
            assert_eq!((seen, violation), (expected.map(String::from).to_vec(), None), "in pieces of {step}");
            assert!(reader.partial.is_none(), "an idle reader holds nothing");
        }
    }

    #[test]
    fn what_breaks_the_rules_is_named() {
        let mut unmasked = frame(0x81, b"a");
        unmasked[1] &= 0x7F;
        for (input, code) in [
            (frame(0x82, b"a"), 1003),
            (frame(0x81, b"\xFF"), 1007),
            (frame(0x81, &[b'a'; 201]), 1009),
            ([frame(0x01, &[b'a'; 150]), frame(0x80, &[b'a'; 51])].concat(), 1009),
            (frame(0xC1, b"a"), 1002),
            (frame(0x83, b"a"), 1002),
            (frame(0x80, b"a"), 1002),
            ([frame(0x01, b"a"), frame(0x81, b"b")].concat(), 1002),
            (frame(0x09, b"a"), 1002),
            (frame(0x89, &[0; 126]), 1002),
            (frame(0x88, &[3]), 1002),
            (frame(0x88, &[0x03, 0xED]), 1002),
            (unmasked, 1002),
        ] {
            assert_eq!(feed(&input, input.len()).1, Some(code), "{input:?}");
        }
    }
}
