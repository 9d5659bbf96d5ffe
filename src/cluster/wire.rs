//! What nodes tell each other, as bytes.
//!
//! A payload begins with a version and a tag; numbers are big-endian. Frames travel finished, so that who receives them
//! hands them on as they are.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::hub::{Broadcast, Page, Readers};
use crate::model::{GroupId, NodeId, Seq, UserId};

/// Of this layout. Nodes of another one do not understand it, and find what they miss in the database.
const VERSION: u8 = 1;

/// The most that a page takes beside its frames, in bytes.
const PAGE_HEAD: usize = 8 + 8 + 8 + 4 + 1 + 4 + 4;
/// The most that a payload takes beside what is in it, in bytes.
pub(super) const HEAD: usize = 2 + 8 + 4;

const PAGES: u8 = 1;
const BROADCAST: u8 = 2;
const NOTIFY: u8 = 3;
const LOOK: u8 = 4;
const PRESENCE: u8 = 5;

const ALL: u8 = 0;
const BUT: u8 = 1;
const OF: u8 = 2;

/// What a node is told by another one.
#[derive(Debug)]
pub(super) enum Told {
    /// Entries that were stored.
    Pages(Vec<Page>),
    /// What is not stored.
    Broadcast(Broadcast),
    /// A frame for all sockets of a user.
    Notify(UserId, Bytes),
    /// There is something new in the database.
    Look,
    /// Who is online there.
    Presence(Bytes),
}

/// Puts pages into as few payloads as their size allows. Instead of a page that fits into none it is said that there is
/// something new in the database.
pub(super) fn pages<'p>(from: NodeId, pages: impl Iterator<Item = &'p Page>, bytes_max: usize) -> Vec<Bytes> {
    let (mut payloads, mut payload, mut count) = (Vec::new(), BytesMut::new(), 0_u32);
    let mut is_all = true;
    for Page { frames, rewrites } in pages {
        let size = PAGE_HEAD + frames.text.len() + frames.json.len();
        if HEAD + size > bytes_max {
            is_all = false;
            continue;
        }
        if count > 0 && payload.len() + size > bytes_max {
            payloads.push(finish(&mut payload, count));
            count = 0;
        }
        if count == 0 {
            begin(&mut payload, PAGES, from);
            payload.put_u32(0);
        }
        count += 1;
        payload.put_i64(frames.group.0);
        payload.put_i64(frames.first.0);
        payload.put_i64(frames.last.0);
        payload.put_u32(frames.messages);
        payload.put_u8((*rewrites).into());
        put_bytes(&frames.text, &mut payload);
        put_bytes(&frames.json, &mut payload);
    }
    if count > 0 {
        payloads.push(finish(&mut payload, count));
    }
    if !is_all {
        payloads.push(look(from));
    }
    payloads
}

/// Writes how many pages there are to the place kept for that.
fn finish(payload: &mut BytesMut, count: u32) -> Bytes {
    let mut payload = payload.split();
    payload[HEAD - 4..HEAD].copy_from_slice(&count.to_be_bytes());
    payload.freeze()
}

/// What is not stored, for the readers of a group.
pub(super) fn broadcast(from: NodeId, frames: &Broadcast) -> Bytes {
    let mut payload = BytesMut::with_capacity(HEAD + PAGE_HEAD + frames.text.len() + frames.json.len());
    begin(&mut payload, BROADCAST, from);
    payload.put_i64(frames.group.0);
    payload.put_u32(frames.messages);
    let (tag, user) = match frames.readers {
        Readers::All => (ALL, UserId(0)),
        Readers::But(user) => (BUT, user),
        Readers::Of(user, _) => (OF, user),
    };
    payload.put_u8(tag);
    payload.put_i64(user.0);
    put_bytes(&frames.text, &mut payload);
    put_bytes(&frames.json, &mut payload);
    payload.freeze()
}

/// A frame for all sockets of a user.
pub(super) fn notify(from: NodeId, user: UserId, frame: &Bytes) -> Bytes {
    let mut payload = BytesMut::with_capacity(HEAD + 8 + frame.len());
    begin(&mut payload, NOTIFY, from);
    payload.put_i64(user.0);
    payload.put_slice(frame);
    payload.freeze()
}

/// There is something new in the database.
pub(super) fn look(from: NodeId) -> Bytes {
    let mut payload = BytesMut::new();
    begin(&mut payload, LOOK, from);
    payload.freeze()
}

/// Who is online here.
pub(super) fn presence(from: NodeId, what: &[u8]) -> Bytes {
    let mut payload = BytesMut::with_capacity(HEAD + what.len());
    begin(&mut payload, PRESENCE, from);
    payload.put_slice(what);
    payload.freeze()
}

/// Who says it, without a look at what it is; `None` for what is too short.
pub(super) fn sender(payload: &[u8]) -> Option<NodeId> {
    payload.get(2..)?.first_chunk().map(|bytes| NodeId(i64::from_be_bytes(*bytes)))
}

/// Who says what; `None` for what is not understood. Pages of groups that are not heard are passed over: a payload may
/// hold those of a whole shard.
pub(super) fn parse(mut payload: Bytes, is_heard: impl Fn(GroupId) -> bool) -> Option<(NodeId, Told)> {
    if payload.try_get_u8().ok()? != VERSION {
        return None;
    }
    let tag = payload.try_get_u8().ok()?;
    let from = NodeId(payload.try_get_i64().ok()?);
    let told = match tag {
        PAGES => {
            let count = payload.try_get_u32().ok()? as usize;
            let mut pages = Vec::new();
            for _ in 0..count {
                pages.extend(take_page(&mut payload, &is_heard)?);
            }
            Told::Pages(pages)
        }
        BROADCAST => Told::Broadcast(take_broadcast(&mut payload)?),
        NOTIFY => Told::Notify(UserId(payload.try_get_i64().ok()?), payload),
        LOOK => Told::Look,
        PRESENCE => Told::Presence(payload),
        _ => return None,
    };
    Some((from, told))
}

/// The next page; within it nothing if nobody hears it.
fn take_page(payload: &mut Bytes, is_heard: impl Fn(GroupId) -> bool) -> Option<Option<Page>> {
    let group = GroupId(payload.try_get_i64().ok()?);
    let first = Seq(payload.try_get_i64().ok()?);
    let last = Seq(payload.try_get_i64().ok()?);
    let messages = payload.try_get_u32().ok()?;
    let rewrites = payload.try_get_u8().ok()? != 0;
    if !is_heard(group) {
        skip_bytes(payload)?;
        skip_bytes(payload)?;
        return Some(None);
    }
    let (text, json) = (take_bytes(payload)?, take_bytes(payload)?);
    if first < Seq(1) || last < first {
        return None;
    }
    let frames = Broadcast { first, last, messages, ..Broadcast::ephemeral(group, text, json, Readers::All) };
    Some(Some(Page { frames, rewrites }))
}

fn take_broadcast(payload: &mut Bytes) -> Option<Broadcast> {
    let group = GroupId(payload.try_get_i64().ok()?);
    let messages = payload.try_get_u32().ok()?;
    let tag = payload.try_get_u8().ok()?;
    let user = UserId(payload.try_get_i64().ok()?);
    let readers = match tag {
        ALL => Readers::All,
        BUT => Readers::But(user),
        // The socket that is left out is on the other node.
        OF => Readers::Of(user, None),
        _ => return None,
    };
    let (text, json) = (take_bytes(payload)?, take_bytes(payload)?);
    Some(Broadcast { messages, ..Broadcast::ephemeral(group, text, json, readers) })
}

fn begin(payload: &mut BytesMut, tag: u8, from: NodeId) {
    payload.put_u8(VERSION);
    payload.put_u8(tag);
    payload.put_i64(from.0);
}

/// Frames are bounded far below 4 GiB.
fn put_bytes(bytes: &Bytes, payload: &mut BytesMut) {
    payload.put_u32(bytes.len() as u32);
    payload.put_slice(bytes);
}

fn take_bytes(payload: &mut Bytes) -> Option<Bytes> {
    let length = payload.try_get_u32().ok()? as usize;
    // Copied, since what a carrier gives is a part of what it has read, and a page may be kept for long.
    (length <= payload.len()).then(|| Bytes::copy_from_slice(&payload.split_to(length)))
}

fn skip_bytes(payload: &mut Bytes) -> Option<()> {
    let length = payload.try_get_u32().ok()? as usize;
    (length <= payload.len()).then(|| payload.advance(length))
}

#[cfg(test)]
mod tests;
