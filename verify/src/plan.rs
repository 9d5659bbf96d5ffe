//! What befalls the servers of a run, and when. Pure.

use std::time::Duration;

use groupcast_kit::random::Random;

use crate::trouble::Trouble;

/// How long what lasts for a while does so.
const LASTS_MIN: Duration = Duration::from_secs(1);
const FREEZE_MAX: Duration = Duration::from_secs(8);
const AWAY_MAX: Duration = Duration::from_secs(10);
/// It lasts for one in so many parts of the time of sending at most, so that short runs have time without trouble.
const SENDING_PARTS: u32 = 4;

/// One trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    /// From the beginning of sending. It begins later if it has to wait for others to end.
    pub(crate) at: Duration,
    pub(crate) trouble: Trouble,
    /// How long, if it lasts.
    pub(crate) lasts: Duration,
}

/// So many kills, and so many of these other troubles, at random moments of `sending`, earliest first. Each of the
/// others comes as often as any, or once more.
pub(crate) fn draw(
    kills: usize,
    count: usize,
    kinds: &[Trouble],
    sending: Duration,
    random: &mut Random,
) -> Vec<Planned> {
    let offset = random.size(kinds.len().max(1));
    let others = kinds.iter().cycle().skip(offset).take(count);
    let troubles = std::iter::repeat_n(Trouble::Kill, kills).chain(others.copied());
    let mut plan: Vec<Planned> = troubles
        .map(|trouble| {
            let most = if trouble == Trouble::Freeze { FREEZE_MAX } else { AWAY_MAX };
            let most = most.min(sending / SENDING_PARTS).max(LASTS_MIN);
            let lasts = LASTS_MIN + random.time_below(most - LASTS_MIN);
            Planned { at: random.time_below(sending), trouble, lasts }
        })
        .collect();
    plan.sort_by_key(|planned| planned.at);
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn troubles_are_spread_evenly_over_kinds_and_time() {
        let sending = Duration::from_secs(20);
        let draw = |seed| draw(5, 20, &Trouble::DRAWN, sending, &mut Random::new(seed));
        let plan = draw(1);
        assert_eq!(plan, draw(1), "they follow from the seed");
        assert!(plan.is_sorted_by_key(|planned| planned.at));
        let count = |kind| plan.iter().filter(|planned| planned.trouble == kind).count();
        assert_eq!(count(Trouble::Kill), 5);
        assert!(Trouble::DRAWN.into_iter().all(|kind| (2..=3).contains(&count(kind))), "{plan:?}");
        for planned in plan {
            assert!(planned.at < sending);
            assert!((LASTS_MIN..=Duration::from_secs(5)).contains(&planned.lasts), "{planned:?}");
        }
    }

    #[test]
    fn there_may_be_nothing() {
        assert_eq!(draw(0, 3, &[], Duration::from_secs(1), &mut Random::new(1)), []);
    }
}
