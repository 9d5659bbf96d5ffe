//! From bytes to messages: RFC 6455 sections 5.2 to 5.5, for the server's side.
//!
//! Sockets share one read buffer per core, so an idle socket holds none. Only a frame that has not arrived
//! whole, or a message in fragments, is kept, and given back when it is complete.

use std::io::Cursor;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use super::turn::Turn;
use super::unfinished::{NoRoom, Share, UnfinishedBytes};
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

impl Violation {
    /// Nothing the client could know of: it may send the message again over a new connection.
    pub(super) const NO_ROOM: Self =
        Self { code: CloseCode::TRY_AGAIN_LATER, reason: "too many unfinished messages" };
}

/// The unfinished part of a socket's input.
#[derive(Debug, Default)]
pub(super) struct FrameReader {
    /// Absent while everything that was read is dealt with.
    partial: Option<Box<Partial>>,
}

#[derive(Debug)]
struct Partial {
    /// A frame that has not arrived whole, or frames that a turn had no time for.
    frame: Vec<u8>,
    /// How much of that is read.
    done: usize,
    /// The fragments of a message so far; `None` between messages.
    message: Option<Vec<u8>>,
    /// What both count among the unfinished messages of all sockets.
    share: Share,
}

/// What bounds a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds<'a> {
    /// Longest message, in bytes.
    pub(super) message_max: usize,
    /// Where it counts while it is unfinished.
    pub(super) unfinished: &'a Arc<UnfinishedBytes>,
    /// How much may be read before the other sockets get their turn.
    pub(super) turn: &'a Turn,
}

/// A frame whose header has arrived, and where its payload belongs.
struct Located {
    header: FrameHeader,
    payload: Range<usize>,
}

impl FrameReader {
    /// A reader that has these bytes and is yet to look at them: with the next read, even of nothing.
    pub(super) fn holding(bytes: &[u8], unfinished: &Arc<UnfinishedBytes>) -> Self {
        let mut reader = Self::default();
        if !bytes.is_empty() {
            reader.partial(unfinished).frame = bytes.to_vec();
        }
        reader
    }

    /// Bytes of a message that has not arrived whole; `None` between messages.
    pub(super) fn unfinished(&self) -> Option<usize> {
        let Partial { frame, done, message, .. } = self.partial.as_deref()?;
        Some(frame.len() - done + message.as_ref().map_or(0, Vec::len))
    }

    /// How many bytes may be read now, see [`UnfinishedBytes`]. Who has to wait is woken when there may be room.
    pub(super) fn poll_room(&mut self, unfinished: &UnfinishedBytes, cx: &mut Context<'_>) -> Poll<usize> {
        match &mut self.partial {
            None => Poll::Ready(unfinished.first_room()),
            Some(partial) => partial.share.poll_room(cx),
        }
    }

    /// Takes in what was read and calls `take` with each message, in order, until the turn is over. The bytes are
    /// unmasked in place. The value is whether more is there to be looked at: with the next read, even of nothing. Until
    /// then nothing else may be read.
    ///
    /// # Errors
    /// What the client did wrong, or that there is no room for an unfinished message. Nothing may be read from it
    /// afterwards.
    pub(super) fn read(
        &mut self,
        bytes: &mut [u8],
        bounds: Bounds<'_>,
        mut take: impl FnMut(Incoming<'_>),
    ) -> Result<bool, Violation> {
        let (mut kept, mut done) = match &mut self.partial {
            Some(partial) => (std::mem::take(&mut partial.frame), std::mem::take(&mut partial.done)),
            None => (Vec::new(), 0),
        };
        let is_more;
        if kept.is_empty() {
            let progress = self.read_frames(bytes, bounds, &mut take)?;
            append(&mut kept, &bytes[progress.used..], progress.frame_bytes);
            is_more = progress.is_more;
        } else {
            // Its header, if that has come already, says how long the frame will be.
            let frame_bytes =
                self.locate(&kept[done..], bounds.message_max)?.map_or(0, |frame| frame.payload.end);
            append(&mut kept, bytes, frame_bytes);
            let progress = self.read_frames(&mut kept[done..], bounds, &mut take)?;
            done += progress.used;
            is_more = progress.is_more;
            // What is left of many frames is moved once, and not in each turn.
            if done > 0 && !is_more {
                let mut rest = Vec::new();
                append(&mut rest, &kept[done..], progress.frame_bytes);
                (kept, done) = (rest, 0);
            }
        }
        if !kept.is_empty() {
            let partial = self.partial(bounds.unfinished);
            (partial.frame, partial.done) = (kept, done);
        }
        self.settle().map(|()| is_more)
    }

    fn partial(&mut self, unfinished: &Arc<UnfinishedBytes>) -> &mut Partial {
        self.partial.get_or_insert_with(|| {
            Box::new(Partial { frame: Vec::new(), done: 0, message: None, share: Share::new(unfinished) })
        })
    }

    /// Lets go of what is finished, and counts what is not.
    fn settle(&mut self) -> Result<(), Violation> {
        let Some(partial) = &mut self.partial else { return Ok(()) };
        if partial.frame.is_empty() && partial.message.is_none() {
            self.partial = None;
            return Ok(());
        }
        let bytes = partial.frame.capacity() + partial.message.as_ref().map_or(0, Vec::capacity);
        partial.share.resize(bytes).map_err(|NoRoom| Violation::NO_ROOM)
    }

    /// Reads the whole frames among these bytes, as many as the turn allows.
    fn read_frames(
        &mut self,
        bytes: &mut [u8],
        bounds: Bounds<'_>,
        take: &mut impl FnMut(Incoming<'_>),
    ) -> Result<Progress, Violation> {
        let mut used = 0;
        while used < bytes.len() && !bounds.turn.is_over() {
            let Some(Located { header, payload }) = self.locate(&bytes[used..], bounds.message_max)? else {
                return Ok(Progress { used, frame_bytes: 0, is_more: false });
            };
            let Some(frame) = bytes[used..].get_mut(payload.clone()) else {
                return Ok(Progress { used, frame_bytes: payload.end, is_more: false });
            };
            if let Some(mask) = header.mask {
                unmask(frame, mask);
            }
            let is_message = header.is_final && matches!(header.opcode, OpCode::Data(_));
            bounds.turn.count(is_message);
            self.read_frame(&header, frame, bounds, take)?;
            used += payload.end;
        }
        Ok(Progress { used, frame_bytes: 0, is_more: used < bytes.len() })
    }

    /// Finds the first frame, if its header is there, and checks all that this tells, so that what can not be taken is
    /// refused before it has arrived.
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
        Ok(Some(Located { header, payload: start..start + length as usize }))
    }

    fn read_frame(
        &mut self,
        header: &FrameHeader,
        payload: &[u8],
        bounds: Bounds<'_>,
        take: &mut impl FnMut(Incoming<'_>),
    ) -> Result<(), Violation> {
        match header.opcode {
            OpCode::Control(Control::Ping) => take(Incoming::Ping(payload)),
            OpCode::Control(Control::Pong) => take(Incoming::Pong),
            OpCode::Control(_) => take(Incoming::Close(close_reason(payload)?)),
            OpCode::Data(Data::Text) if header.is_final => take(Incoming::Text(utf8(payload)?)),
            OpCode::Data(_) => {
                let message = self.partial(bounds.unfinished).message.get_or_insert_default();
                append(message, payload, 0);
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

/// How far reading has come.
struct Progress {
    /// Bytes of whole frames.
    used: usize,
    /// Bytes of the frame behind them, as its header says; 0 if that is not there.
    frame_bytes: usize,
    /// Whether the turn was over before the bytes were.
    is_more: bool,
}

/// Appends to what is kept of something that will have `whole` bytes; 0 if that is not known. Memory grows by half, not
/// to twice its size, and not beyond the whole.
fn append(kept: &mut Vec<u8>, bytes: &[u8], whole: usize) {
    let needed = kept.len() + bytes.len();
    if needed > kept.capacity() {
        let roomy = kept.capacity() + kept.capacity() / 2;
        let capacity = if whole > 0 { roomy.min(whole) } else { roomy }.max(needed);
        kept.reserve_exact(capacity - kept.len());
    }
    kept.extend_from_slice(bytes);
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
mod tests;
