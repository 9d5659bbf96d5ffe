//! How much of the logs is kept.

use std::num::NonZeroU32;

use super::Asked;
use crate::model::{GroupId, RetentionRule, Seq, Timestamp};

/// Cutting off the beginnings of logs. An entry goes with all that is kept of it but its `client_id`, which
/// [`find_sent`](super::MessageLog::find_sent) goes on to know; its numbers are never given again.
///
/// A group's own rule is changed by [`Moderation::change_group`](super::Moderation::change_group).
pub trait Retention: Send + Sync + 'static {
    /// The group's own rule; the default where it has none, or is not there.
    fn rule(&self, group: GroupId) -> Asked<'_, RetentionRule>;

    /// Where the group's log begins: 1 until something is cut off, and for a group that is not there.
    fn first_seq(&self, group: GroupId) -> Asked<'_, Seq>;

    /// What there is to cut in groups above `after` in ascending order of `id`, at most
    /// [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) or `limit` of them: `all`, or those with a rule of their
    /// own.
    fn extents(&self, after: GroupId, all: bool, limit: u64) -> Asked<'_, Vec<Extent>>;

    /// The place of the `count`th newest message; `None` if there are fewer. Takes time that grows with `count`.
    fn place_of_newest(&self, group: GroupId, count: NonZeroU32) -> Asked<'_, Option<Seq>>;

    /// Cuts off some of what is before `end`: at most [`PAGE_ROWS_MAX`](crate::model::limits::PAGE_ROWS_MAX) entries,
    /// and none after the one that brings the contents to [`PAGE_BYTES_MAX`](crate::model::limits::PAGE_BYTES_MAX).
    /// `None` if there is nothing.
    ///
    /// # Errors
    /// `StoreError::Unavailable` also where somebody else is deleting the same: nothing was cut then.
    fn cut(&self, group: GroupId, end: CutEnd) -> Asked<'_, Option<Cut>>;
}

/// From where to where a group's log goes, and how much of it the group itself keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The group.
    pub group: GroupId,
    /// Its own rule.
    pub rule: RetentionRule,
    /// Where the log begins.
    pub first: Seq,
    /// The highest `seq` in use; 0 without any.
    pub head: Seq,
    /// The lowest `seq` that is there, and its time. It is below `first` where a batch was stored anew, its outcome
    /// being unknown, after it was cut off.
    pub oldest: Option<(Seq, Timestamp)>,
}

/// How far to cut: the entries before the first that is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CutEnd {
    /// All with a lower `seq`.
    pub before: Seq,
    /// Those that are no younger; `None`: none for their age.
    pub until: Option<Timestamp>,
}

/// What was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Where the log begins from now on.
    pub first: Seq,
    /// How many messages have gone.
    pub messages: usize,
    /// How many changes.
    pub changes: usize,
}
