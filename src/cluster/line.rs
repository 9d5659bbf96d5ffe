//! The order in which the entries of a group go out, without I/O.

use std::collections::{BTreeMap, HashMap, HashSet};

use tokio::time::{Duration, Instant};

use crate::hub::Page;
use crate::model::{GroupId, Seq};

/// Bytes of frames that may wait for those before them, over all groups; what comes beyond is dropped, and found in the
/// database when its turn comes.
const WAITING_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Of each group that somebody here listens to, how far its log has gone out, and what waits for something before it.
#[derive(Debug, Default)]
pub(super) struct Lines {
    groups: HashMap<GroupId, Line>,
    /// Those of which something is missing.
    behind: HashSet<GroupId>,
    waiting_bytes: usize,
}

/// One group.
#[derive(Debug)]
struct Line {
    /// All up to this has gone out; `None` until it is known where to begin.
    gone: Option<Seq>,
    /// The highest number known to be in use.
    head: Seq,
    /// Since when something is missing.
    behind_since: Option<Instant>,
    /// What came too early, by its first number.
    waiting: BTreeMap<Seq, Page>,
    /// When somebody last wanted to listen.
    wanted_at: Instant,
}

/// A part of a log that has to be read from the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    /// The group.
    pub(super) group: GroupId,
    /// The entries behind this one.
    pub(super) after: Seq,
    /// Up to this one.
    pub(super) last: Seq,
}

impl Lines {
    /// Somebody wants to listen: answers how far the group's log has gone out, if that is known.
    pub(super) fn want(&mut self, group: GroupId, now: Instant) -> Option<Seq> {
        let line = self.groups.get_mut(&group)?;
        line.wanted_at = now;
        line.gone
    }

    /// Whether what comes of this group is of use.
    pub(super) fn has(&self, group: GroupId) -> bool {
        self.groups.contains_key(&group)
    }

    /// Gathers what comes from now on. `false` if that was so already.
    pub(super) fn open(&mut self, group: GroupId, now: Instant) -> bool {
        let mut is_new = false;
        self.groups.entry(group).or_insert_with(|| {
            is_new = true;
            Line { gone: None, head: Seq(0), behind_since: None, waiting: BTreeMap::new(), wanted_at: now }
        });
        is_new
    }

    /// The log went up to this place at a moment after the group was [opened](Self::open): what is behind it goes out.
    /// Gives what is ready, and how far the log has gone out.
    pub(super) fn start(&mut self, group: GroupId, head: Seq, now: Instant) -> (Vec<Page>, Option<Seq>) {
        let Some(line) = self.groups.get_mut(&group) else { return (Vec::new(), None) };
        if line.gone.is_none() {
            line.gone = Some(head);
            line.head = line.head.max(head);
        }
        let ready = line.advance(now, &mut self.waiting_bytes);
        let gone = line.gone;
        self.note(group);
        (ready, gone)
    }

    /// Takes a page of a group; gives those that can go out now, in their order. Nothing of a group to which nobody
    /// listens.
    pub(super) fn offer(&mut self, page: Page, now: Instant) -> Vec<Page> {
        let group = page.frames.group;
        let Some(line) = self.groups.get_mut(&group) else { return Vec::new() };
        line.head = line.head.max(page.frames.last);
        let is_next = line.gone.is_some_and(|gone| page.frames.first == gone.next());
        if is_next && line.waiting.is_empty() {
            // As most do.
            line.gone = Some(page.frames.last);
            line.behind_since = (line.head > page.frames.last).then_some(now);
            self.note(group);
            return vec![page];
        }
        let size = bytes(&page);
        let is_new = line.gone.is_none_or(|gone| page.frames.first > gone);
        if is_new && self.waiting_bytes + size <= WAITING_BYTES_MAX {
            self.waiting_bytes += size;
            let replaced = line.waiting.insert(page.frames.first, page);
            self.waiting_bytes -= replaced.as_ref().map_or(0, bytes);
        }
        let ready = line.advance(now, &mut self.waiting_bytes);
        self.note(group);
        ready
    }

    /// A group's log goes up to this place.
    pub(super) fn moved(&mut self, group: GroupId, head: Seq, now: Instant) {
        if let Some(line) = self.groups.get_mut(&group) {
            line.head = line.head.max(head);
            line.advance(now, &mut self.waiting_bytes);
            self.note(group);
        }
    }

    /// What has been missing for that long.
    pub(super) fn holes(&self, patience: Duration, now: Instant) -> Vec<Hole> {
        let missing = self.behind.iter().filter_map(|&group| {
            let line = self.groups.get(&group)?;
            line.behind_since.filter(|since| now >= *since + patience)?;
            let after = line.gone?;
            let last = line.waiting.first_key_value().map_or(line.head, |(first, _)| Seq(first.0 - 1));
            Some(Hole { group, after, last })
        });
        missing.collect()
    }

    /// Takes what was read for a hole, up to this place; `None` if there is nothing any more. Gives what can go out now.
    pub(super) fn fill(&mut self, hole: Hole, upto: Seq, page: Option<Page>, now: Instant) -> Vec<Page> {
        let Some(line) = self.groups.get_mut(&hole.group) else { return Vec::new() };
        // It may have come meanwhile.
        if line.gone != Some(hole.after) {
            return Vec::new();
        }
        line.gone = Some(upto);
        let mut ready: Vec<Page> = page.into_iter().collect();
        ready.extend(line.advance(now, &mut self.waiting_bytes));
        self.note(hole.group);
        ready
    }

    /// Whether something is missing.
    pub(super) fn is_behind(&self) -> bool {
        !self.behind.is_empty()
    }

    /// Forgets groups that nobody wanted for that long, and of which this is not true.
    pub(super) fn forget(
        &mut self,
        idle: Duration,
        now: Instant,
        is_heard: impl Fn(GroupId) -> bool,
    ) -> Vec<GroupId> {
        let is_over = |(group, line): (&GroupId, &Line)| {
            (now >= line.wanted_at + idle && !is_heard(*group)).then_some(*group)
        };
        let over: Vec<GroupId> = self.groups.iter().filter_map(is_over).collect();
        for group in &over {
            self.behind.remove(group);
            if let Some(line) = self.groups.remove(group) {
                self.waiting_bytes -= line.waiting.values().map(bytes).sum::<usize>();
            }
        }
        over
    }

    /// The highest number that is known to be in use in a group.
    pub(super) fn head(&self, group: GroupId) -> Option<Seq> {
        self.groups.get(&group).map(|line| line.head)
    }

    /// All groups.
    pub(super) fn groups(&self) -> impl Iterator<Item = GroupId> {
        self.groups.keys().copied()
    }

    /// How many entries are known of that have not gone out.
    pub(super) fn lag(&self) -> u64 {
        let lag = |line: &Line| (line.head.0 - line.gone.unwrap_or(line.head).0).max(0).unsigned_abs();
        self.behind.iter().filter_map(|group| self.groups.get(group)).map(lag).sum()
    }

    fn note(&mut self, group: GroupId) {
        if self.groups.get(&group).is_some_and(|line| line.behind_since.is_some()) {
            self.behind.insert(group);
        } else if !self.behind.is_empty() {
            self.behind.remove(&group);
        }
    }
}

impl Line {
    /// Takes what can go out now, and notes whether something is missing.
    fn advance(&mut self, now: Instant, waiting_bytes: &mut usize) -> Vec<Page> {
        let Some(mut gone) = self.gone else { return Vec::new() };
        let mut ready = Vec::new();
        while let Some(entry) = self.waiting.first_entry() {
            if *entry.key() > gone.next() {
                break;
            }
            let page = entry.remove();
            *waiting_bytes -= bytes(&page);
            // One that went out in part already is read from the database from where that ended.
            if page.frames.first == gone.next() {
                gone = page.frames.last;
                ready.push(page);
            }
        }
        if self.gone != Some(gone) {
            self.gone = Some(gone);
            // What is missing now is missing since now.
            self.behind_since = None;
        }
        self.behind_since = (self.head > gone).then(|| self.behind_since.unwrap_or(now));
        ready
    }
}

fn bytes(page: &Page) -> usize {
    page.frames.text.len() + page.frames.json.len() + size_of::<Page>()
}

#[cfg(test)]
mod tests;
