//! Where a receiver stands in a group.

use crate::ids::Seq;

/// Where a receiver stands in a group: what it has accepted, and what its subscription was shown.
///
/// The first follows the rule for clients: accept only what comes right after the last, ask again from there
/// when there is a hole. A hole that is still there when it was asked about is passed over, for asking once
/// more would bring the same. The second checks the server, which must not rely on that rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// The last place accepted.
    last: Seq,
    /// The place after which this subscription has begun; `None` before that.
    began: Option<Seq>,
    /// The last place that this subscription was shown, or has begun after.
    shown: Option<Seq>,
}

/// What a client does with an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Takes it.
    Accept,
    /// Drops it, having had it.
    Drop,
    /// Drops it and asks for what is missing before it.
    Ask,
}

/// What an entry says about the server's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// It is the next of its subscription.
    Next,
    /// It comes after a later one, or a second time.
    Back,
    /// It comes before this many others that should have come first.
    Ahead(u64),
    /// There is no subscription.
    Unasked,
}

impl Cursor {
    /// The last place accepted.
    pub(crate) fn last(&self) -> Seq {
        self.last
    }

    /// A subscription has begun, or goes on, after this place.
    pub(crate) fn goes_on_after(&mut self, place: Seq) {
        self.began = Some(place);
        self.shown = Some(place);
    }

    /// The socket is gone.
    pub(crate) fn disconnected(&mut self) {
        self.began = None;
        self.shown = None;
    }

    /// Takes an entry at this place.
    pub(crate) fn entry(&mut self, seq: Seq) -> (Step, Order) {
        let order = match self.shown {
            None => Order::Unasked,
            Some(shown) if seq == shown.next() => Order::Next,
            Some(shown) if seq <= shown => Order::Back,
            Some(shown) => Order::Ahead(seq.0.abs_diff(shown.0) - 1),
        };
        let begins_here = self.began == Some(self.last) && self.shown == self.began;
        self.shown = self.shown.max(Some(seq));
        let step = if seq <= self.last {
            Step::Drop
        } else if seq == self.last.next() || begins_here {
            self.last = seq;
            Step::Accept
        } else {
            Step::Ask
        };
        (step, order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(last: i64, shown: i64) -> Cursor {
        Cursor { last: Seq(last), began: Some(Seq(0)), shown: Some(Seq(shown)) }
    }

    #[test]
    fn the_next_is_accepted() {
        let mut cursor = at(3, 3);
        assert_eq!(cursor.entry(Seq(4)), (Step::Accept, Order::Next));
        assert_eq!(cursor, at(4, 4));
    }

    #[test]
    fn a_second_time_is_a_fault_and_dropped() {
        let mut cursor = at(3, 3);
        assert_eq!(cursor.entry(Seq(3)), (Step::Drop, Order::Back));
        assert_eq!(cursor.entry(Seq(1)), (Step::Drop, Order::Back));
        assert_eq!(cursor, at(3, 3));
    }

    #[test]
    fn a_hole_is_a_fault_and_asked_about() {
        let mut cursor = at(3, 3);
        assert_eq!(cursor.entry(Seq(6)), (Step::Ask, Order::Ahead(2)));
        assert_eq!(cursor, at(3, 6));
    }

    #[test]
    fn a_hole_that_stays_is_passed_over() {
        let mut cursor = at(3, 3);
        assert_eq!(cursor.entry(Seq(6)), (Step::Ask, Order::Ahead(2)));
        cursor.goes_on_after(Seq(3));
        assert_eq!(cursor.entry(Seq(6)), (Step::Accept, Order::Ahead(2)));
        assert_eq!(cursor.last(), Seq(6));
    }

    #[test]
    fn a_subscription_that_begins_later_is_no_fault() {
        let mut cursor = at(3, 9);
        assert_eq!(cursor.entry(Seq(10)), (Step::Ask, Order::Next));
        cursor.goes_on_after(Seq(3));
        assert_eq!(cursor.entry(Seq(4)), (Step::Accept, Order::Next));
    }

    #[test]
    fn a_subscription_that_begins_earlier_is_no_fault() {
        let mut cursor = at(3, 3);
        cursor.goes_on_after(Seq(1));
        assert_eq!(cursor.entry(Seq(2)), (Step::Drop, Order::Next));
        assert_eq!(cursor.last(), Seq(3));
    }

    #[test]
    fn without_a_subscription_there_are_no_messages() {
        let mut cursor = at(3, 3);
        cursor.disconnected();
        assert_eq!(cursor.entry(Seq(4)), (Step::Accept, Order::Unasked));
    }
}
