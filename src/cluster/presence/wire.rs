//! What nodes tell each other of who is present, as bytes.
//!
//! A payload is a version (1 byte), a kind (1 byte), the node that speaks (8 bytes) and what its kind says. Numbers of
//! fixed length are big-endian; others are LEB128, seven bits a byte from the lowest on. Entries fill the rest of
//! their payload: group, user, the length of the name in bytes, the name, the sockets whose lines name the group, and
//! those by the path of private chats.

use bytes::{Buf, BufMut, Bytes, TryGetError};

use super::entry::{Entry, Sum};
use crate::hub::Sockets;
use crate::model::limits::USERNAME_CHARS_MAX;
use crate::model::{GroupId, NodeId, UserId};

const VERSION: u8 = 1;

const CHANGES: u8 = 1;
const DIGEST: u8 = 2;
const ASK: u8 = 3;
const ALL: u8 = 4;
const GOODBYE: u8 = 5;

const USERNAME_BYTES_MAX: usize = 4 * USERNAME_CHARS_MAX;

/// An entry but for its name, at most: two numbers of 10 bytes, the length of the name, two numbers of 5.
const BARE_ENTRY_BYTES_MAX: usize = 20 + 2 + 10;

/// Sockets of one kind that a user can have in one group on one node.
const SOCKETS_MAX: u32 = 1 << 24;

/// The longest entry.
pub(super) const ENTRY_BYTES_MAX: usize = BARE_ENTRY_BYTES_MAX + USERNAME_BYTES_MAX;

/// What stands before the entries, at most.
pub(super) const HEAD_BYTES_MAX: usize = 2 + 8 + 10 + 5 + 5 + 1;

/// What a node says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payload {
    pub(super) node: NodeId,
    pub(super) said: Said,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// How it stands now at these places, after the one with the serial before.
    Changes { serial: u64, entries: Vec<Entry> },
    /// What it has said so far comes to this.
    Digest { serial: u64, sum: Sum },
    /// This other node is to say all.
    Ask { of: NodeId },
    /// A part of all that it has, each place as it stands when the part is made. Changes may come in between.
    All { serial: u64, round: u32, part: u32, is_last: bool, entries: Vec<Entry> },
    /// It stops; its sockets are lost.
    Goodbye,
}

/// Why something is no payload.
#[derive(Debug, thiserror::Error)]
pub(super) enum Malformed {
    #[error("it ends too early")]
    Short(#[from] TryGetError),
    #[error("version {0} is not known here")]
    Version(u8),
    #[error("kind {0} is not known")]
    Kind(u8),
    #[error("a number is out of its range")]
    Number,
    #[error("a user name is no UTF-8 or too long")]
    Username,
    #[error("it goes on behind its end")]
    Long,
}

impl Payload {
    /// Its bytes.
    pub(super) fn encode(&self) -> Bytes {
        let mut out = Vec::with_capacity(HEAD_BYTES_MAX);
        out.put_u8(VERSION);
        let kind = match self.said {
            Said::Changes { .. } => CHANGES,
            Said::Digest { .. } => DIGEST,
            Said::Ask { .. } => ASK,
            Said::All { .. } => ALL,
            Said::Goodbye => GOODBYE,
        };
        out.put_u8(kind);
        out.put_i64(self.node.0);
        match &self.said {
            Said::Changes { serial, entries } => {
                put_number(&mut out, *serial);
                entries.iter().for_each(|entry| put_entry(&mut out, entry));
            }
            Said::Digest { serial, sum } => {
                put_number(&mut out, *serial);
                put_number(&mut out, sum.places);
                out.put_u64(sum.hash);
            }
            Said::Ask { of } => out.put_i64(of.0),
            Said::All { serial, round, part, is_last, entries } => {
                put_number(&mut out, *serial);
                put_number(&mut out, u64::from(*round));
                put_number(&mut out, u64::from(*part));
                out.put_u8(u8::from(*is_last));
                entries.iter().for_each(|entry| put_entry(&mut out, entry));
            }
            Said::Goodbye => {}
        }
        out.into()
    }

    /// What these bytes say.
    ///
    /// # Errors
    /// They are not what any [`encode`](Self::encode) of this version makes.
    pub(super) fn decode(mut bytes: &[u8]) -> Result<Self, Malformed> {
        let input = &mut bytes;
        match input.try_get_u8()? {
            VERSION => {}
            version => return Err(Malformed::Version(version)),
        }
        let kind = input.try_get_u8()?;
        let node = NodeId(input.try_get_i64()?);
        let said = match kind {
            CHANGES => Said::Changes { serial: number(input)?, entries: entries(input)? },
            DIGEST => {
                let serial = number(input)?;
                Said::Digest { serial, sum: Sum { places: number(input)?, hash: input.try_get_u64()? } }
            }
            ASK => Said::Ask { of: NodeId(input.try_get_i64()?) },
            ALL => Said::All {
                serial: number(input)?,
                round: small_number(input)?,
                part: small_number(input)?,
                is_last: match input.try_get_u8()? {
                    0 => false,
                    1 => true,
                    _ => return Err(Malformed::Number),
                },
                entries: entries(input)?,
            },
            GOODBYE => Said::Goodbye,
            kind => return Err(Malformed::Kind(kind)),
        };
        if input.has_remaining() { Err(Malformed::Long) } else { Ok(Self { node, said }) }
    }
}

/// A bound of the entry's size in bytes.
pub(super) fn entry_bytes(entry: &Entry) -> usize {
    BARE_ENTRY_BYTES_MAX + entry.username.len()
}

fn put_entry(out: &mut Vec<u8>, entry: &Entry) {
    let (group, user) = entry.place;
    put_number(out, group.0 as u64);
    put_number(out, user.0 as u64);
    // Of who is gone the others know the name.
    let username = if entry.sockets.total() > 0 { &*entry.username } else { "" };
    put_number(out, username.len() as u64);
    out.put_slice(username.as_bytes());
    let Sockets { plain, private } = entry.sockets;
    [plain, private].into_iter().for_each(|count| put_number(out, u64::from(count)));
}

/// No more than the rest of the payload can hold, since each takes some of it.
fn entries(input: &mut &[u8]) -> Result<Vec<Entry>, Malformed> {
    let mut entries = Vec::new();
    while input.has_remaining() {
        let place = (GroupId(number(input)? as i64), UserId(number(input)? as i64));
        let length = usize::try_from(number(input)?).map_err(|_| Malformed::Username)?;
        if length > USERNAME_BYTES_MAX {
            return Err(Malformed::Username);
        }
        let requested = TryGetError { requested: length, available: input.len() };
        let (username, rest) = input.split_at_checked(length).ok_or(requested)?;
        let username = str::from_utf8(username).map_err(|_| Malformed::Username)?.into();
        *input = rest;
        let (plain, private) = (sockets(input)?, sockets(input)?);
        entries.push(Entry { place, username, sockets: Sockets { plain, private } });
    }
    Ok(entries)
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.put_u8(number as u8 | 0x80);
        number >>= 7;
    }
    out.put_u8(number as u8);
}

fn number(input: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = input.try_get_u8()?;
        let bits = u64::from(byte & 0x7f);
        if bits << shift >> shift != bits {
            return Err(Malformed::Number);
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Malformed::Number)
}

fn small_number(input: &mut &[u8]) -> Result<u32, Malformed> {
    u32::try_from(number(input)?).map_err(|_| Malformed::Number)
}

fn sockets(input: &mut &[u8]) -> Result<u32, Malformed> {
    small_number(input).and_then(|count| if count > SOCKETS_MAX { Err(Malformed::Number) } else { Ok(count) })
}

#[cfg(test)]
mod tests;
