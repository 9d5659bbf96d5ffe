//! A socket that takes as much as it is told to, and a reader at its other end that checks each frame.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use serde_json::Value;

use super::world::{Client, World};
use crate::hub::Sink;
use crate::model::{GroupId, Seq};
use crate::protocol::Mode;

/// One end of a connection, the other, and what was read there.
pub(super) struct Pipe {
    world: Rc<World>,
    client: Rc<Client>,
    mode: Mode,
    capacity: Cell<usize>,
    writer: RefCell<Option<Waker>>,
    unread: RefCell<Vec<u8>>,
    /// The last place read of each group that is subscribed to; in text mode, at the latest the one before
    /// the first that will come.
    places: RefCell<HashMap<GroupId, Seq>>,
    /// Whether nothing of a group came yet, which in text mode does not say where it begins.
    is_fresh: Cell<bool>,
    /// Sends over this connection that may still be told to wait, and those that have no answer, by message.
    untold: RefCell<HashMap<u64, u32>>,
    unanswered: RefCell<HashMap<u64, u32>>,
}

impl Pipe {
    pub(super) fn new(world: &Rc<World>, client: &Rc<Client>, mode: Mode) -> Self {
        Self {
            world: Rc::clone(world),
            client: Rc::clone(client),
            mode,
            capacity: Cell::new(0),
            writer: RefCell::default(),
            unread: RefCell::default(),
            places: RefCell::default(),
            is_fresh: Cell::new(true),
            untold: RefCell::default(),
            unanswered: RefCell::default(),
        }
    }

    /// The client sends this message, perhaps not for the first time.
    pub(super) fn send(&self, number: usize) {
        for sends in [&self.untold, &self.unanswered] {
            *sends.borrow_mut().entry(number as u64).or_default() += 1;
        }
    }

    /// Takes so many bytes more.
    pub(super) fn give(&self, bytes: usize) {
        self.capacity.set(self.capacity.get().saturating_add(bytes));
        if let Some(writer) = self.writer.take() {
            writer.wake();
        }
    }

    /// A reader in text mode was let in when this was the group's head.
    pub(super) fn enter(&self, group: GroupId, head: Seq) {
        self.places.borrow_mut().insert(group, head);
    }

    /// The last place read of each group that is subscribed to.
    pub(super) fn places(&self) -> Vec<(GroupId, Seq)> {
        self.places.borrow().iter().map(|(&group, &seq)| (group, seq)).collect()
    }

    /// A message that was sent more often than it was answered.
    pub(super) fn unanswered(&self) -> Option<u64> {
        self.unanswered.borrow().iter().filter(|&(_, &left)| left > 0).map(|(&number, _)| number).min()
    }

    fn read(&self) {
        let mut unread = self.unread.borrow_mut();
        let mut start = 0;
        while let Some((header, length)) = frame_size(&unread[start..]) {
            let Some(frame) = unread.get(start..start + header + length) else { break };
            self.take(frame, &frame[header..]);
            start += header + length;
        }
        unread.drain(..start);
    }

    fn take(&self, frame: &[u8], payload: &[u8]) {
        let stored = self.world.store.ledger().frame(frame);
        match (stored, self.mode) {
            (Some((group, seq)), _) => self.take_message(group, seq),
            (None, Mode::Text) if frame[0] == 0x88 || payload.starts_with(b"Message refused") => {}
            (None, Mode::Text) => self.fault(&format!("{} is not stored", String::from_utf8_lossy(payload))),
            (None, Mode::Json) => match serde_json::from_slice(payload) {
                Ok(event) => self.take_event(&event),
                Err(_) => self.fault(&format!("{frame:?} is no frame")),
            },
        }
    }

    fn take_message(&self, group: GroupId, seq: Seq) {
        self.world.note(group, seq);
        let mut places = self.places.borrow_mut();
        let Some(place) = places.get_mut(&group) else {
            return self.fault(&format!("message {seq} of group {group}, which is not subscribed to"));
        };
        let is_first_line = self.mode == Mode::Text && self.is_fresh.replace(false);
        let is_next = if is_first_line { seq <= place.next() } else { seq == place.next() };
        if !is_next {
            self.fault(&format!("message {seq} of group {group} after {place}"));
        }
        *place = seq;
        self.client.seen.borrow_mut().insert(group, seq);
    }

    fn take_event(&self, event: &Value) {
        let group = GroupId(event["group_id"].as_i64().unwrap_or_default());
        let seq = Seq(event["seq"].as_i64().unwrap_or_default());
        match event["type"].as_str() {
            Some("subscribed") => {
                let after = Seq(event["after"].as_i64().unwrap_or_default());
                self.places.borrow_mut().insert(group, after);
                self.client.seen.borrow_mut().insert(group, after);
            }
            Some("unsubscribed") => _ = self.places.borrow_mut().remove(&group),
            Some(kind @ ("caught_up" | "lagged")) => {
                let place = self.places.borrow().get(&group).copied();
                if place != Some(seq) {
                    self.fault(&format!("{kind} {seq} in group {group} at {place:?}"));
                }
            }
            Some("ack") => {
                self.world.note(group, seq);
                self.count_down(&self.unanswered, event);
                if let Err(fault) = self.world.acknowledged(&self.client, event["id"].as_u64(), group, seq) {
                    self.fault(&fault);
                }
            }
            Some("error") if event["code"] == "unavailable" => {
                self.world.told_to_wait();
                self.count_down(&self.untold, event);
                if event["retry"] != true {
                    self.fault(&format!("{event} does not say that it may be sent again"));
                }
            }
            Some("error") => {
                self.count_down(&self.unanswered, event);
                if let Err(fault) = self.world.refused(&self.client, event["id"].as_u64()) {
                    self.fault(&fault);
                }
            }
            Some("typing") => {}
            _ => self.fault(&format!("{event} is not stored")),
        }
    }

    /// One send of the message that this names has been told what there is of this kind.
    fn count_down(&self, sends: &RefCell<HashMap<u64, u32>>, event: &Value) {
        let number = event["id"].as_u64().unwrap_or(u64::MAX);
        match sends.borrow_mut().get_mut(&number) {
            Some(left) if *left > 0 => *left -= 1,
            _ => self.fault(&format!("{event} comes once too often")),
        }
    }

    fn fault(&self, fault: &str) {
        self.world.fault(format!("{:?} reader {}: {fault}", self.mode, self.client.user.id));
    }
}

impl Sink for Pipe {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let length = bytes.len().min(self.capacity.get());
        if length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.capacity.set(self.capacity.get() - length);
        self.unread.borrow_mut().extend_from_slice(&bytes[..length]);
        self.read();
        Ok(length)
    }

    fn try_write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut total = 0;
        for buffer in buffers {
            match self.try_write(buffer) {
                Ok(length) if length == buffer.len() => total += length,
                Ok(length) => return Ok(total + length),
                Err(error) if total == 0 => return Err(error),
                Err(_) => break,
            }
        }
        Ok(total)
    }

    fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.capacity.get() > 0 {
            return Poll::Ready(Ok(()));
        }
        self.writer.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

/// The sizes of the first frame's header and payload.
fn frame_size(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [_, 126, a, b, ..] => Some((4, u16::from_be_bytes([a, b]).into())),
        [_, 126 | 127, ..] | [] | [_] => None,
        [_, length, ..] => Some((2, length.into())),
    }
}
