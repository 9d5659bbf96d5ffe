//! Reading messages.

use std::sync::Arc;

use groupcast::model::limits::PAGE_BYTES_MAX;
use groupcast::model::limits::PAGE_ROWS_MAX;
use groupcast::model::{GroupId, Message, MessageId, Seq, UserId};
use groupcast::store::{MessageFilter, MessagePage, Store};

use super::{NOW, batch, group, message, user};

/// 1,200 messages of three users in three groups, unevenly spread, with holes between their numbers.
async fn filled(store: &Store) -> Vec<Message> {
    let users = [user(store, "a").await, user(store, "b").await, user(store, "c").await];
    let groups = [group(store, "x").await, group(store, "y").await, group(store, "z").await];
    for (group, user) in [(0, 0), (0, 1), (2, 1), (1, 2)] {
        store.directory.join(groups[group].id, users[user].id, NOW).await.unwrap();
    }
    let mut seqs = [0; 3];
    let mut messages = Vec::new();
    for n in 0..1200_usize {
        let place = if n % 7 == 0 { 1 } else { n % 5 / 4 * 2 };
        seqs[place] += 1;
        let id = 10 + 3 * n as i64;
        messages.push(message(id, seqs[place], &groups[place], &users[n % 11 % 3], &format!("m{n}")));
    }
    for chunk in messages.chunks(300) {
        store.log.append(batch(chunk)).await.unwrap();
    }
    messages
}

fn passes(filter: &MessageFilter, message: &Message) -> bool {
    filter.group.is_none_or(|group| {
        message.group.id == group
            && filter.after_seq.is_none_or(|seq| message.seq > seq)
            && filter.before_seq.is_none_or(|seq| message.seq < seq)
    }) && filter.user.is_none_or(|user| message.user.id == user)
        // The second user belongs to the first group and the third.
        && filter.reader.is_none_or(|reader| reader == UserId(2) && message.group.id != GroupId(2))
}

fn filters() -> Vec<MessageFilter> {
    let mut filters = Vec::new();
    for group in [None, Some(1), Some(2), Some(3), Some(0), Some(99)] {
        for user in [None, Some(1), Some(3), Some(-1)] {
            for reader in [None, Some(2), Some(99)] {
                for (after, before) in [
                    (None, None),
                    (Some(20), None),
                    (None, Some(150)),
                    (Some(40), Some(44)),
                    (Some(0), Some(1)),
                ] {
                    filters.push(MessageFilter {
                        group: group.map(GroupId),
                        user: user.map(UserId),
                        reader: reader.map(UserId),
                        thread: None,
                        after_seq: after.map(Seq),
                        before_seq: before.map(Seq),
                    });
                }
            }
        }
    }
    filters
}

on_both! {
    async fn every_filter_lets_through_what_it_should(backend: Backend) {
        let store = backend.open().await;
        let messages = filled(&store).await;
        for filter in filters() {
            let expected: Vec<&Message> = messages.iter().filter(|message| passes(&filter, message)).collect();
            let mut page = MessagePage { filter, limit: 200, ..MessagePage::default() };
            let mut paged = Vec::new();
            loop {
                let rows = store.log.messages(page).await.unwrap();
                let Some(last) = rows.last() else { break };
                page.after = last.id;
                paged.extend(rows);
            }
            assert!(paged.iter().eq(expected.iter().copied()), "{filter:?}");
            // Numbers that no message has, or one of another group, work too.
            for (after, skip, limit) in [(11, 0, 5), (13, 2, 3), (1000, 7, 1), (3606, 0, 10), (3607, 0, 10), (-5, 0, 2)] {
                let page = MessagePage { filter, after: MessageId(after), skip, limit };
                let rows = store.log.messages(page).await.unwrap();
                let expected = expected.iter().copied().filter(|message| message.id.0 > after);
                assert!(rows.iter().eq(expected.skip(skip as usize).take(limit as usize)), "{page:?}");
            }
        }
    }

    async fn the_newest_are_those_after_the_answer(backend: Backend) {
        let store = backend.open().await;
        let messages = filled(&store).await;
        for filter in filters() {
            let expected: Vec<&Message> = messages.iter().filter(|message| passes(&filter, message)).collect();
            for count in [0, 1, 2, 37, expected.len() as u64, u64::MAX] {
                let before = (expected.len() as u64).checked_sub(count.saturating_add(1));
                let before = before.map_or(MessageId(0), |n| expected[n as usize].id);
                assert_eq!(store.log.newest(filter, count).await.unwrap(), before, "{filter:?} {count}");
            }
        }
    }

    async fn a_page_is_bounded_in_rows_and_shares_its_users_and_groups(backend: Backend) {
        let store = backend.open().await;
        filled(&store).await;
        let page = MessagePage { limit: u64::MAX, ..MessagePage::default() };
        let rows = store.log.messages(page).await.unwrap();
        assert_eq!(rows.len(), PAGE_ROWS_MAX);
        for row in &rows {
            let first = rows.iter().find(|first| first.user.id == row.user.id).unwrap();
            assert!(Arc::ptr_eq(&first.user, &row.user));
            let first = rows.iter().find(|first| first.group.id == row.group.id).unwrap();
            assert!(Arc::ptr_eq(&first.group, &row.group));
        }
        assert_eq!(store.log.messages(MessagePage { skip: u64::MAX, ..page }).await.unwrap(), []);
        assert_eq!(store.log.messages(MessagePage { limit: 0, ..page }).await.unwrap(), []);
        assert_eq!(store.log.messages(MessagePage { after: MessageId(i64::MAX), ..page }).await.unwrap(), []);
    }

    async fn a_page_is_bounded_in_bytes(backend: Backend) {
        let store = backend.open().await;
        let (general, alice) = (group(&store, "general").await, user(&store, "alice").await);
        let megabyte = "é".repeat(1 << 19);
        let megabytes: Vec<Message> =
            (1..=10).map(|n| message(n, n, &general, &alice, &megabyte)).collect();
        store.log.append(batch(megabytes)).await.unwrap();
        let mut page = MessagePage { limit: 100, ..MessagePage::default() };
        let mut lengths = Vec::new();
        loop {
            let rows = store.log.messages(page).await.unwrap();
            lengths.push(rows.len());
            let Some(last) = rows.last() else { break };
            page.after = last.id;
        }
        let full = PAGE_BYTES_MAX >> 20;
        assert_eq!(lengths, [full, full, 10 - 2 * full, 0]);
    }
}
