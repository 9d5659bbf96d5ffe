//! What this node says of itself.

use std::sync::Arc;
use std::time::Duration;
use std::vec;

use bytes::Bytes;
use tokio::time::Instant;

use super::entry::{Entry, Sum};
use super::wire::{ENTRY_BYTES_MAX, HEAD_BYTES_MAX, Payload, Said, entry_bytes};
use crate::hub::{Place, Roll, Sockets};
use crate::model::NodeId;

/// Changes are told at once, but not before this has passed since the last ones.
const TURN: Duration = Duration::from_millis(100);
/// Payloads of changes, and of an answer, in one turn.
const PAYLOADS_A_TURN: usize = 4;
/// Others who ask within this time get the same answer.
const ASKED_TOGETHER: Duration = Duration::from_millis(50);
/// How often at most an answer begins.
const ANSWER_PERIOD: Duration = Duration::from_secs(1);

/// Says what changes here, what it all comes to, and all of it if somebody asks.
#[derive(Debug)]
pub(super) struct Own {
    node: NodeId,
    roll: Arc<Roll>,
    payload_bytes_max: usize,
    digest_period: Duration,
    /// That of the last changes that were told.
    serial: u64,
    /// Of all that was told.
    sum: Sum,
    turn_due: Instant,
    digest_due: Instant,
    /// When an answer is to begin.
    answer_due: Option<Instant>,
    next_answer: Instant,
    round: u32,
    answer: Option<Answer>,
    is_over: bool,
}

/// An answer on its way.
#[derive(Debug)]
struct Answer {
    part: u32,
    rest: vec::IntoIter<Place>,
}

impl Own {
    /// Nothing told yet; its first digest is due at once, so that the others know of this node.
    pub(super) fn new(
        node: NodeId,
        roll: Arc<Roll>,
        payload_bytes_max: usize,
        digest_period: Duration,
        now: Instant,
    ) -> Self {
        Self {
            node,
            roll,
            payload_bytes_max,
            digest_period,
            serial: 0,
            sum: Sum::default(),
            turn_due: now,
            digest_due: now,
            answer_due: None,
            next_answer: now,
            round: 0,
            answer: None,
            is_over: false,
        }
    }

    /// Another node asks for all.
    pub(super) fn asked(&mut self, now: Instant) {
        let due = (now + ASKED_TOGETHER).max(self.next_answer);
        self.answer_due.get_or_insert(due);
    }

    /// A node has come that does not know of this one.
    pub(super) fn greet(&mut self, now: Instant) {
        self.digest_due = self.digest_due.min(now);
    }

    /// When there is something to say; `None` for never again.
    pub(super) fn due(&self) -> Option<Instant> {
        let turn = (self.roll.has_changed() || self.answer.is_some()).then_some(self.turn_due);
        let answer = self.answer_due.filter(|_| self.answer.is_none());
        let digest = self.answer.is_none().then_some(self.digest_due);
        turn.into_iter().chain(answer).chain(digest).min().filter(|_| !self.is_over)
    }

    /// What is to be said now.
    pub(super) fn speak(&mut self, now: Instant) -> Vec<Bytes> {
        let mut payloads = Vec::new();
        if self.due().is_none_or(|due| due > now) {
            return payloads;
        }
        self.turn_due = now + TURN;
        self.put_changes(PAYLOADS_A_TURN, &mut payloads);
        if self.answer.is_none() && self.answer_due.is_some_and(|due| due <= now) {
            (self.answer_due, self.next_answer) = (None, now + ANSWER_PERIOD);
            self.round = self.round.wrapping_add(1);
            self.answer = Some(Answer { part: 0, rest: self.roll.places().into_iter() });
        }
        // A part may be newer than what was told. So the digest comes after the next changes.
        if self.answer.is_some() {
            self.put_parts(PAYLOADS_A_TURN, &mut payloads);
        } else if self.digest_due <= now {
            self.digest_due = now + self.digest_period;
            payloads.push(self.payload(Said::Digest { serial: self.serial, sum: self.sum }));
        }
        payloads
    }

    /// The last that is said: what was not told yet, and that this node stops.
    pub(super) fn end(&mut self) -> Vec<Bytes> {
        let mut payloads = Vec::new();
        if !std::mem::replace(&mut self.is_over, true) {
            self.put_changes(usize::MAX, &mut payloads);
            payloads.push(self.payload(Said::Goodbye));
        }
        payloads
    }

    /// A question to another node, unless this one has ended.
    pub(super) fn question(&self, of: NodeId) -> Option<Bytes> {
        (!self.is_over).then(|| self.payload(Said::Ask { of }))
    }

    fn payload(&self, said: Said) -> Bytes {
        Payload { node: self.node, said }.encode()
    }

    fn put_changes(&mut self, payloads_max: usize, payloads: &mut Vec<Bytes>) {
        let mut places = self.roll.take_changed().into_iter();
        for _ in 0..payloads_max {
            let (roll, sum) = (&self.roll, &mut self.sum);
            let entries = filled(self.payload_bytes_max, &mut places, |place| {
                let changed = roll.tell(place)?;
                sum.change(place, changed.before, changed.now);
                Some((changed.username, changed.now))
            });
            if entries.is_empty() {
                break;
            }
            self.serial += 1;
            payloads.push(self.payload(Said::Changes { serial: self.serial, entries }));
        }
        self.roll.put_back(places);
    }

    fn put_parts(&mut self, payloads_max: usize, payloads: &mut Vec<Bytes>) {
        for _ in 0..payloads_max {
            let Some(Answer { part, rest }) = &mut self.answer else { return };
            let entries = filled(self.payload_bytes_max, rest, |place| self.roll.at(place));
            let (number, is_last) = (*part, rest.len() == 0);
            *part += 1;
            let (serial, round) = (self.serial, self.round);
            payloads.push(self.payload(Said::All { serial, round, part: number, is_last, entries }));
            if is_last {
                self.answer = None;
            }
        }
    }
}

/// The entries of the next places, as many as a payload holds.
fn filled(
    payload_bytes_max: usize,
    places: &mut vec::IntoIter<Place>,
    mut look_up: impl FnMut(Place) -> Option<(Arc<str>, Sockets)>,
) -> Vec<Entry> {
    let (mut entries, mut bytes) = (Vec::new(), HEAD_BYTES_MAX);
    while bytes + ENTRY_BYTES_MAX <= payload_bytes_max {
        let Some(place) = places.next() else { break };
        if let Some((username, sockets)) = look_up(place) {
            let entry = Entry { place, username, sockets };
            bytes += entry_bytes(&entry);
            entries.push(entry);
        }
    }
    entries
}
