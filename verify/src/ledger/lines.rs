//! What is read in text mode, which shows messages and edits without their numbers.

use super::authors::Outcome;
use super::state::Version;
use super::{GroupRecord, Ledger};
use crate::action::Action;
use crate::content::{Key, key_of};
use crate::fault::Fault;
use crate::ids::GroupId;

/// What one socket in text mode was shown.
pub(super) struct Life {
    group: GroupId,
    lines: Vec<Line>,
    /// Whether it was open until the end.
    is_open: bool,
}

/// A line of a message or an edit. What a server has missed it shows as it is today, so the content may be that of a
/// later edit, or gone.
#[derive(Clone, Copy, Debug)]
struct Line {
    sender: usize,
    is_edit: bool,
    /// Whose content; `None` if the message is deleted.
    says: Option<Key>,
}

/// An entry of the stored log that text mode shows.
pub(super) struct StoredLine {
    /// The message that it is or edits, if it is a known one.
    pub(super) message: Option<Key>,
    pub(super) is_edit: bool,
}

impl Ledger {
    /// A socket in text mode is let into a group. Returns which one.
    pub(crate) fn begin_life(&mut self, group: GroupId) -> usize {
        self.lives.push(Life { group, lines: Vec::new(), is_open: true });
        self.lives.len() - 1
    }

    /// It is gone.
    pub(crate) fn end_life(&mut self, life: usize) {
        self.lives[life].is_open = false;
    }

    /// It was shown a line.
    pub(crate) fn read_line(&mut self, life: usize, line: &str) {
        if let Some(found) = self.find_line(life, line) {
            self.counts.lines += 1;
            self.lives[life].lines.push(found);
        } else if !self.is_movement(line) {
            self.faults.add(Fault::Altered, || format!("nobody said {line:?}"));
        }
    }

    /// Whether it has seen the last line of what is stored, if it has seen any.
    pub(crate) fn has_read_all(&self, life: usize) -> bool {
        self.compare_lines(life).1 == 0
    }

    fn find_line(&self, life: usize, line: &str) -> Option<Line> {
        let (name, content) = line.split_once(": ")?;
        let (name, is_edit) = name.strip_suffix(" (edited)").map_or((name, false), |name| (name, true));
        let group = self.lives[life].group;
        let sender = self
            .authors
            .iter()
            .position(|record| (record.author.username.as_str(), record.author.group) == (name, group))?;
        if content.is_empty() {
            let has_deleted = self.authors[sender].deeds.iter().any(|deed| deed.is_deleting);
            return has_deleted.then_some(Line { sender, is_edit, says: None });
        }
        let key = key_of(content).filter(|key| key.sender == sender)?;
        let message = match self.authors[sender].deeds.get(key.number)?.action {
            Action::Send { .. } if !is_edit => key,
            Action::Edit { of } => of,
            _ => return None,
        };
        let is_right = self.version(message, content) == Some(Version::Of(key));
        is_right.then_some(Line { sender, is_edit, says: Some(key) })
    }

    /// Whether somebody comes or goes.
    fn is_movement(&self, line: &str) -> bool {
        let mut words = line.split(' ');
        let (_, verb, group) = (words.next(), words.next(), words.next());
        matches!(verb, Some("joined" | "left"))
            && group.is_some_and(|group| group.ends_with('.'))
            && words.next().is_none()
    }

    /// Were the lines of each socket those of the stored log, one after the other?
    pub(super) fn conclude_lines(&mut self) {
        for index in 0..self.lives.len() {
            let (found, missing) = self.compare_lines(index);
            for (fault, count, told) in found {
                self.faults.add_many(fault, count, || told);
            }
            if self.lives[index].is_open && missing > 0 {
                self.faults
                    .add_many(Fault::Unseen, missing, || format!("text reader {index} lacks the last lines"));
            }
        }
    }

    /// What is wrong with a socket's lines, and how many are stored behind the last of them.
    fn compare_lines(&self, index: usize) -> (Vec<(Fault, u64, String)>, u64) {
        let mut found = Vec::new();
        let life = &self.lives[index];
        let Some(record) = self.groups.get(&life.group) else { return (found, 0) };
        // Where the next one stands, once that is known.
        let mut next = None;
        for (number, &line) in life.lines.iter().enumerate() {
            let told = || format!("text reader {index} in group {}: {line:?}, at {next:?}", life.group);
            if let Some(deed) = line.says.map(|key| self.deed(key)).filter(|deed| deed.line.is_none()) {
                // What was acked is told of as lost.
                if !matches!(deed.outcome, Outcome::Acked { .. }) {
                    found.push((Fault::NotStored, 1, told()));
                }
                next = None;
                continue;
            }
            let rest = &life.lines[number..];
            let at_next = next.filter(|&place| self.fits(record, line, place));
            let place = at_next.or_else(|| self.begins_at(record, rest, next.unwrap_or(0)));
            match (place, next) {
                (Some(place), Some(expected)) if place > expected => {
                    found.push((Fault::Hole, (place - expected) as u64, told()));
                }
                (None, Some(_)) => found.push((Fault::Reordered, 1, told())),
                _ => {}
            }
            next = place.or_else(|| self.begins_at(record, rest, 0)).map(|place| place + 1);
        }
        let missing = next.map_or(0, |next| record.lines.len().saturating_sub(next));
        (found, missing as u64)
    }

    /// Where these lines begin in what is stored, from a place on: where most of them fit, one after the other.
    fn begins_at(&self, record: &GroupRecord, lines: &[Line], from: usize) -> Option<usize> {
        let first = *lines.first()?;
        let own = first.says.and_then(|key| self.deed(key).line).and_then(|line| usize::try_from(line).ok());
        let end = own.map_or(record.lines.len(), |own| own + 1);
        let fitting = (from..end).filter(|&place| self.fits(record, first, place));
        // The earliest of those that are as good.
        fitting.rev().max_by_key(|&place| {
            lines.iter().zip(place..).take_while(|&(&line, place)| self.fits(record, line, place)).count()
        })
    }

    /// Whether a line can be what is stored at this place: then the content is its own or a later one.
    fn fits(&self, record: &GroupRecord, line: Line, place: usize) -> bool {
        let Some(stored) = record.lines.get(place) else { return false };
        let Some(message) = stored.message else { return true };
        let shows_it = match line.says {
            Some(key) => {
                let of = self.deed(key).action.changes().unwrap_or(key);
                of == message && self.deed(key).line.is_some_and(|own| own >= place as u64)
            }
            None => message.sender == line.sender && self.deed(message).is_deleting,
        };
        shows_it && stored.is_edit == line.is_edit
    }
}
