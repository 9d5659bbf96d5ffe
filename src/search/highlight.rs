//! Where in a content something was found.

/// Highlights of one content; further ones are left out.
pub const HIGHLIGHTS_MAX: usize = 1_000;

/// A range of a content, in Unicode code points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Highlight {
    /// Code points before it.
    pub start: u32,
    /// Code points in it, at least 1.
    pub length: u32,
}

impl Highlight {
    /// The first code point behind it.
    pub fn end(&self) -> u32 {
        self.start + self.length
    }
}

/// Puts ranges in their order, and makes one of those that overlap.
pub(super) fn merge(mut ranges: Vec<Highlight>) -> Vec<Highlight> {
    ranges.sort_unstable();
    ranges.dedup_by(|next, before| {
        let overlaps = next.start < before.end();
        if overlaps {
            before.length = before.end().max(next.end()) - before.start;
        }
        overlaps
    });
    ranges.truncate(HIGHLIGHTS_MAX);
    ranges
}
