//! What is read in text mode, which shows messages and edits without their numbers.

use super::Ledger;
use super::authors::Outcome;
use super::state::Version;
use crate::action::Action;
use crate::content::{Key, key_of};
use crate::fault::Fault;
use crate::ids::GroupId;

/// What one socket in text mode was shown.
pub(super) struct Life {
    group: GroupId,
    lines: Vec<Key>,
    /// Whether it was open until the end.
    is_open: bool,
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
        if let Some(key) = self.find_line(life, line) {
            self.counts.lines += 1;
            self.lives[life].lines.push(key);
        } else if !self.is_movement(line) {
            self.faults.add(Fault::Altered, || format!("nobody said {line:?}"));
        }
    }

    /// Whether it has seen the last line of what is stored, if it has seen any.
    pub(crate) fn has_read_all(&self, life: usize) -> bool {
        self.missing_at_end(&self.lives[life]) == 0
    }

    fn find_line(&self, life: usize, line: &str) -> Option<Key> {
        let (name, content) = line.split_once(": ")?;
        let (name, is_edit) = name.strip_suffix(" (edited)").map_or((name, false), |name| (name, true));
        let key = key_of(content)?;
        let record = self.authors.get(key.sender)?;
        let message = match record.deeds.get(key.number)?.action {
            Action::Send { .. } if !is_edit => key,
            Action::Edit { of } if is_edit => of,
            _ => return None,
        };
        let is_right = (record.author.username.as_str(), record.author.group)
            == (name, self.lives[life].group)
            && self.version(message, content) == Some(Version::Of(key));
        is_right.then_some(key)
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
        for (index, life) in self.lives.iter().enumerate() {
            let mut last = None;
            for &key in &life.lines {
                let deed = &self.authors[key.sender].deeds[key.number];
                let told = || format!("text reader {index} in group {}: {key:?} after {last:?}", life.group);
                let Some(line) = deed.line else {
                    // What was acked is told of as lost.
                    if !matches!(deed.outcome, Outcome::Acked { .. }) {
                        self.faults.add(Fault::NotStored, told);
                    }
                    last = None;
                    continue;
                };
                match last {
                    Some(before) if line <= before => self.faults.add(Fault::Reordered, told),
                    Some(before) if line > before + 1 => {
                        self.faults.add_many(Fault::Hole, line - before - 1, told);
                    }
                    _ => {}
                }
                last = Some(line);
            }
            let missing = self.missing_at_end(life);
            if life.is_open && missing > 0 {
                self.faults
                    .add_many(Fault::Unseen, missing, || format!("text reader {index} lacks the last lines"));
            }
        }
    }

    /// Stored lines behind the last one that it was shown.
    fn missing_at_end(&self, life: &Life) -> u64 {
        let stored = self.groups.get(&life.group).map_or(0, |record| record.lines);
        let last = life.lines.last().map(|key| self.authors[key.sender].deeds[key.number].line);
        last.map_or(0, |line| line.map_or(0, |line| stored.saturating_sub(line + 1)))
    }
}
