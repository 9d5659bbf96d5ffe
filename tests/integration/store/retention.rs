//! What is cut off a log, and what is still known of it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use groupcast::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use groupcast::model::{ChangeKind, Entry, GroupId, Message, MessageId, RetentionRule, Seq, Timestamp};
use groupcast::store::{Cut, CutEnd, Extent, GroupChange, LogBatch, Sent, SentKey, Store, StoreError};
use groupcast_kit::random::{Random, seeds};

use super::chronicle::Chronicle;
use super::log::happen;
use super::{NOW, batch, group, message, user};

/// All before this place.
fn before(seq: i64) -> CutEnd {
    CutEnd { before: Seq(seq), until: None }
}

/// Cuts until there is nothing more to cut; gives how much went each time.
pub(super) async fn cut_all(store: &Store, group: GroupId, end: CutEnd) -> Vec<Cut> {
    let mut cuts = Vec::new();
    loop {
        match store.retention.cut(group, end).await {
            Ok(Some(cut)) => cuts.push(cut),
            Ok(None) => return cuts,
            // What is being indexed is not waited for.
            Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn rule(max_age_s: Option<u64>, max_messages: Option<u32>) -> RetentionRule {
    RetentionRule {
        max_age: max_age_s.map(Duration::from_secs),
        max_messages: max_messages.and_then(NonZeroU32::new),
    }
}

async fn set_rule(store: &Store, group: GroupId, rule: RetentionRule) {
    let change = GroupChange { retention: Some(rule), ..GroupChange::default() };
    store.moderation.change_group(group, change).await.unwrap().unwrap();
}

on_both! {
    async fn what_is_left_is_what_a_naive_model_leaves(backend: Backend) {
        let seed = seeds(1).next().unwrap();
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let mut store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let group = chronicle.group.id;
        for round in 0..40 {
            let stored = chronicle.last_id();
            for _ in 0..1 + random.below(12) {
                happen(&mut chronicle, &mut random, stored);
            }
            chronicle.commit(&store).await;
            if random.chance(40) {
                let head = chronicle.head();
                let (place, age) = (random.below(head as u64 + 3) as i64, random.below(head as u64 + 3) as i64);
                let until = random.chance(50).then_some(Timestamp(NOW.0 + age));
                let end = CutEnd { before: Seq(if random.chance(50) { place } else { 0 }), until };
                let first = end.before.0.max(until.map_or(0, |until| until.0 - NOW.0 + 1)).min(head + 1);
                let cuts = cut_all(&store, group, end).await;
                assert_eq!(cuts.last().map(|cut| cut.first.0), (first > chronicle.first.0).then_some(first));
                chronicle.first = chronicle.first.max(Seq(first));
            }
            let count = NonZeroU32::new(1 + random.below(20) as u32).unwrap();
            let newest = chronicle.messages().into_iter().rev().nth(count.get() as usize - 1);
            let place = store.retention.place_of_newest(group, count).await.unwrap();
            assert_eq!(place, newest.map(|message| message.seq));
            assert_eq!(store.retention.first_seq(group).await.unwrap(), chronicle.first);
            let extents = store.retention.extents(GroupId(0), true, 9).await.unwrap();
            let oldest = chronicle.entries().first().map(|entry| (entry.seq(), Timestamp(NOW.0 + entry.seq().0)));
            let (head, first, rule) = (Seq(chronicle.head()), chronicle.first, RetentionRule::default());
            assert_eq!(extents, [Extent { group, rule, first, head, oldest }]);
            if round % 8 == 0 {
                chronicle.check(&store).await;
            }
        }
        chronicle.check(&store).await;
        store.lifecycle.close().await.unwrap();
        store = backend.open().await;
        chronicle.check(&store).await;
        // All of it.
        cut_all(&store, group, before(i64::MAX)).await;
        chronicle.first = Seq(chronicle.head() + 1);
        chronicle.check(&store).await;
        let own = store.moderation.own_groups(chronicle.alice.id).await.unwrap();
        assert!(own.iter().all(|own| own.head.0 == chronicle.head() && own.last_message.is_none()));
        let alice = chronicle.alice.clone();
        chronicle.say(&alice, "the next", None);
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
    }

    async fn a_slice_is_bounded_in_entries_and_in_bytes(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let alice = chronicle.alice.clone();
        let first = chronicle.say(&alice, "first", None);
        chronicle.commit(&store).await;
        for n in 2..=1_300 {
            match n % 3 {
                0 => _ = chronicle.react(&alice, first, "+1", n % 2 == 0),
                _ => _ = chronicle.say(&alice, "x", None),
            }
        }
        chronicle.commit(&store).await;
        let megabyte = "x".repeat(1 << 20);
        for _ in 0..6 {
            chronicle.say(&alice, &megabyte, None);
        }
        chronicle.commit(&store).await;
        let group = chronicle.group.id;
        let cuts = cut_all(&store, group, before(1_300)).await;
        let firsts: Vec<i64> = cuts.iter().map(|cut| cut.first.0).collect();
        assert_eq!((PAGE_ROWS_MAX, firsts), (500, vec![501, 1_001, 1_300]));
        let (messages, changes) = (cuts.iter().map(|cut| cut.messages).sum::<usize>(), cuts.iter().map(|cut| cut.changes).sum::<usize>());
        assert_eq!((messages, changes), (866, 433));
        let firsts: Vec<i64> = cut_all(&store, group, before(2_000)).await.iter().map(|cut| cut.first.0).collect();
        assert_eq!((PAGE_BYTES_MAX >> 20, firsts), (4, vec![1_305, 1_307]));
        assert_eq!(store.log.heads(vec![group]).await.unwrap(), [Seq(1_306)]);
    }

    async fn a_client_id_outlives_what_was_sent_under_it(backend: Backend) {
        let mut store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let first = chronicle.say(&alice, "first", None);
        chronicle.batch.messages[0].client_id = Some("m".into());
        chronicle.commit(&store).await;
        let edit = ChangeKind::Edited { message: first, content: "second".into(), mentions: [].into() };
        let edit = chronicle.change_as(&alice, edit, Some("e"));
        chronicle.say(&bob, "last", None);
        chronicle.batch.messages[0].client_id = Some("m".into());
        chronicle.commit(&store).await;
        let group = chronicle.group.id;
        let key = |user: &Arc<groupcast::model::User>, id: &str| SentKey { group, user: user.id, client_id: id.into() };
        let keys = vec![key(&alice, "m"), key(&alice, "e"), key(&bob, "m"), key(&bob, "e"), key(&alice, "x")];
        let sent = store.log.find_sent(keys.clone()).await.unwrap();
        assert_eq!(sent[1], Some(Sent { id: first.id, seq: edit.seq, created_at: edit.created_at }));
        assert_eq!(sent.iter().map(Option::is_some).collect::<Vec<_>>(), [true, true, true, false, false]);
        for end in [2, 3, 4] {
            cut_all(&store, group, before(end)).await;
            assert_eq!(store.log.find_sent(keys.clone()).await.unwrap(), sent, "{end}");
        }
        store.lifecycle.close().await.unwrap();
        store = backend.open().await;
        assert_eq!(store.log.find_sent(keys.clone()).await.unwrap(), sent);
        store.accounts.erase_user(alice.id, true).await.unwrap().unwrap();
        assert_eq!(store.log.find_sent(keys.clone()).await.unwrap(), [None, None, sent[2], None, None]);
        assert!(store.moderation.delete_group(group).await.unwrap());
        assert_eq!(store.log.find_sent(keys).await.unwrap(), [None; 5]);
        let (last, at) = store.log.last_message().await.unwrap();
        assert_eq!((last, at), (MessageId(2), Timestamp(NOW.0 + 3)));
        assert_eq!(store.retention.cut(group, before(9)).await.unwrap(), None);
    }

    async fn a_group_says_how_much_of_its_log_is_kept(backend: Backend) {
        let store = backend.open().await;
        let mut groups = Vec::new();
        for n in 0..5 {
            groups.push(group(&store, &format!("g{n}")).await.id);
        }
        let all = [rule(Some(60), None), rule(None, Some(7)), rule(Some(3_153_600_000), Some(1_000_000_000))];
        for (&group, rule) in groups[1..].iter().zip(all) {
            set_rule(&store, group, rule).await;
            assert_eq!(store.retention.rule(group).await.unwrap(), rule);
        }
        let rules = async |after, all, limit| {
            let extents = store.retention.extents(after, all, limit).await.unwrap();
            extents.into_iter().map(|extent| (extent.group, extent.rule)).collect::<Vec<_>>()
        };
        let ruled = [1, 2, 3].map(|n| (groups[n], all[n - 1]));
        assert_eq!(rules(GroupId(0), false, 9).await, ruled);
        assert_eq!(rules(groups[1], false, 1).await, ruled[1..2]);
        assert_eq!(rules(GroupId(0), true, 9).await.len(), 5);
        assert_eq!(rules(groups[2], true, 9).await, [ruled[2], (groups[4], RetentionRule::default())]);
        // Whatever else changes about the group, this stays, until it is taken away.
        let topic = GroupChange { topic: Some("x".into()), ..GroupChange::default() };
        store.moderation.change_group(groups[1], topic).await.unwrap();
        assert_eq!(store.retention.rule(groups[1]).await.unwrap(), all[0]);
        set_rule(&store, groups[1], RetentionRule::default()).await;
        assert_eq!(rules(GroupId(0), false, 9).await, ruled[1..]);
        assert_eq!(store.retention.rule(GroupId(99)).await.unwrap(), RetentionRule::default());
        assert_eq!(store.retention.first_seq(GroupId(99)).await.unwrap(), Seq(1));
        assert_eq!(store.retention.place_of_newest(groups[0], NonZeroU32::MIN).await.unwrap(), None);
    }

    async fn a_change_to_what_was_cut_off_meanwhile_is_stored_all_the_same(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let alice = chronicle.alice.clone();
        let first = chronicle.say(&alice, "first", None);
        chronicle.commit(&store).await;
        cut_all(&store, chronicle.group.id, before(9)).await;
        chronicle.first = Seq(2);
        chronicle.react(&alice, first, "+1", true);
        chronicle.edit(&alice, first, "second", &[alice.id]);
        chronicle.delete(&alice, first);
        chronicle.say(&alice, "beside", None);
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
    }

    async fn what_is_stored_anew_after_it_was_cut_off_goes_again(backend: Backend) {
        let store = backend.open().await;
        let (alice, general) = (user(&store, "alice").await, group(&store, "general").await);
        let sent = |n| Message { client_id: Some(format!("{n}").into()), ..message(n, n, &general, &alice, "x") };
        let rows: Vec<Message> = (1..=4).map(sent).collect();
        store.log.append(batch(rows.clone())).await.unwrap();
        cut_all(&store, general.id, before(4)).await;
        // By one who does not know whether it is stored.
        store.log.append(batch(&rows[..3])).await.unwrap();
        let extent = store.retention.extents(GroupId(0), true, 1).await.unwrap()[0];
        assert_eq!((extent.first, extent.oldest), (Seq(4), Some((Seq(1), rows[0].created_at))));
        let cuts = cut_all(&store, general.id, before(4)).await;
        assert_eq!(cuts, [Cut { first: Seq(4), messages: 3, changes: 0 }]);
        let left = store.log.entries(general.id, Seq(0), Seq(9), 9).await.unwrap();
        assert_eq!(left, [Entry::Message(rows[3].clone())]);
    }

    async fn other_groups_are_let_be(backend: Backend) {
        let store = backend.open().await;
        let (alice, one, two) = (user(&store, "alice").await, group(&store, "one").await, group(&store, "two").await);
        let rows = (1..=6).map(|n| message(n, (n + 1) / 2, if n % 2 == 0 { &one } else { &two }, &alice, "x"));
        let rows = Arc::new(LogBatch { messages: rows.collect(), changes: Vec::new() });
        store.log.append(rows.clone()).await.unwrap();
        cut_all(&store, one.id, before(9)).await;
        let left = store.log.entries(two.id, Seq(0), Seq(9), 9).await.unwrap();
        assert_eq!(left.len(), 3);
        assert_eq!(store.log.entries(one.id, Seq(0), Seq(9), 9).await.unwrap(), []);
        assert_eq!(store.log.heads(vec![one.id, two.id]).await.unwrap(), [Seq(3), Seq(3)]);
        assert_eq!(store.log.last_message().await.unwrap(), (MessageId(6), rows.messages[5].created_at));
    }
}
