//! Times of trouble, and whether something fell into one. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// How long after the end of a trouble what it has held up may take.
const AFTER: Duration = Duration::from_secs(3);

/// The troubles that one server, or NATS, has had.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spell {
    /// Those under way.
    open: u32,
    last_end: Option<Instant>,
}

impl Spell {
    /// One begins.
    pub(crate) fn begin(&mut self) {
        self.open += 1;
    }

    /// One ends.
    pub(crate) fn end(&mut self, now: Instant) {
        self.open = self.open.saturating_sub(1);
        self.last_end = Some(now);
    }

    /// Whether nothing between `since` and now fell into a trouble, or into the three seconds after one.
    pub(crate) fn was_calm(&self, since: Instant) -> bool {
        self.open == 0 && self.last_end.is_none_or(|end| end + AFTER < since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_reaches_three_seconds_beyond_its_end() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut spell = Spell::default();
        assert!(spell.was_calm(at(0)));
        spell.begin();
        spell.begin();
        spell.end(at(1));
        assert!(!spell.was_calm(at(9)), "one is under way");
        spell.end(at(10));
        assert!(!spell.was_calm(at(9)) && !spell.was_calm(at(13)));
        assert!(spell.was_calm(at(14)));
    }
}
