//! Read marks and what is counted after them.

use std::collections::HashMap;

use groupcast::model::limits::UNREAD_MAX;
use groupcast::model::{
    ChangeKind, Entry, GroupId, MessageDetails, ReadMark, Removal, Role, Seq, Unread, User, UserId,
};
use groupcast::store::{CutEnd, Database, OwnGroup, Store, Swept};
use groupcast_kit::random::{Random, seeds};

use super::chronicle::Chronicle;
use super::log::happen;
use super::retention::cut_all;
use super::{NOW, batch, group, message, user};
use crate::support::postgres::Postgres;

/// Marks as a naive model keeps them: of members alone.
struct Marks {
    of: HashMap<UserId, i64>,
    /// The last entry of which its sender is known to have read it.
    seen: Seq,
}

impl Marks {
    /// Whoever has sent something has read up to it.
    fn take(&mut self, chronicle: &Chronicle) {
        for entry in chronicle.entries().iter().filter(|entry| entry.seq() > self.seen) {
            if let Entry::Message(message) = entry
                && let Some(mark) = self.of.get_mut(&message.user.id)
            {
                *mark = (*mark).max(message.seq.0);
            }
        }
        self.seen = Seq(chronicle.head());
    }

    /// What the store should say of a user.
    fn expect(&self, chronicle: &Chronicle, user: UserId) -> Option<(Seq, Unread)> {
        let mark = *self.of.get(&user)?;
        let (mut unread, mut mentions) = (0, 0);
        for message in chronicle.messages() {
            let details = message.details.clone().unwrap_or_default();
            if message.seq.0 > mark && message.user.id != user && !details.is_deleted {
                unread += 1;
                mentions += u64::from(details.mentions.contains(&user));
            }
        }
        Some((Seq(mark), Unread { messages: unread, mentions }))
    }
}

async fn own(store: &Store, user: UserId) -> Option<OwnGroup> {
    store.moderation.own_groups(user).await.unwrap().pop()
}

/// A mark as it is, without moving it.
async fn look(store: &Store, group: GroupId, user: UserId) -> Option<(Seq, Unread)> {
    let mark = store.marks.mark(group, user, Seq(0)).await.unwrap()?;
    assert!(!mark.has_moved);
    Some((mark.seq, mark.unread))
}

async fn sweep(store: &Store) {
    while store.marks.sweep().await.unwrap() == Swept::Part {}
}

on_both! {
    async fn marks_are_what_a_naive_model_makes_of_a_history(backend: Backend) {
        let seed = seeds(1).next().unwrap();
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let mut store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let group = chronicle.group.id;
        let users = [chronicle.alice.id, chronicle.bob.id, user(&store, "carol").await.id];
        let mut marks = Marks { of: HashMap::new(), seen: Seq(0) };
        for round in 0..80 {
            let stored = chronicle.last_id();
            for _ in 0..1 + random.below(8) {
                happen(&mut chronicle, &mut random, stored);
            }
            let batch = chronicle.commit(&store).await;
            store.log.append(batch).await.unwrap();
            marks.take(&chronicle);
            let head = chronicle.head();
            let who = users[random.size(users.len())];
            match random.below(8) {
                0 => {
                    store.directory.join(group, who, NOW).await.unwrap();
                    marks.of.entry(who).or_insert(head);
                }
                1 => {
                    store.moderation.add_member(group, who, Role::Admin, NOW).await.unwrap();
                    marks.of.entry(who).or_insert(head);
                }
                2 => {
                    let removed = store.moderation.remove_member(group, who, Removal::Left).await.unwrap();
                    assert_eq!(removed.is_some(), marks.of.remove(&who).is_some());
                }
                3 => sweep(&store).await,
                4 if random.chance(50) => {
                    let before = Seq(random.below(head as u64 + 2) as i64);
                    cut_all(&store, group, CutEnd { before, until: None }).await;
                    chronicle.first = chronicle.first.max(before);
                }
                5 if random.chance(30) => {
                    store.lifecycle.close().await.unwrap();
                    store = backend.open().await;
                }
                _ => {
                    let to = random.below(head as u64 + 3) as i64;
                    let mark = store.marks.mark(group, who, Seq(to)).await.unwrap();
                    let before = marks.of.get(&who).copied();
                    marks.of.entry(who).and_modify(|mark| *mark = (*mark).max(to.min(head)));
                    let moved = marks.of.get(&who).copied() > before;
                    let expected = marks.expect(&chronicle, who);
                    let expected = expected.map(|(seq, unread)| ReadMark { seq, has_moved: moved, unread });
                    assert_eq!(mark, expected, "{who}, round {round}");
                }
            }
            for user in users {
                let expected = marks.expect(&chronicle, user);
                assert_eq!(look(&store, group, user).await, expected, "{user}, round {round}");
                let own = own(&store, user).await;
                assert_eq!(own.as_ref().map(|own| (own.read, own.unread)), expected, "{user}, round {round}");
                let last = chronicle.messages().into_iter().rfind(|m| m.details.as_ref().is_none_or(|d| !d.is_deleted));
                assert_eq!(own.map(|own| (own.head.0, own.last_message)), expected.map(|_| (head, last)));
            }
        }
    }

    async fn counts_are_exact_below_a_thousand(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob, group) = (user(&store, "alice").await, user(&store, "bob").await, group(&store, "g").await);
        store.directory.join(group.id, alice.id, NOW).await.unwrap();
        let mention = MessageDetails { mentions: [alice.id].into(), ..MessageDetails::default() };
        let row = |n: i64| {
            let details = (n > 3).then(|| Box::new(mention.clone()));
            groupcast::model::Message { details, ..message(n, n, &group, &bob, "x") }
        };
        store.log.append(batch((1..=1_002).map(row).collect::<Vec<_>>())).await.unwrap();
        for (mark, messages, mentions) in [(0, UNREAD_MAX, 999), (2, UNREAD_MAX, 999), (3, 999, 999), (1_002, 0, 0)] {
            let told = store.marks.mark(group.id, alice.id, Seq(mark)).await.unwrap().unwrap();
            assert_eq!((told.seq, told.unread), (Seq(mark), Unread { messages, mentions }), "{mark}");
            assert_eq!(told.unread.is_capped(), mark < 3);
            assert_eq!(own(&store, alice.id).await.unwrap().unread, told.unread);
        }
    }

    async fn whoever_comes_has_read_all(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let pair = store.directory.private_group(alice.id, bob.id, "pair", NOW).await.unwrap();
        let pair = std::sync::Arc::new(pair);
        store.log.append(batch([message(1, 1, &pair, &alice, "one"), message(2, 2, &pair, &alice, "two")])).await.unwrap();
        let two = |seq, messages| Some((Seq(seq), Unread { messages, mentions: 0 }));
        assert_eq!(look(&store, pair.id, bob.id).await, two(0, 2));
        assert_eq!(look(&store, pair.id, alice.id).await, two(2, 0));
        store.moderation.remove_member(pair.id, bob.id, Removal::Left).await.unwrap();
        assert_eq!(look(&store, pair.id, bob.id).await, None);
        // Let in again, in the same way as the first time.
        store.directory.private_group(bob.id, alice.id, "other", NOW).await.unwrap();
        assert_eq!(look(&store, pair.id, bob.id).await, two(2, 0));
        assert_eq!(store.marks.mark(GroupId(99), bob.id, Seq(1)).await.unwrap(), None);
        assert_eq!(store.marks.mark(pair.id, UserId(99), Seq(1)).await.unwrap(), None);
    }

    async fn a_sweep_comes_in_slices_and_changes_nothing_that_is_seen(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let groups = [group(&store, "a").await, group(&store, "b").await];
        for group in &groups {
            for user in [&alice, &bob] {
                store.directory.join(group.id, user.id, NOW).await.unwrap();
            }
        }
        assert_eq!(store.marks.sweep().await.unwrap(), Swept::All);
        let by = |n: i64| if n % 3 == 0 { &alice } else { &bob };
        let row = |n: i64| message(n, (n + 1) / 2, &groups[n as usize % 2], by(n), "x");
        for first in (1..=5_500).step_by(500) {
            store.log.append(batch((first..first + 500).map(row).collect::<Vec<_>>())).await.unwrap();
        }
        let told = async || {
            let mut told = Vec::new();
            for user in [&alice, &bob] {
                for group in &groups {
                    told.push(look(&store, group.id, user.id).await.unwrap());
                }
                let own = store.moderation.own_groups(user.id).await.unwrap();
                told.extend(own.into_iter().map(|own| (own.read, own.unread)));
            }
            told
        };
        let before = told().await;
        assert_eq!(store.marks.sweep().await.unwrap(), Swept::Part);
        assert_eq!(told().await, before);
        assert_eq!(store.marks.sweep().await.unwrap(), Swept::All);
        assert_eq!(told().await, before);
        assert_eq!(store.marks.sweep().await.unwrap(), Swept::All);
        store.lifecycle.close().await.unwrap();
        if let Database::Postgres(url) = &backend.database {
            let read = "SELECT string_agg(read_seq::text, ' ' ORDER BY group_id, user_id) FROM group_memberships";
            let expected: Vec<String> = [(0, 0), (0, 1), (1, 0), (1, 1)]
                .map(|(group, user)| (1..=5_500).rfind(|n| n % 2 == group && (n % 3 == 0) == (user == 0)).unwrap())
                .map(|n: i64| ((n + 1) / 2).to_string())
                .into();
            assert_eq!(Postgres::shared().psql(url, read), expected.join(" "));
        }
    }

    async fn who_and_what_goes_is_counted_no_more(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob, id) = (chronicle.alice.clone(), chronicle.bob.clone(), chronicle.group.id);
        for user in [&alice, &bob] {
            store.directory.join(id, user.id, NOW).await.unwrap();
        }
        let mentions = |of: &User| Some(MessageDetails { mentions: [of.id].into(), ..MessageDetails::default() });
        let first = chronicle.say(&bob, "@alice", mentions(&alice));
        chronicle.say(&bob, "@alice", mentions(&alice));
        chronicle.commit(&store).await;
        let counts = |messages, mentions| Some((Seq(0), Unread { messages, mentions }));
        assert_eq!(look(&store, id, alice.id).await, counts(2, 2));
        // An edit that takes a mention away, and one that gives it back.
        chronicle.edit(&bob, first, "nobody", &[]);
        chronicle.commit(&store).await;
        assert_eq!(look(&store, id, alice.id).await, counts(2, 1));
        chronicle.edit(&bob, first, "@alice", &[alice.id]);
        chronicle.change(&bob, ChangeKind::Group { name: None, topic: Some("t".into()), join: None });
        chronicle.commit(&store).await;
        assert_eq!(look(&store, id, alice.id).await, counts(2, 2));
        chronicle.delete(&bob, first);
        chronicle.commit(&store).await;
        assert_eq!(look(&store, id, alice.id).await, counts(1, 1));
        // What is left of one who is erased with their messages mentions nobody.
        store.accounts.erase_user(bob.id, true).await.unwrap();
        assert_eq!(look(&store, id, alice.id).await, counts(1, 0));
        assert_eq!(look(&store, id, bob.id).await, None);
        assert!(store.moderation.delete_group(id).await.unwrap());
        assert_eq!(look(&store, id, alice.id).await, None);
        assert_eq!(store.marks.sweep().await.unwrap(), Swept::All);
    }
}
