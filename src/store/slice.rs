//! The part of a log that is cut off in one transaction.

use super::retention::{Cut, CutEnd};
use crate::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use crate::model::{GroupId, MessageId, Seq, Timestamp};

/// What has to be known of an entry before it goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Old {
    pub(super) seq: Seq,
    pub(super) created_at: Timestamp,
    /// Of a message its number and the bytes of its content.
    pub(super) message: Option<(MessageId, usize)>,
}

/// Entries that go together.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Slice {
    pub(super) group: GroupId,
    /// What is left begins here.
    pub(super) first: Seq,
    /// The messages among them, in ascending order.
    pub(super) messages: Vec<MessageId>,
    pub(super) changes: usize,
    /// The latest time of any of them.
    pub(super) last_at: Timestamp,
}

impl Slice {
    /// What goes of the oldest messages and changes of a group, as many as go at most of each, in the order of their
    /// places; `None` if nothing does.
    pub(super) fn of(
        group: GroupId,
        messages: Vec<Old>,
        changes: Vec<Old>,
        CutEnd { before, until }: CutEnd,
    ) -> Option<Self> {
        let mut entries = [messages, changes].concat();
        entries.sort_unstable_by_key(|entry| entry.seq);
        let is_due = |entry: &Old| entry.seq < before || until.is_some_and(|until| entry.created_at <= until);
        let (mut gone, mut bytes) = (Vec::new(), 0);
        for entry in entries.iter().take(PAGE_ROWS_MAX).take_while(|entry| is_due(entry)) {
            if bytes >= PAGE_BYTES_MAX {
                break;
            }
            bytes += entry.message.map_or(0, |(_, bytes)| bytes);
            gone.push(entry);
        }
        let messages: Vec<MessageId> = gone.iter().filter_map(|entry| Some(entry.message?.0)).collect();
        Some(Self {
            group,
            first: gone.last()?.seq.next(),
            changes: gone.len() - messages.len(),
            messages,
            last_at: gone.iter().map(|entry| entry.created_at).max()?,
        })
    }

    /// The highest number of a message in it; 0 without any.
    pub(super) fn last_message(&self) -> i64 {
        self.messages.iter().map(|id| id.0).max().unwrap_or_default()
    }

    /// What was cut off by cutting off this, of a log that begins at `first` then.
    pub(super) fn cut(&self, first: Seq) -> Cut {
        Cut { first, messages: self.messages.len(), changes: self.changes }
    }
}

#[cfg(test)]
mod tests {
    use super::{Old, Slice};
    use crate::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
    use crate::model::{GroupId, MessageId, Seq, Timestamp};
    use crate::store::retention::CutEnd;

    /// Messages with this many bytes where `seq` is odd, changes elsewhere; each at the time of its `seq`.
    fn log(count: i64, bytes: usize) -> (Vec<Old>, Vec<Old>) {
        let entry = |seq| Old {
            seq: Seq(seq),
            created_at: Timestamp(seq),
            message: (seq % 2 == 1).then_some((MessageId(seq), bytes)),
        };
        (1..=count).map(entry).partition(|entry| entry.message.is_some())
    }

    fn slice(log: (Vec<Old>, Vec<Old>), before: i64, until: Option<i64>) -> Option<(i64, usize, usize, i64)> {
        let end = CutEnd { before: Seq(before), until: until.map(Timestamp) };
        let slice = Slice::of(GroupId(1), log.0, log.1, end)?;
        assert_eq!(slice.last_at.0, slice.first.0 - 1);
        Some((slice.first.0, slice.messages.len(), slice.changes, slice.last_message()))
    }

    #[test]
    fn what_is_before_the_end_or_too_old_goes() {
        assert_eq!(slice(log(9, 1), 1, None), None);
        assert_eq!(slice(log(9, 1), 4, None), Some((4, 2, 1, 3)));
        assert_eq!(slice(log(9, 1), 1, Some(4)), Some((5, 2, 2, 3)));
        assert_eq!(slice(log(9, 1), 3, Some(4)), Some((5, 2, 2, 3)));
        assert_eq!(slice(log(9, 1), 7, Some(4)), Some((7, 3, 3, 5)));
        assert_eq!(slice(log(9, 1), 99, Some(99)), Some((10, 5, 4, 9)));
        assert_eq!(slice(log(0, 1), 99, Some(99)), None);
    }

    #[test]
    fn so_much_goes_at_once_and_no_more() {
        let all = PAGE_ROWS_MAX as i64;
        let half = PAGE_ROWS_MAX / 2;
        assert_eq!(slice(log(2 * all, 1), 2 * all, None), Some((all + 1, half, half, all - 1)));
        assert_eq!(slice(log(9, PAGE_BYTES_MAX), 9, None), Some((2, 1, 0, 1)));
        assert_eq!(slice(log(9, PAGE_BYTES_MAX / 2), 9, None), Some((4, 2, 1, 3)));
        assert_eq!(slice(log(9, PAGE_BYTES_MAX / 2 + 1), 9, None), Some((4, 2, 1, 3)));
    }

    #[test]
    fn an_old_entry_behind_a_younger_one_waits_for_it() {
        let mut log = log(5, 1);
        log.0[1].created_at = Timestamp(100);
        assert_eq!(slice(log, 1, Some(50)), Some((3, 1, 1, 1)));
    }
}
