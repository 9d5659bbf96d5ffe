//! From bytes to messages: RFC 6455 sections 5.2 to 5.5, for the server's side.
//!
//! Sockets share one read buffer per core, so an idle socket holds none. Only a frame that has not arrived
//! whole, or a message in fragments, is kept, and given back when it is complete.

mod begun;

use std::cell::RefCell;
use std::io::Cursor;
use std::ops::Range;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Control, Data, OpCode};

use self::begun::{Begun, Kind, check_text};
use super::inflating::Inflating;
use super::turn::Turn;
use super::unfinished::{NoRoom, Share, UnfinishedBytes};
use super::violation::Violation;
use crate::protocol::CloseCode;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Incoming<'a> {
    /// A whole text message.
    Text(&'a str),
    /// A whole binary message, where those are taken.
    Binary(&'a [u8]),
    /// A ping with its payload.
    Ping(&'a [u8]),
    /// A pong.
    Pong,
    /// A close frame, with its code and reason if it has them.
    Close(Option<(CloseCode, &'a str)>),
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
    /// Bytes of the payload behind that are known to be text.
    checked: usize,
    /// The fragments of a message so far; `None` between messages.
    message: Option<Begun>,
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
    /// What inflates messages, if the client may compress them.
    pub(super) inflating: Option<&'a RefCell<Inflating>>,
    /// Whether binary messages are taken.
    pub(super) takes_binary: bool,
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
        Some(frame.len() - done + message.as_ref().map_or(0, |begun| begun.bytes.len()))
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
        if let Some(inflating) = bounds.inflating {
            inflating.borrow_mut().begin();
        }
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
            let frame_bytes = self.locate(&kept[done..], bounds)?.map_or(0, |frame| frame.payload.end);
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
            if !is_more {
                self.check_beginning(&kept, bounds)?;
            }
            let partial = self.partial(bounds.unfinished);
            (partial.frame, partial.done) = (kept, done);
        }
        self.settle().map(|()| is_more)
    }

    /// Looks whether what is there of a frame can become text: who sends something else is told at once, not at the end of
    /// a long message.
    fn check_beginning(&mut self, kept: &[u8], bounds: Bounds<'_>) -> Result<(), Violation> {
        let Some(Located { header, payload }) = self.locate(kept, bounds)? else { return Ok(()) };
        let partial = self.partial(bounds.unfinished);
        let kind = match (header.opcode, &partial.message) {
            (OpCode::Data(Data::Continue), Some(begun)) => begun.kind,
            (OpCode::Data(Data::Text), _) => Kind { is_binary: false, is_deflated: header.rsv1 },
            _ => return Ok(()),
        };
        if kind != Kind::TEXT {
            return Ok(());
        }
        // A character may have begun in the frame before.
        let before =
            partial.message.as_ref().filter(|_| partial.checked == 0).map_or(&[][..], Begun::unchecked);
        let mut text = before.to_vec();
        text.extend_from_slice(&kept[payload.start + partial.checked..]);
        let mut mask = header.mask.unwrap_or_default();
        mask.rotate_left(partial.checked % 4);
        unmask(&mut text[before.len()..], mask);
        partial.checked += check_text(&text)?.saturating_sub(before.len());
        Ok(())
    }

    fn partial(&mut self, unfinished: &Arc<UnfinishedBytes>) -> &mut Partial {
        self.partial.get_or_insert_with(|| {
            let (frame, message, share) = (Vec::new(), None, Share::new(unfinished));
            Box::new(Partial { frame, done: 0, checked: 0, message, share })
        })
    }

    /// Lets go of what is finished, and counts what is not.
    fn settle(&mut self) -> Result<(), Violation> {
        let Some(partial) = &mut self.partial else { return Ok(()) };
        if partial.frame.is_empty() && partial.message.is_none() {
            self.partial = None;
            return Ok(());
        }
        let message = partial.message.as_ref().map_or(0, |begun| begun.bytes.capacity());
        let bytes = partial.frame.capacity() + message;
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
            let Some(Located { header, payload }) = self.locate(&bytes[used..], bounds)? else {
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
            if let Some(partial) = &mut self.partial {
                partial.checked = 0;
            }
            self.read_frame(&header, frame, bounds, take)?;
            used += payload.end;
        }
        Ok(Progress { used, frame_bytes: 0, is_more: used < bytes.len() })
    }

    /// Finds the first frame, if its header is there, and checks all that this tells, so that what can not be taken is
    /// refused before it has arrived.
    fn locate(&self, bytes: &[u8], bounds: Bounds<'_>) -> Result<Option<Located>, Violation> {
        let mut cursor = Cursor::new(bytes);
        let header = FrameHeader::parse(&mut cursor).map_err(|_| protocol_error("invalid frame header"))?;
        let Some((header, length)) = header else { return Ok(None) };
        // RFC 7692 section 6: the first frame of a message says whether it is compressed.
        let is_first = matches!(header.opcode, OpCode::Data(Data::Text | Data::Binary));
        let may_be_deflated = is_first && bounds.inflating.is_some();
        if (header.rsv1 && !may_be_deflated) || header.rsv2 || header.rsv3 {
            return Err(protocol_error("reserved bits are set"));
        }
        if header.mask.is_none() {
            return Err(protocol_error("client frames must be masked"));
        }
        let begun = self.partial.as_ref().and_then(|partial| partial.message.as_ref());
        let payload_max = match header.rsv1 || begun.is_some_and(|begun| begun.kind.is_deflated) {
            true => Inflating::payload_max(bounds.message_max),
            false => bounds.message_max,
        };
        match (header.opcode, begun) {
            (OpCode::Control(_), _) if length > 125 || !header.is_final => {
                return Err(protocol_error("control frame too long or in fragments"));
            }
            (OpCode::Data(Data::Binary), _) if !bounds.takes_binary => {
                return Err(Violation {
                    code: CloseCode::UNSUPPORTED_DATA,
                    reason: "binary frames are not supported",
                });
            }
            (OpCode::Data(Data::Text | Data::Binary), Some(_)) => {
                return Err(protocol_error("message begun within another"));
            }
            (OpCode::Data(Data::Continue), None) => return Err(protocol_error("continuation of no message")),
            (OpCode::Data(_), _)
                if length > payload_max.saturating_sub(begun.map_or(0, |begun| begun.bytes.len())) as u64 =>
            {
                return Err(Violation::TOO_BIG);
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
            OpCode::Data(Data::Continue) => {
                let Some(partial) = &mut self.partial else { return Ok(()) };
                let Some(begun) = &mut partial.message else { return Ok(()) };
                begun.add(payload)?;
                if header.is_final
                    && let Some(Begun { kind, bytes, .. }) = partial.message.take()
                {
                    deliver(kind, &bytes, bounds, take)?;
                }
            }
            OpCode::Data(data) => {
                let kind = Kind { is_binary: data == Data::Binary, is_deflated: header.rsv1 };
                if header.is_final {
                    deliver(kind, payload, bounds, take)?;
                } else {
                    let begun = self.partial(bounds.unfinished).message.insert(Begun::new(kind));
                    begun.add(payload)?;
                }
            }
        }
        Ok(())
    }
}

/// Hands over a whole message.
fn deliver(
    kind: Kind,
    payload: &[u8],
    bounds: Bounds<'_>,
    take: &mut impl FnMut(Incoming<'_>),
) -> Result<(), Violation> {
    let mut inflating = bounds.inflating.filter(|_| kind.is_deflated).map(RefCell::borrow_mut);
    let message = match &mut inflating {
        Some(inflating) => inflating.inflate(payload, bounds.message_max)?,
        None => payload,
    };
    take(if kind.is_binary { Incoming::Binary(message) } else { Incoming::Text(utf8(message)?) });
    Ok(())
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
    std::str::from_utf8(bytes).map_err(|_| Violation::INVALID_TEXT)
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
