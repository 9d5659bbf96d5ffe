//! What a client makes of the frames that it gets, and what it has against them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::Ends;
use crate::model::{GroupId, Seq};
use crate::protocol::{Mode, text};
use crate::writer::Denial;
use crate::ws::simulation::frames::Shown;

impl Ends {
    /// Takes the whole frames of what came.
    pub(super) fn read(&self) {
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
        let stored = self.world.store.ledger().frame(frame).to_vec();
        match (&stored[..], self.mode) {
            ([shown, ..], Mode::Json) => self.take_entry(*shown, payload),
            (lines @ [_, ..], Mode::Text) => self.take_line(lines),
            ([], _) if frame[0] == 0x88 => self.is_closed.set(true),
            ([], Mode::Text) if payload.starts_with(b"Message refused") || is_movement(payload) => {}
            // The socket is not let in.
            ([], Mode::Text) if self.world.is_shared() && payload == text::UNAVAILABLE.as_bytes() => {}
            ([], Mode::Text) => self.fault(&format!("{} is not stored", String::from_utf8_lossy(payload))),
            ([], Mode::Json) => match serde_json::from_slice(payload) {
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
        if seq != position.next() {
            self.fault(&format!("entry {seq} of group {group} after {position}"));
        }
        *position = seq;
        self.client.seen.borrow_mut().insert(group, seq);
        if let Err(fault) = self.client.views.borrow_mut().apply(group, seq, payload) {
            self.fault(&fault);
        }
    }

    /// Takes a line, which may be that of several entries: one that is late shows what is so today. There must be an order
    /// without a gap in which it stands behind those before it.
    fn take_line(&self, lines: &[Shown]) {
        let mut positions = self.positions.borrow_mut();
        let Some((&group, position)) = positions.iter_mut().next() else {
            return self.fault(&format!("{lines:?}, but nothing is read"));
        };
        let ledger = self.world.store.ledger();
        let next = |place| ledger.over_hidden(group, place).next();
        let mut places = self.places.borrow_mut();
        let follows = |seq: Seq| match places.is_empty() {
            true => seq <= next(*position),
            false => places.iter().any(|&place| seq == next(place)),
        };
        let these = lines.iter().filter(|line| line.group == group && follows(line.seq)).map(|line| line.seq);
        let these: BTreeSet<Seq> = these.collect();
        drop(ledger);
        let Some(&least) = these.first() else {
            return self.fault(&format!("{lines:?} after {places:?}, entered at {position}"));
        };
        self.world.note(group, least);
        *position = least;
        self.client.seen.borrow_mut().insert(group, least);
        *places = these;
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
                let head = event["head_seq"].as_i64().unwrap_or_default();
                // What one node has told of may be on its way to others.
                let is_late = self.world.is_shared() && head < known;
                let fresh = fresh.unwrap_or_default();
                let fresh = if self.world.is_shared() { fresh.min(Seq(head)) } else { fresh };
                self.fresh.borrow_mut().insert(group, fresh);
                if head < known && !is_late {
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
            Some("error") if self.world.is_accused(&self.client, group) => {}
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
