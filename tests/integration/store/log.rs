//! A group's log: what is read of it, and what a batch does to it.

use std::sync::Arc;

use groupcast::model::limits::{PAGE_BYTES_MAX, PAGE_ROWS_MAX};
use groupcast::model::{
    Change, ChangeKind, Entry, Group, GroupId, JoinPolicy, MemberChange, Message, MessageDetails, MessageId,
    Role, Seq, Timestamp, User, UserId,
};
use groupcast::store::{LogBatch, MessageFilter, MessagePage, Sent, SentKey, StoreError};
use groupcast_kit::random::{Random, seeds};

use super::chronicle::Chronicle;
use super::{NOW, batch, group, message, user};

/// A step of a random history.
pub(super) fn happen(chronicle: &mut Chronicle, random: &mut Random, stored: i64) {
    let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
    let who = if random.chance(50) { alice } else { bob };
    let emojis = ["+1", "🎉", "a", "\u{feff}x"];
    // Of an earlier batch, and not deleted.
    let of_old =
        |random: &mut Random| (stored > 0).then(|| MessageId(1 + random.below(stored as u64) as i64));
    let about = of_old(random)
        .filter(|id| chronicle.is_there(*id))
        .map(|id| chronicle.today(id))
        .filter(|m| m.details.as_ref().is_none_or(|d| !d.is_deleted));
    match (random.below(10), about) {
        (0..4, _) | (_, None) => {
            let details = of_old(random).filter(|_| random.chance(40)).map(|reply_to| {
                let thread = chronicle.today(reply_to).details.and_then(|details| details.thread_id);
                let mentions = if random.chance(30) { [UserId(1), UserId(2)].into() } else { [].into() };
                MessageDetails {
                    reply_to: Some(reply_to),
                    thread_id: thread.or(Some(reply_to)),
                    mentions,
                    ..MessageDetails::default()
                }
            });
            let content = format!("said {}", random.below(1 << 40));
            chronicle.say(&who, &content, details);
        }
        (4..6, Some(message)) => {
            let content = format!("edited {}", random.below(1 << 40));
            let mentions = if random.chance(30) { &[UserId(2)][..] } else { &[] };
            chronicle.edit(&who, message.key(), &content, mentions);
        }
        (6, Some(message)) => _ = chronicle.delete(&who, message.key()),
        (_, Some(message)) => {
            let emoji = emojis[random.size(emojis.len())];
            chronicle.react(&who, message.key(), emoji, random.chance(65));
        }
    }
}

on_both! {
    async fn a_history_is_what_a_naive_model_makes_of_it(backend: Backend) {
        let seed = seeds(1).next().unwrap();
        println!("seed {seed}");
        let mut random = Random::new(seed);
        let mut store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        chronicle.check(&store).await;
        for round in 0..40 {
            let stored = chronicle.messages().len() as i64;
            for _ in 0..1 + random.below(12) {
                happen(&mut chronicle, &mut random, stored);
            }
            let batch = chronicle.commit(&store).await;
            // Whoever does not know whether it is stored asks again.
            store.log.append(batch).await.unwrap();
            if round % 8 == 0 {
                chronicle.check(&store).await;
            }
        }
        chronicle.check(&store).await;
        let page = MessagePage { limit: u64::MAX, ..MessagePage::default() };
        assert_eq!(store.log.messages(page).await.unwrap(), chronicle.messages());
        store.lifecycle.close().await.unwrap();
        store = backend.open().await;
        chronicle.check(&store).await;
    }

    async fn any_part_of_a_log_is_read_without_a_hole(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let alice = chronicle.alice.clone();
        let first = chronicle.say(&alice, "first", None);
        chronicle.commit(&store).await;
        for n in 0..700 {
            match n % 7 {
                0 | 1 | 5 => _ = chronicle.say(&alice, &format!("{n}"), None),
                _ => _ = chronicle.react(&alice, first, &format!("e{}", n % 3), n % 2 == 0),
            }
        }
        chronicle.commit(&store).await;
        let all = chronicle.entries();
        let group = chronicle.group.id;
        for (after, before, limit) in
            [(0, 702, 7), (0, i64::MAX, u64::MAX), (-5, 10, 3), (100, 400, 250), (300, 302, 9), (300, 301, 9), (9, 9, 9), (701, 999, 9)]
        {
            let expected = all.iter().filter(|entry| entry.seq().0 > after && entry.seq().0 < before);
            let (mut position, mut read) = (Seq(after), Vec::new());
            loop {
                let page = store.log.entries(group, position, Seq(before), limit).await.unwrap();
                assert!(page.len() as u64 <= limit.min(PAGE_ROWS_MAX as u64));
                let Some(last) = page.last() else { break };
                position = last.seq();
                read.extend(page);
            }
            assert!(read.iter().eq(expected), "{after} {before} {limit}");
        }
        assert_eq!(store.log.entries(group, Seq(0), Seq(9), 0).await.unwrap(), []);
        assert_eq!(store.log.entries(GroupId(99), Seq(0), Seq(9), 9).await.unwrap(), []);
    }

    async fn a_page_of_a_log_is_bounded_in_bytes(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let alice = chronicle.alice.clone();
        let megabyte = "é".repeat(1 << 19);
        let first = chronicle.say(&alice, "first", None);
        chronicle.commit(&store).await;
        for _ in 0..3 {
            chronicle.say(&alice, &megabyte, None);
            chronicle.edit(&alice, first, &megabyte, &[]);
            chronicle.react(&alice, first, "+1", true);
        }
        chronicle.commit(&store).await;
        let all = chronicle.entries();
        let (mut position, mut counts, mut read) = (Seq(0), Vec::new(), Vec::new());
        loop {
            let page = store.log.entries(chronicle.group.id, position, Seq(i64::MAX), 100).await.unwrap();
            counts.push(page.len());
            let Some(last) = page.last() else { break };
            position = last.seq();
            read.extend(page);
        }
        assert!(read == all);
        // The first is edited, so it has a megabyte too: four of them come with five entries, the last of which fills it.
        assert_eq!((PAGE_BYTES_MAX >> 20, counts), (4, vec![5, 5, 0]));
    }

    async fn every_kind_of_change_comes_back_exactly(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        for (n, change) in MemberChange::ALL.into_iter().enumerate() {
            let role = [None, Some(Role::Member), Some(Role::Admin), Some(Role::Owner)][n % 4];
            let until = (n % 2 == 0).then_some(Timestamp(NOW.0 + n as i64));
            chronicle.change(&alice, ChangeKind::Member { member: bob.clone(), change, role, until });
        }
        for (name, topic, join) in [
            (Some("new"), None, None),
            (None, Some(""), Some(JoinPolicy::Open)),
            (None, Some("it's \\N {,} \"\""), Some(JoinPolicy::Invite)),
            (None, None, None),
        ] {
            chronicle.change(&bob, ChangeKind::Group { name: name.map(Into::into), topic: topic.map(Into::into), join });
        }
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
    }

    async fn a_batch_that_is_stored_already_does_nothing_again(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let first = chronicle.say(&alice, "first", None);
        chronicle.commit(&store).await;
        chronicle.edit(&alice, first, "second", &[bob.id]);
        chronicle.say(&bob, "beside", Some(MessageDetails { mentions: [alice.id].into(), ..Default::default() }));
        chronicle.react(&bob, first, "+1", true);
        let mixed = chronicle.commit(&store).await;
        chronicle.react(&bob, first, "+1", false);
        let alone = chronicle.commit(&store).await;
        for batch in [&mixed, &alone, &mixed] {
            store.log.append(batch.clone()).await.unwrap();
            chronicle.check(&store).await;
        }
        let other = |change: &Change| [
            Change { user: alice.clone(), ..change.clone() },
            Change { client_id: Some("c".into()), ..change.clone() },
            Change { created_at: Timestamp(1), ..change.clone() },
            Change { kind: ChangeKind::Reaction { message: first, emoji: "+1".into(), on: true }, ..change.clone() },
            Change { kind: ChangeKind::Deleted { message: first }, ..change.clone() },
        ];
        for change in other(&alone.changes[0]) {
            let batch = LogBatch { messages: Vec::new(), changes: vec![change] };
            let answer = store.log.append(Arc::new(batch)).await;
            assert!(matches!(answer, Err(StoreError::Refused(_))), "{answer:?}");
            chronicle.check(&store).await;
        }
        // Only a part of it is stored.
        chronicle.react(&bob, first, "a", true);
        let mut batch = (*alone).clone();
        batch.changes.insert(0, chronicle.batch.changes[0].clone());
        let answer = store.log.append(Arc::new(batch)).await;
        assert!(matches!(answer, Err(StoreError::Refused(_))), "{answer:?}");
        chronicle.commit(&store).await;
        chronicle.check(&store).await;
    }

    async fn what_can_never_be_stored_takes_its_batch_with_it(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let first = chronicle.say(&alice, "first", None);
        chronicle.commit(&store).await;
        let edit = ChangeKind::Edited { message: first, content: "second".into(), mentions: [].into() };
        chronicle.change_as(&alice, edit.clone(), Some("c"));
        chronicle.commit(&store).await;
        let good = message(2, 3, &chronicle.group, &bob, "good");
        let change = Change {
            seq: Seq(4),
            group: chronicle.group.clone(),
            user: alice.clone(),
            kind: ChangeKind::Edited { message: first, content: "bad".into(), mentions: [].into() },
            client_id: None,
            created_at: good.created_at,
        };
        let nobody = Arc::new(User { id: UserId(99), ..(*alice).clone() });
        let nowhere = Arc::new(Group { id: GroupId(99), ..(*chronicle.group).clone() });
        let member =
            ChangeKind::Member { member: nobody.clone(), change: MemberChange::Joined, role: None, until: None };
        for (why, bad) in [
            ("no such user", Change { user: nobody, ..change.clone() }),
            ("no such group", Change { group: nowhere, ..change.clone() }),
            ("no such member", Change { kind: member, ..change.clone() }),
            ("client_id in use", Change { client_id: Some("c".into()), ..change.clone() }),
            ("seq in use", Change { seq: Seq(2), ..change.clone() }),
        ] {
            for changes in [vec![bad.clone()], vec![change.clone(), bad]] {
                let batch = LogBatch { messages: vec![good.clone()], changes };
                let answer = store.log.append(Arc::new(batch)).await;
                assert!(matches!(answer, Err(StoreError::Refused(_))), "{why}: {answer:?}");
                chronicle.check(&store).await;
            }
        }
    }

    async fn a_client_id_is_known_of_edits_too(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        let first = chronicle.say(&alice, "first", None);
        chronicle.commit(&store).await;
        let edit = ChangeKind::Edited { message: first, content: "second".into(), mentions: [].into() };
        let edit = chronicle.change_as(&alice, edit, Some("e"));
        chronicle.delete(&bob, first);
        chronicle.commit(&store).await;
        let key = |user: &Arc<User>, id: &str| SentKey { group: chronicle.group.id, user: user.id, client_id: id.into() };
        let keys = vec![key(&alice, "e"), key(&bob, "e"), key(&alice, "m"), key(&alice, "e")];
        let sent = Some(Sent { id: first.id, seq: edit.seq, created_at: edit.created_at });
        assert_eq!(store.log.find_sent(keys).await.unwrap(), [sent, None, None, sent]);
    }

    async fn a_thread_is_its_first_message_and_the_answers(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let (general, other) = (group(&store, "general").await, group(&store, "other").await);
        store.directory.join(general.id, bob.id, NOW).await.unwrap();
        let mut rows: Vec<Message> = Vec::new();
        for n in 1..=600 {
            let who = if n % 3 == 0 { &alice } else { &bob };
            let thread = [None, Some(MessageId(1)), Some(MessageId(2))][n as usize % 3].filter(|root| root.0 < n);
            let details = thread.map(|root| MessageDetails {
                reply_to: Some(MessageId(n - 1)),
                thread_id: Some(root),
                ..MessageDetails::default()
            });
            rows.push(Message { details: details.map(Box::new), ..message(n, n, &general, who, "x") });
        }
        rows.push(message(601, 1, &other, &alice, "x"));
        for part in rows.chunks(250) {
            store.log.append(batch(part)).await.unwrap();
        }
        for thread in [1, 2, 3, 601, 602] {
            for user in [None, Some(alice.id), Some(bob.id)] {
                for reader in [None, Some(bob.id), Some(alice.id)] {
                    for (after_seq, before_seq) in [(None, None), (Some(Seq(100)), Some(Seq(400)))] {
                        let root = MessageId(thread);
                        let filter = MessageFilter {
                            group: Some(general.id), user, thread: Some(root), reader, after_seq, before_seq,
                        };
                        let expected: Vec<&Message> = rows
                            .iter()
                            .filter(|row| row.group.id == general.id)
                            .filter(|row| row.id == root || row.details.as_ref().is_some_and(|of| of.thread_id == Some(root)))
                            .filter(|row| user.is_none_or(|user| row.user.id == user))
                            .filter(|_| reader != Some(alice.id))
                            .filter(|row| after_seq.is_none_or(|seq| row.seq > seq))
                            .filter(|row| before_seq.is_none_or(|seq| row.seq < seq))
                            .collect();
                        let mut page = MessagePage { filter, limit: 70, ..MessagePage::default() };
                        let mut read = Vec::new();
                        while let messages = store.log.messages(page).await.unwrap()
                            && let Some(last) = messages.last()
                        {
                            page.after = last.id;
                            read.extend(messages);
                        }
                        assert!(read.iter().eq(expected.iter().copied()), "{filter:?}");
                        let skipped = MessagePage { filter, skip: 3, limit: 2, ..MessagePage::default() };
                        let skipped = store.log.messages(skipped).await.unwrap();
                        assert!(skipped.iter().eq(expected.iter().copied().skip(3).take(2)), "{filter:?}");
                        let before = expected.len().checked_sub(11).map_or(MessageId(0), |n| expected[n].id);
                        assert_eq!(store.log.newest(filter, 10).await.unwrap(), before, "{filter:?}");
                    }
                }
            }
        }
        // Without a group it says nothing.
        let filter = MessageFilter { thread: Some(MessageId(1)), ..MessageFilter::default() };
        let page = MessagePage { filter, limit: 5, ..MessagePage::default() };
        assert!(store.log.messages(page).await.unwrap().iter().eq(&rows[..5]));
    }

    async fn names_are_those_of_today(backend: Backend) {
        let store = backend.open().await;
        let mut chronicle = Chronicle::begin(&store).await;
        let (alice, bob) = (chronicle.alice.clone(), chronicle.bob.clone());
        chronicle.say(&alice, "first", None);
        let kind = ChangeKind::Member { member: alice.clone(), change: MemberChange::Muted, role: None, until: None };
        chronicle.change(&bob, kind);
        chronicle.commit(&store).await;
        store.accounts.erase_user(alice.id, false).await.unwrap().unwrap();
        let name = groupcast::store::GroupChange { name: Some("other".into()), ..Default::default() };
        store.moderation.change_group(chronicle.group.id, name).await.unwrap().unwrap();
        let entries = store.log.entries(chronicle.group.id, Seq(0), Seq(i64::MAX), 9).await.unwrap();
        let [Entry::Message(message), Entry::Change(change)] = &entries[..] else { panic!("{entries:?}") };
        let ChangeKind::Member { member, .. } = &change.kind else { panic!("{change:?}") };
        assert_eq!((&*message.user.username, &*message.group.name), ("deleted-1", "other"));
        assert_eq!((&*member.username, &*change.group.name), ("deleted-1", "other"));
        assert!(Arc::ptr_eq(&message.user, member) && Arc::ptr_eq(&message.group, &change.group));
    }
}
