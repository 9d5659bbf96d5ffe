use tokio::time::{Duration, Instant};

use super::{Hole, Lines};
use crate::hub::{Broadcast, Page, Readers};
use crate::model::{GroupId, Seq};

const GROUP: GroupId = GroupId(1);
const PATIENCE: Duration = Duration::from_millis(50);

fn page(first: i64, last: i64) -> Page {
    let frames = Broadcast {
        first: Seq(first),
        last: Seq(last),
        ..Broadcast::ephemeral(GROUP, "t".into(), "j".into(), Readers::All)
    };
    Page { frames, rewrites: false }
}

fn spans(pages: Vec<Page>) -> Vec<(i64, i64)> {
    pages.iter().map(|page| (page.frames.first.0, page.frames.last.0)).collect()
}

fn lines(head: i64, now: Instant) -> Lines {
    let mut lines = Lines::default();
    assert!(lines.open(GROUP, now) && !lines.open(GROUP, now));
    lines.start(GROUP, Seq(head), now);
    lines
}

#[test]
fn pages_go_out_in_order_and_once() {
    let now = Instant::now();
    let mut lines = lines(3, now);
    assert_eq!(spans(lines.offer(page(4, 5), now)), [(4, 5)]);
    assert_eq!(spans(lines.offer(page(4, 5), now)), [], "once more");
    assert_eq!(spans(lines.offer(page(9, 9), now)), [], "too early");
    assert_eq!(spans(lines.offer(page(7, 8), now)), []);
    assert_eq!(spans(lines.offer(page(6, 6), now)), [(6, 6), (7, 8), (9, 9)]);
    assert_eq!((lines.lag(), lines.waiting_bytes), (0, 0));
    assert_eq!(lines.holes(Duration::ZERO, now), []);
}

#[test]
fn what_came_before_the_beginning_was_known_is_kept() {
    let now = Instant::now();
    let mut lines = Lines::default();
    assert_eq!(spans(lines.offer(page(4, 4), now)), [], "nobody listens");
    lines.open(GROUP, now);
    assert_eq!(lines.want(GROUP, now), None);
    assert_eq!(spans(lines.offer(page(5, 5), now)), []);
    assert_eq!(spans(lines.offer(page(6, 7), now)), []);
    let (ready, gone) = lines.start(GROUP, Seq(5), now);
    assert_eq!((spans(ready), gone), (vec![(6, 7)], Some(Seq(7))));
    assert_eq!(lines.want(GROUP, now), Some(Seq(7)));
}

#[test]
fn a_hole_is_filled_unless_it_closes_by_itself() {
    let now = Instant::now();
    let mut lines = lines(0, now);
    lines.offer(page(3, 4), now);
    assert_eq!(lines.holes(PATIENCE, now), []);
    let hole = Hole { group: GROUP, after: Seq(0), last: Seq(2) };
    assert_eq!(lines.holes(PATIENCE, now + PATIENCE), [hole]);
    assert_eq!(spans(lines.fill(hole, Seq(2), Some(page(1, 2)), now)), [(1, 2), (3, 4)]);
    assert_eq!(spans(lines.fill(hole, Seq(2), Some(page(1, 2)), now)), [], "it has come meanwhile");
    assert_eq!(lines.holes(Duration::ZERO, now), []);

    // A lost last page is known by the head.
    lines.moved(GROUP, Seq(6), now);
    let hole = Hole { group: GROUP, after: Seq(4), last: Seq(6) };
    assert_eq!((lines.holes(PATIENCE, now + PATIENCE), lines.lag()), (vec![hole], 2));
    // In parts; of the rest there is nothing any more.
    assert_eq!(spans(lines.fill(hole, Seq(5), Some(page(5, 5)), now)), [(5, 5)]);
    let rest = Hole { group: GROUP, after: Seq(5), last: Seq(6) };
    assert_eq!(lines.holes(PATIENCE, now + PATIENCE), [rest]);
    assert_eq!(spans(lines.fill(rest, Seq(6), None, now)), []);
    assert_eq!(spans(lines.offer(page(7, 7), now)), [(7, 7)]);
}

#[test]
fn a_page_of_which_a_part_went_out_is_read_anew() {
    let now = Instant::now();
    let mut lines = lines(0, now);
    let hole = Hole { group: GROUP, after: Seq(0), last: Seq(3) };
    lines.moved(GROUP, Seq(3), now);
    lines.fill(hole, Seq(2), Some(page(1, 2)), now);
    assert_eq!(spans(lines.offer(page(1, 5), now)), []);
    let rest = Hole { group: GROUP, after: Seq(2), last: Seq(5) };
    assert_eq!(lines.holes(PATIENCE, now + PATIENCE), [rest]);
}

#[test]
fn groups_that_nobody_wants_are_forgotten() {
    let now = Instant::now();
    let mut lines = lines(0, now);
    lines.offer(page(2, 2), now);
    let idle = Duration::from_secs(60);
    assert_eq!(lines.forget(idle, now + idle / 2, |_| false), []);
    assert_eq!(lines.forget(idle, now + idle, |_| true), []);
    assert_eq!(lines.forget(idle, now + idle, |_| false), [GROUP]);
    assert_eq!((lines.groups().count(), lines.waiting_bytes), (0, 0));
}
