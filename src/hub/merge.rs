//! Several batches as one, so that each member gets them in one write.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::{Broadcast, Twins};
use crate::model::GroupId;

/// Bytes of frames, in each mode, up to which batches of a group are laid end to end. A write of this size costs
/// hardly less for each byte than one of any size above.
const MERGED_BYTES_MAX: usize = 256 * 1024;

/// The frames of several batches, in their order, batches of the same group that follow each other merged. Groups
/// that are not `here` are left out.
pub(super) fn merge(batches: &[Arc<[Broadcast]>], is_here: impl Fn(GroupId) -> bool) -> Vec<Broadcast> {
    let mut runs: Vec<Run> = Vec::new();
    let mut newest: HashMap<GroupId, usize> = HashMap::new();
    for frames in batches.iter().flat_map(|batch| batch.iter()).filter(|frames| is_here(frames.group)) {
        match newest.get(&frames.group).and_then(|&index| runs.get_mut(index)) {
            Some(run) if run.takes(frames) => run.add(frames),
            _ => {
                newest.insert(frames.group, runs.len());
                runs.push(Run { text: frames.text.len(), json: frames.json.len(), parts: vec![frames] });
            }
        }
    }
    runs.into_iter().map(Run::into_frames).collect()
}

/// Batches of one group that follow each other.
struct Run<'a> {
    /// At least one.
    parts: Vec<&'a Broadcast>,
    /// Bytes in text mode.
    text: usize,
    /// Bytes in JSON mode.
    json: usize,
}

impl<'a> Run<'a> {
    /// Whether the frames can be sent together with those that are here. Each mode must be there in all or in none,
    /// so that the frames can be counted.
    fn takes(&self, next: &Broadcast) -> bool {
        let last = self.parts[self.parts.len() - 1];
        last.is_stored()
            && next.is_stored()
            && next.first == last.last.next()
            && next.text.is_empty() == last.text.is_empty()
            && next.json.is_empty() == last.json.is_empty()
            && self.text + next.text.len() <= MERGED_BYTES_MAX
            && self.json + next.json.len() <= MERGED_BYTES_MAX
    }

    fn add(&mut self, next: &'a Broadcast) {
        self.text += next.text.len();
        self.json += next.json.len();
        self.parts.push(next);
    }

    fn into_frames(self) -> Broadcast {
        let (first, last) = (self.parts[0], self.parts[self.parts.len() - 1]);
        if self.parts.len() == 1 {
            return first.clone();
        }
        Broadcast {
            last: last.last,
            // Who came in between gets all of it, without a gap before the next.
            as_of: last.as_of,
            messages: self.parts.iter().map(|part| part.messages).sum(),
            text: join(self.text, self.parts.iter().map(|part| &part.text)),
            json: join(self.json, self.parts.iter().map(|part| &part.json)),
            twins: Twins::of_parts(self.parts.iter().copied().map(Broadcast::as_part)),
            ..first.clone()
        }
    }
}

fn join<'a>(length: usize, parts: impl Iterator<Item = &'a Bytes>) -> Bytes {
    let mut joined = BytesMut::with_capacity(length);
    parts.for_each(|part| joined.extend_from_slice(part));
    joined.freeze()
}

#[cfg(test)]
mod tests;
