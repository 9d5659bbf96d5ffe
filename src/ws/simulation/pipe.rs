//! A connection in memory: what a client sends comes in pieces, what it gets it takes when it likes, and checks.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use serde_json::Value;

use super::frames::Shown;
use super::world::{Client, World};
use crate::hub::Sink;
use crate::model::{GroupId, Seq};
use crate::protocol::Mode;
use crate::writer::Denial;
use crate::ws::stream::Stream;

/// Both ends of a connection.
#[derive(Clone)]
pub(super) struct Pipe(Rc<Ends>);

struct Ends {
    world: Rc<World>,
    client: Rc<Client>,
    mode: Mode,
    /// What the client has sent and the server has not read.
    sent: RefCell<VecDeque<u8>>,
    /// Whether the client sends and takes nothing more.
    has_ended: Cell<bool>,
    reader: RefCell<Option<Waker>>,
    /// Bytes that the client takes.
    capacity: Cell<usize>,
    writer: RefCell<Option<Waker>>,
    /// What came of a frame that is not whole.
    partial: RefCell<Vec<u8>>,
    /// Whether the server has closed it.
    is_closed: Cell<bool>,
    /// The last `seq` read of each group that is subscribed to; in text mode, at the latest the one before
    /// the first that will come.
    positions: RefCell<HashMap<GroupId, Seq>>,
    /// Whether nothing of a group came yet, which in text mode does not say where it begins.
    is_fresh: Cell<bool>,
    is_welcome: Cell<bool>,
    /// What anyone was told of each group when it was asked for by what is awaited, and of those subscribed to. What
    /// was changed by then must be shown as it is since.
    asked: RefCell<HashMap<GroupId, Seq>>,
    fresh: RefCell<HashMap<GroupId, Seq>>,
    /// Whether a `hello` is under way.
    says_hello: Cell<bool>,
    /// Sends over this connection that may still be told to wait, and those that have no answer, by message.
    untold: RefCell<HashMap<u64, u32>>,
    unanswered: RefCell<HashMap<u64, u32>>,
    /// Messages that were refused only for now.
    refused: RefCell<Vec<u64>>,
}

impl Pipe {
    pub(super) fn new(world: &Rc<World>, client: &Rc<Client>, mode: Mode) -> Self {
        Self(Rc::new(Ends {
            world: Rc::clone(world),
            client: Rc::clone(client),
            mode,
            sent: RefCell::default(),
            has_ended: Cell::new(false),
            reader: RefCell::default(),
            capacity: Cell::new(0),
            writer: RefCell::default(),
            partial: RefCell::default(),
            is_closed: Cell::new(false),
            positions: RefCell::default(),
            is_fresh: Cell::new(true),
            is_welcome: Cell::new(false),
            asked: RefCell::default(),
            fresh: RefCell::default(),
            says_hello: Cell::new(false),
            untold: RefCell::default(),
            unanswered: RefCell::default(),
            refused: RefCell::default(),
        }))
    }

    /// The client is about to send this message, perhaps not for the first time.
    pub(super) fn count_send(&self, number: usize) {
        for sends in [&self.0.untold, &self.0.unanswered] {
            *sends.borrow_mut().entry(number as u64).or_default() += 1;
        }
    }

    /// The client sends a text.
    pub(super) fn write_text(&self, text: &str) {
        self.write_frame(0x81, text.as_bytes());
    }

    fn write_frame(&self, first: u8, payload: &[u8]) {
        let mask = (self.0.world.random().below(1 << 32) as u32).to_be_bytes();
        let mut sent = self.0.sent.borrow_mut();
        sent.push_back(first);
        match payload.len() {
            length @ 0..=125 => sent.push_back(0x80 | length as u8),
            length => {
                sent.push_back(0x80 | 126);
                sent.extend((length as u16).to_be_bytes());
            }
        }
        sent.extend(mask);
        sent.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        drop(sent);
        self.0.wake(&self.0.reader);
    }

    /// The client is gone. Before that it may close.
    pub(super) fn end(&self, with_close: bool) {
        if with_close {
            self.write_frame(0x88, &[]);
        }
        self.0.has_ended.set(true);
        self.0.wake(&self.0.reader);
        self.0.wake(&self.0.writer);
    }

    /// Takes so many bytes more.
    pub(super) fn give(&self, bytes: usize) {
        self.0.capacity.set(self.0.capacity.get().saturating_add(bytes));
        self.0.wake(&self.0.writer);
    }

    /// A `hello` that resumes a group is about to be sent.
    pub(super) fn ask(&self, group: GroupId, known: Seq) {
        self.0.asked.borrow_mut().insert(group, known);
    }

    /// A reader in text mode was let in when this was the group's head.
    pub(super) fn enter(&self, group: GroupId, head: Seq) {
        self.0.positions.borrow_mut().insert(group, head);
    }

    /// The last `seq` read of each group that is subscribed to.
    pub(super) fn positions(&self) -> Vec<(GroupId, Seq)> {
        self.0.positions.borrow().iter().map(|(&group, &seq)| (group, seq)).collect()
    }

    /// A message that was sent more often than it was answered.
    pub(super) fn unanswered(&self) -> Option<u64> {
        self.0.unanswered.borrow().iter().filter(|&(_, &left)| left > 0).map(|(&number, _)| number).min()
    }

    /// Messages that were refused only for now, to be sent once more.
    pub(super) fn take_refused(&self) -> Vec<u64> {
        self.0.refused.take()
    }

    /// Whether the client has sent what the server has not read.
    pub(super) fn has_unread(&self) -> bool {
        !self.0.sent.borrow().is_empty()
    }

    /// Whether the server has closed it.
    pub(super) fn is_closed(&self) -> bool {
        self.0.is_closed.get()
    }

    /// Whether the server knows who the client is.
    pub(super) fn is_welcome(&self) -> bool {
        self.0.is_welcome.get()
    }

    /// Whether a `hello` may be sent: none is under way.
    pub(super) fn take_hello_turn(&self) -> bool {
        !self.0.says_hello.replace(true)
    }
}

impl Ends {
    fn wake(&self, side: &RefCell<Option<Waker>>) {
        let waker = side.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn read(&self) {
        let mut unread = self.partial.borrow_mut();
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
            (Some(shown), _) => self.take_entry(shown, payload),
            (None, _) if frame[0] == 0x88 => self.is_closed.set(true),
            (None, Mode::Text) if payload.starts_with(b"Message refused") || is_movement(payload) => {}
            (None, Mode::Text) => self.fault(&format!("{} is not stored", String::from_utf8_lossy(payload))),
            (None, Mode::Json) => match serde_json::from_slice(payload) {
                Ok(event) => self.take_event(&event),
                Err(_) => self.fault(&format!("{frame:?} is no frame")),
            },
        }
    }

    fn take_entry(&self, Shown { group, seq, until }: Shown, payload: &[u8]) {
        self.world.note(group, seq);
        if until.is_some_and(|until| self.fresh.borrow().get(&group).is_some_and(|fresh| until <= *fresh)) {
            self.fault(&format!("{seq} of group {group} is shown as it was before {until:?}"));
        }
        let mut positions = self.positions.borrow_mut();
        let Some(position) = positions.get_mut(&group) else {
            return self.fault(&format!("entry {seq} of group {group}, which is not subscribed to"));
        };
        let is_first_line = self.mode == Mode::Text && self.is_fresh.replace(false);
        if self.mode == Mode::Text {
            *position = self.world.store.ledger().over_hidden(group, *position);
        }
        let is_next = if is_first_line { seq <= position.next() } else { seq == position.next() };
        if !is_next {
            self.fault(&format!("entry {seq} of group {group} after {position}"));
        }
        *position = seq;
        self.client.seen.borrow_mut().insert(group, seq);
        if self.mode == Mode::Json
            && let Err(fault) = self.client.views.borrow_mut().apply(group, seq, payload)
        {
            self.fault(&fault);
        }
    }

    fn take_event(&self, event: &Value) {
        let group = GroupId(event["group_id"].as_i64().unwrap_or_default());
        let seq = Seq(event["seq"].as_i64().unwrap_or_default());
        match event["type"].as_str() {
            Some("welcome") => self.is_welcome.set(true),
            Some("subscribed") => {
                let asked = event["id"].as_str().and_then(|known| known.parse().ok());
                let known = asked.unwrap_or_default();
                let fresh = asked.map(Seq).or_else(|| self.asked.borrow().get(&group).copied());
                self.fresh.borrow_mut().insert(group, fresh.unwrap_or_default());
                if event["head_seq"].as_i64().unwrap_or_default() < known {
                    self.fault(&format!("{event}, but {known} was told of"));
                }
                let after = Seq(event["after"].as_i64().unwrap_or_default());
                self.positions.borrow_mut().insert(group, after);
                self.client.seen.borrow_mut().insert(group, after);
            }
            Some("unsubscribed") => _ = self.positions.borrow_mut().remove(&group),
            Some(kind @ ("caught_up" | "lagged")) => {
                let position = self.positions.borrow().get(&group).copied();
                if position != Some(seq) {
                    self.fault(&format!("{kind} {seq} in group {group} at {position:?}"));
                }
            }
            Some("ack") => {
                self.world.note(group, seq);
                self.count_down(&self.unanswered, event);
                let (number, was_there) = (event["id"].as_u64(), event["duplicate"] == true);
                if let Err(fault) = self.world.acknowledged(&self.client, number, (group, seq), was_there) {
                    self.fault(&fault);
                }
            }
            Some("error") if event["id"].is_u64() => self.take_refusal(event),
            Some("error") if event["id"] == "hello" && event["code"] == "unavailable" => {
                self.says_hello.set(false);
            }
            Some("error") if event["code"] == "unavailable" || event["code"] == "not_subscribed" => {}
            Some("typing" | "joined" | "left" | "presence") => {}
            _ => self.fault(&format!("{event} is not stored")),
        }
    }

    fn take_refusal(&self, event: &Value) {
        if event["code"] != "unavailable" {
            self.count_down(&self.unanswered, event);
            let denial = match event["code"].as_str() {
                Some("not_found") => Some(Denial::NoMessage),
                Some("forbidden") => Some(Denial::NotYours),
                _ => None,
            };
            if let Err(fault) = self.world.refused(&self.client, event["id"].as_u64(), denial) {
                self.fault(&fault);
            }
            return;
        }
        if event["retry"] != true {
            self.fault(&format!("{event} does not say that it may be sent again"));
        }
        if event["message"] == "the message still waits to be stored" {
            self.world.told_to_wait();
            self.count_down(&self.untold, event);
        } else {
            self.count_down(&self.unanswered, event);
            let number = event["id"].as_u64().unwrap_or_default();
            if self.world.refused_for_now(&self.client, number as usize) {
                self.refused.borrow_mut().push(number);
            }
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
        let ends = &*self.0;
        if ends.has_ended.get() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let length = bytes.len().min(ends.capacity.get());
        if length == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        ends.capacity.set(ends.capacity.get() - length);
        ends.partial.borrow_mut().extend_from_slice(&bytes[..length]);
        ends.read();
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
        if self.0.capacity.get() > 0 || self.0.has_ended.get() {
            return Poll::Ready(Ok(()));
        }
        self.0.writer.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Stream for Pipe {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.has_unread() || self.0.has_ended.get() {
            return Poll::Ready(Ok(()));
        }
        self.0.reader.replace(Some(cx.waker().clone()));
        Poll::Pending
    }

    // In pieces, as frames come that are longer than a packet.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut sent = self.0.sent.borrow_mut();
        if sent.is_empty() {
            return if self.0.has_ended.get() { Ok(0) } else { Err(io::ErrorKind::WouldBlock.into()) };
        }
        let piece = 1 + self.0.world.random().size(300);
        let length = piece.min(sent.len()).min(buffer.len());
        buffer.iter_mut().zip(sent.drain(..length)).for_each(|(to, byte)| *to = byte);
        Ok(length)
    }

    fn end_writing(&self) -> io::Result<()> {
        Ok(())
    }

    fn end_with_reset(&self) {}
}

/// Whether a line in text mode tells of somebody who came or went.
fn is_movement(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    line.starts_with('u') && (line.contains(" joined g") || line.contains(" left g"))
}

/// The sizes of the first frame's header and payload.
fn frame_size(bytes: &[u8]) -> Option<(usize, usize)> {
    match *bytes {
        [_, 126, a, b, ..] => Some((4, u16::from_be_bytes([a, b]).into())),
        [_, 126 | 127, ..] | [] | [_] => None,
        [_, length, ..] => Some((2, length.into())),
    }
}
