//! Keeping no more of the logs than is wanted.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::{Chat, ChatResult, clock};
use crate::model::limits::PAGE_ROWS_MAX;
use crate::model::{Group, GroupId, RetentionRule, Seq, Timestamp};
use crate::store::{Cut, CutEnd, Extent, StoreError};

/// Pauses between slices are so many times as long as a slice takes: what is stored meanwhile loses little.
const PAUSE_FACTOR: u32 = 4;
/// Shortest and longest of these pauses.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// Slices of one group after which the others have their turn.
const SLICES_A_TURN: usize = 20;
/// Groups of which it is remembered when their messages were last counted. All are forgotten when there are more.
const COUNTED_MAX: usize = 100_000;
/// A group whose log goes on growing is counted again when it has grown by this part of what it keeps; one that is
/// quiet at the next look. So an entry costs no more than so many steps along the index.
const GROWTH: i64 = 1_000;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct RetainOptions {
    /// What holds wherever a group has no rule of its own.
    pub rule: RetentionRule,
    /// How often it is looked what there is to cut off.
    pub interval: Duration,
}

/// What is remembered from look to look.
#[derive(Default)]
struct Counted(HashMap<GroupId, Count>);

/// When a group's messages were last counted.
#[derive(Clone, Copy)]
struct Count {
    rule: RetentionRule,
    /// The head of the log at that time.
    counted: Seq,
    /// The same at the last look.
    seen: Seq,
}

/// What a look at all groups has come to.
#[derive(Default)]
struct Sum {
    groups: usize,
    messages: usize,
    changes: usize,
    /// Whether there is more to cut off.
    is_unfinished: bool,
}

impl Chat {
    /// The own rule of a group, which the caller may see, about how much of its log is kept.
    ///
    /// # Errors
    /// [`ChatError::Unavailable`](super::ChatError::Unavailable).
    pub async fn retention(&self, group: &Group) -> ChatResult<RetentionRule> {
        Ok(self.store.retention.rule(group.id).await?)
    }

    /// Cuts off what is not to be kept, again and again, until it is cancelled.
    pub async fn retain(self: Arc<Self>, options: RetainOptions, end: CancellationToken) {
        let retaining = async {
            let mut ticks = interval(options.interval);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut counted = Counted::default();
            let mut sum = Sum::default();
            loop {
                if !sum.is_unfinished {
                    ticks.tick().await;
                }
                sum = Sum::default();
                if let Err(error) = self.retain_all(options.rule, &mut counted, &mut sum).await {
                    // While the database is away the writer says so.
                    tracing::debug!(%error, "what is not to be kept stays until the next look");
                }
                if sum.groups > 0 {
                    let Sum { groups, messages, changes, .. } = sum;
                    tracing::info!(groups, messages, changes, "cut off what is not to be kept");
                }
            }
        };
        end.run_until_cancelled(retaining).await;
    }

    /// Looks at all groups that do not keep all.
    async fn retain_all(
        &self,
        general: RetentionRule,
        counted: &mut Counted,
        sum: &mut Sum,
    ) -> ChatResult<()> {
        let mut after = GroupId(0);
        loop {
            let begun = Instant::now();
            let all = !general.keeps_all();
            let page = self.store.retention.extents(after, all, PAGE_ROWS_MAX as u64).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.group;
            for extent in &page {
                let cut = self.retain_group(extent, general, counted, sum).await;
                if let Err(error) = cut {
                    // Somebody may be deleting it; the others have their turn.
                    counted.forget(extent.group);
                    tracing::debug!(group = %extent.group, %error, "a log stays as it is until the next look");
                }
            }
            if page.len() < PAGE_ROWS_MAX {
                return Ok(());
            }
            pause(begun).await;
        }
    }

    /// Cuts off what one group does not keep, slice by slice.
    async fn retain_group(
        &self,
        extent: &Extent,
        general: RetentionRule,
        counted: &mut Counted,
        sum: &mut Sum,
    ) -> ChatResult<()> {
        let group = extent.group;
        let rule = extent.rule.or(general);
        let before = match rule.max_messages.filter(|_| counted.is_due(extent, rule)) {
            Some(count) => self.store.retention.place_of_newest(group, count).await?,
            None => None,
        };
        let before = before.unwrap_or(extent.first).max(extent.first);
        let until = rule.max_age.map(|age| before_now(clock::now(), age));
        let end = CutEnd { before, until };
        if !is_due(extent, end) {
            return Ok(());
        }
        let mut is_cut = false;
        for _ in 0..SLICES_A_TURN {
            let begun = Instant::now();
            let Cut { first, messages, changes } = match self.store.retention.cut(group, end).await {
                Ok(Some(cut)) => cut,
                Ok(None) => return Ok(()),
                // Somebody else needs the same rows for a moment, such as who indexes them for the search.
                Err(StoreError::Unavailable(_)) => {
                    pause(begun).await;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            self.hub.recent().begin_at(group, first);
            sum.groups += usize::from(!std::mem::replace(&mut is_cut, true));
            sum.messages += messages;
            sum.changes += changes;
            pause(begun).await;
            // Whoever wants to keep more from now on is not told in vain.
            if self.store.retention.rule(group).await? != extent.rule {
                break;
            }
        }
        sum.is_unfinished |= is_cut;
        counted.forget(group);
        Ok(())
    }
}

/// Whether there is something before this end.
fn is_due(extent: &Extent, end: CutEnd) -> bool {
    extent.oldest.is_some_and(|(seq, at)| seq < end.before || end.until.is_some_and(|until| at <= until))
}

/// The time so long before `now`.
fn before_now(now: Timestamp, age: Duration) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(age.as_micros()).unwrap_or(i64::MAX)))
}

async fn pause(begun: Instant) {
    sleep((begun.elapsed() * PAUSE_FACTOR).clamp(PAUSE_MIN, PAUSE_MAX)).await;
}

impl Counted {
    /// Whether the messages of a group are to be counted now.
    fn is_due(&mut self, extent: &Extent, rule: RetentionRule) -> bool {
        let max = i64::from(rule.max_messages.map_or(0, |max| max.get()));
        if extent.head.0 - extent.first.0 < max {
            return false;
        }
        if self.0.len() >= COUNTED_MAX && !self.0.contains_key(&extent.group) {
            self.0.clear();
        }
        let head = extent.head;
        let new = Count { rule, counted: head, seen: head };
        match self.0.get_mut(&extent.group) {
            Some(count) if count.rule == rule => {
                let growth = head.0 - count.counted.0;
                let is_due = growth > 0 && (count.seen == head || growth > max / GROWTH);
                count.seen = head;
                if is_due {
                    *count = new;
                }
                is_due
            }
            _ => {
                self.0.insert(extent.group, new);
                true
            }
        }
    }

    /// At the next look they are.
    fn forget(&mut self, group: GroupId) {
        self.0.remove(&group);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::{COUNTED_MAX, Counted};
    use crate::model::{GroupId, RetentionRule, Seq};
    use crate::store::Extent;

    fn keep(count: u32) -> RetentionRule {
        RetentionRule { max_messages: NonZeroU32::new(count), max_age: None }
    }

    fn is_due(counted: &mut Counted, group: i64, head: i64, keeps: u32) -> bool {
        let (group, rule) = (GroupId(group), RetentionRule::default());
        let extent = Extent { group, rule, first: Seq(1), head: Seq(head), oldest: None };
        counted.is_due(&extent, keep(keeps))
    }

    #[test]
    fn messages_are_counted_when_there_may_be_too_many() {
        let mut counted = Counted::default();
        let mut look = |head, keeps| is_due(&mut counted, 1, head, keeps);
        // So many entries are no more messages.
        assert!(!look(5, 5));
        assert!(look(6, 5));
        assert!(!look(6, 5), "nothing was added");
        assert!(look(7, 5));
        assert!(look(7, 4), "another rule");
    }

    #[test]
    fn a_busy_group_is_counted_when_it_has_grown_enough_and_a_quiet_one_in_the_end() {
        let mut counted = Counted::default();
        let mut look = |head| is_due(&mut counted, 1, head, 10_000);
        assert!(look(20_000));
        assert_eq!([20_003, 20_007, 20_010].map(&mut look), [false; 3]);
        assert!(look(20_011));
        assert!(!look(20_012));
        assert!(look(20_012), "quiet");
        assert!(!look(20_012));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut counted = Counted::default();
        for group in 0..COUNTED_MAX as i64 + 10 {
            assert!(is_due(&mut counted, group, 9, 1));
        }
        assert_eq!(counted.0.len(), 10);
    }
}
