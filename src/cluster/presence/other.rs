//! One other node: what it has, as far as is known.

use std::collections::HashMap;
use std::collections::hash_map::Entry as HashEntry;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::entry::{Entry, Sum};
use super::wire::Said;
use crate::hub::{Place, Sockets};

/// How often at most a node is asked for all that it has; an answer on its way may pause as long.
const ASK_PERIOD: Duration = Duration::from_secs(2);
/// Places of one node that are kept; of others beyond that nothing is known here.
const PLACES_MAX: usize = 10_000_000;

/// What changed at a place of another node.
#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) place: Place,
    pub(super) username: Arc<str>,
    pub(super) before: Sockets,
    pub(super) now: Sockets,
}

/// A node that was heard. What it says is absolute, so that hearing it again does no harm. Whether something was missed
/// shows in the serials, and in a sum that it says from time to time; then it is asked for all. What it had stays until the
/// answer has come.
#[derive(Debug)]
pub(super) struct Other {
    heard: Instant,
    asked: Option<Instant>,
    /// The last one that was taken in.
    serial: u64,
    /// Whether all up to that serial is known.
    is_whole: bool,
    /// Until it was known once, changes say too little.
    was_whole: bool,
    gathering: Option<Gathering>,
    /// That of the last answer that began to arrive.
    round: u32,
    present: HashMap<Place, Held>,
    sum: Sum,
}

#[derive(Debug)]
struct Held {
    username: Arc<str>,
    sockets: Sockets,
    /// The answer by which it was confirmed last.
    round: u32,
}

/// An answer that is arriving. Its parts, and the changes between them, are taken in as they come; at its end what none of
/// them has named is there no more.
#[derive(Debug)]
struct Gathering {
    part: u32,
    heard: Instant,
}

impl Other {
    /// A node of which nothing is known but that it is there.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            heard: now,
            asked: None,
            serial: 0,
            is_whole: false,
            was_whole: false,
            gathering: None,
            round: 0,
            present: HashMap::new(),
            sum: Sum::default(),
        }
    }

    /// When it gave its last sign of life.
    pub(super) fn heard(&self) -> Instant {
        self.heard
    }

    /// Whether all that it has said is known.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// At how many places it has sockets.
    pub(super) fn places(&self) -> usize {
        self.present.len()
    }

    /// Whether it is to be asked for all at this moment; then it counts as asked.
    pub(super) fn ask(&mut self, now: Instant) -> bool {
        let is_recent = |since: Instant| now < since + ASK_PERIOD;
        let is_coming = self.gathering.as_ref().is_some_and(|gathering| is_recent(gathering.heard));
        if self.is_whole || is_coming || self.asked.is_some_and(is_recent) {
            return false;
        }
        self.asked = Some(now);
        true
    }

    /// Takes in what it says.
    pub(super) fn take(&mut self, said: Said, now: Instant, steps: &mut Vec<Step>) {
        self.heard = now;
        match said {
            Said::Changes { serial, entries } => self.take_changes(serial, entries, steps),
            Said::Digest { serial, sum } if serial >= self.serial => {
                self.is_whole = serial == self.serial && sum == self.sum;
                self.was_whole |= self.is_whole;
                // None is said while an answer is on its way: what has not come of it is lost.
                self.gathering = None;
            }
            Said::All { serial, round, part, is_last, entries } => {
                if part == 0 && !self.is_whole && serial >= self.serial && round > self.round {
                    (self.serial, self.round) = (serial, round);
                    self.gathering = Some(Gathering { part: 0, heard: now });
                }
                match &mut self.gathering {
                    Some(gathering) if round == self.round && part == gathering.part => {
                        *gathering = Gathering { part: part.saturating_add(1), heard: now };
                    }
                    _ => return,
                }
                entries.into_iter().for_each(|entry| self.set(entry, steps));
                if is_last {
                    self.end_gathering(steps);
                }
            }
            // Late, or nothing about what it has.
            Said::Digest { .. } | Said::Ask { .. } | Said::Goodbye => {}
        }
    }

    fn take_changes(&mut self, serial: u64, entries: Vec<Entry>, steps: &mut Vec<Step>) {
        if serial <= self.serial {
            return;
        }
        if serial > self.serial + 1 {
            self.is_whole = false;
            self.gathering = None;
        }
        // Also known if some before it are missing: it is the newest word on these places.
        if self.was_whole || self.gathering.is_some() {
            entries.into_iter().for_each(|entry| self.set(entry, steps));
        }
        self.serial = serial;
    }

    fn end_gathering(&mut self, steps: &mut Vec<Step>) {
        self.gathering = None;
        let (round, sum) = (self.round, &mut self.sum);
        for (place, held) in self.present.extract_if(|_, held| held.round != round) {
            steps.push(held.gone(place, sum));
        }
        (self.is_whole, self.was_whole) = (true, true);
    }

    fn set(&mut self, Entry { place, username, sockets }: Entry, steps: &mut Vec<Step>) {
        let is_full = self.present.len() >= PLACES_MAX;
        match self.present.entry(place) {
            HashEntry::Occupied(held) if sockets.total() == 0 => {
                steps.push(held.remove().gone(place, &mut self.sum));
            }
            HashEntry::Occupied(mut held) => {
                let held = held.get_mut();
                let before = std::mem::replace(&mut held.sockets, sockets);
                held.round = self.round;
                if before != sockets {
                    self.sum.change(place, before, sockets);
                    steps.push(Step { place, username, before, now: sockets });
                }
            }
            HashEntry::Vacant(vacant) if sockets.total() > 0 && !is_full => {
                vacant.insert(Held { username: Arc::clone(&username), sockets, round: self.round });
                let before = Sockets::default();
                self.sum.change(place, before, sockets);
                steps.push(Step { place, username, before, now: sockets });
            }
            HashEntry::Vacant(_) => {}
        }
    }

    /// Takes from it all that it has.
    pub(super) fn lose(mut self) -> impl Iterator<Item = Step> {
        self.present.into_iter().map(move |(place, held)| held.gone(place, &mut self.sum))
    }
}

impl Held {
    fn gone(self, place: Place, sum: &mut Sum) -> Step {
        let now = Sockets::default();
        sum.change(place, self.sockets, now);
        Step { place, username: self.username, before: self.sockets, now }
    }
}
