use std::sync::Arc;

use groupcast_kit::random::{self, Random};

use super::*;
use crate::model::{Group, JoinPolicy, User, UserId};

fn message(group: i64, at: i64) -> Ready {
    Ready {
        group: Arc::new(Group {
            id: GroupId(group),
            name: "g".into(),
            is_private: false,
            topic: "".into(),
            join: JoinPolicy::Open,
        }),
        user: Arc::new(User {
            id: UserId(1),
            username: "u".into(),
            email: "u@e.org".into(),
            is_admin: false,
        }),
        kind: ReadyKind::Message { content: "".into(), details: None },
        client_id: None,
        received_at: Timestamp(at),
    }
}

fn numbers(numbered: &Numbered) -> Vec<(i64, i64, i64, i64)> {
    numbered.batch.messages.iter().map(|m| (m.id.0, m.group.id.0, m.seq.0, m.created_at.0)).collect()
}

#[test]
fn each_group_counts_on_its_own_and_time_ascends() {
    let mut numbering = Numbering::new(MessageId(10), Timestamp(100));
    let batch = [message(1, 50), message(2, 200), message(1, 200)];
    assert_eq!(numbering.unknown(batch.iter().map(|ready| ready.group.id)), [GroupId(1), GroupId(2)]);
    numbering.learn(GroupId(1), Seq(7));
    numbering.learn(GroupId(2), Seq(0));
    let numbered = numbering.number(batch.into_iter());
    assert_eq!(numbers(&numbered), [(11, 1, 8, 101), (12, 2, 1, 200), (13, 1, 9, 201)]);
}

#[test]
fn a_batch_that_was_not_stored_leaves_no_hole() {
    let mut numbering = Numbering::default();
    numbering.learn(GroupId(1), Seq(0));
    let lost = numbering.number([message(1, 1), message(1, 2)].into_iter());
    let stored = numbering.number([message(1, 3)].into_iter());
    assert_eq!(numbers(&stored)[0].0, numbers(&lost)[0].0);
    numbering.advance(&stored.batch);
    let next = numbering.number([message(1, 4)].into_iter());
    assert_eq!(numbers(&next), [(2, 1, 2, 4)]);
}

/// Whichever batches are stored, and whenever the writer begins anew, numbers go on as one would count them.
fn play(seed: u64) {
    let mut random = Random::new(seed);
    let (mut last_id, mut last_at) = (random.below(100) as i64, random.below(100) as i64);
    let mut heads = [0; 4].map(|_| random.below(3) as i64);
    let mut numbering = Numbering::new(MessageId(last_id), Timestamp(last_at));
    let mut known = [false; 4];
    for _ in 0..random.below(30) {
        if random.below(10) == 0 {
            numbering = Numbering::new(MessageId(last_id), Timestamp(last_at));
            known = [false; 4];
        }
        let batch: Vec<Ready> =
            (0..random.below(8)).map(|_| message(random.below(4) as i64, random.below(200) as i64)).collect();
        let mut unknown: Vec<usize> =
            batch.iter().map(|m| m.group.id.0 as usize).filter(|&group| !known[group]).collect();
        unknown.sort_unstable();
        unknown.dedup();
        let asked = numbering.unknown(batch.iter().map(|ready| ready.group.id));
        assert_eq!(asked, unknown.iter().map(|&g| GroupId(g as i64)).collect::<Vec<_>>(), "seed {seed}");
        for group in unknown {
            numbering.learn(GroupId(group as i64), Seq(heads[group]));
            known[group] = true;
        }

        let (mut id, mut at, mut seqs) = (last_id, last_at, heads);
        let expected: Vec<_> = batch
            .iter()
            .map(|m| {
                let group = m.group.id.0 as usize;
                id += 1;
                at = if m.received_at.0 > at { m.received_at.0 } else { at + 1 };
                seqs[group] += 1;
                (id, group as i64, seqs[group], at)
            })
            .collect();
        let numbered = numbering.number(batch.into_iter());
        assert_eq!(numbers(&numbered), expected, "seed {seed}");
        if random.below(3) > 0 {
            numbering.advance(&numbered.batch);
            (last_id, last_at, heads) = (id, at, seqs);
        }
    }
}

#[test]
fn numbers_are_those_of_counting() {
    random::seeds(5_000).for_each(play);
}
