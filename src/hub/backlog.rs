//! What a socket has not taken yet.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

use super::Kind;
use crate::model::{GroupId, Seq};

/// Buffers that wait, and what was dropped because there were too many.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    queue: VecDeque<(Bytes, Kind)>,
    /// Bytes in `queue`.
    bytes: usize,
    /// Whether the first buffer is partly sent.
    begun: bool,
    /// Groups whose messages were dropped, with the first `seq` each.
    dropped: Vec<(GroupId, Seq)>,
}

impl Backlog {
    /// Whether nothing waits and nobody has to be told of anything dropped.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.dropped.is_empty()
    }

    /// Bytes that wait.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Adds frames; `begun` if their start is sent, which can only be when nothing waits.
    pub(super) fn push(&mut self, frames: Bytes, kind: Kind, begun: bool) {
        if !frames.is_empty() {
            self.bytes += frames.len();
            self.begun |= begun;
            self.queue.push_back((frames, kind));
        }
    }

    /// What is to be sent next, as far as there are slices for it; answers how many are used.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut count = 0;
        for (slice, (buffer, _)) in slices.iter_mut().zip(&self.queue) {
            *slice = IoSlice::new(buffer);
            count += 1;
        }
        count
    }

    /// So many bytes were sent.
    pub(super) fn advance(&mut self, mut taken: usize) {
        self.bytes -= taken;
        while let Some((front, _)) = self.queue.front_mut() {
            if taken < front.len() {
                self.begun |= taken > 0;
                front.advance(taken);
                return;
            }
            taken -= front.len();
            self.queue.pop_front();
            self.begun = false;
        }
    }

    /// Drops and notes the messages that wait, and drops what is not stored, but for what is partly sent.
    pub(super) fn drop_messages(&mut self) {
        let first = usize::from(self.begun);
        for index in first..self.queue.len() {
            if let Kind::Stored(group, seq) = self.queue[index].1 {
                self.note_dropped(group, seq);
            }
        }
        self.retain(|kind| kind == Kind::Reply);
    }

    /// Drops the messages of a group, but for one that is partly sent, without noting it.
    pub(super) fn forget(&mut self, group: GroupId) {
        self.retain(|kind| !matches!(kind, Kind::Stored(of, _) if of == group));
    }

    /// Messages of the group were dropped, the first of them with this `seq`.
    pub(super) fn note_dropped(&mut self, group: GroupId, first: Seq) {
        match self.dropped.iter_mut().find(|(known, _)| *known == group) {
            Some((_, known)) => *known = first.min(*known),
            None => self.dropped.push((group, first)),
        }
    }

    /// The groups whose messages were dropped since the last call, each with the first `seq` dropped.
    pub(super) fn take_dropped(&mut self) -> Vec<(GroupId, Seq)> {
        std::mem::take(&mut self.dropped)
    }

    fn retain(&mut self, wanted: impl Fn(Kind) -> bool) {
        let mut is_begun = self.begun;
        self.queue.retain(|&(_, kind)| std::mem::take(&mut is_begun) || wanted(kind));
        self.bytes = self.queue.iter().map(|(bytes, _)| bytes.len()).sum();
    }
}
