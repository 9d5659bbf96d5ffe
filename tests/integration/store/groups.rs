//! Groups and who belongs to them.

use std::collections::HashSet;

use futures_util::future::join_all;
use groupcast::model::limits::PAGE_ROWS_MAX;
use groupcast::model::{GroupId, Role, UserId};
use groupcast::store::{Join, StoreError, Unique};

use super::{MEMBER, NOW, group, is_member, private, user};

on_both! {
    async fn a_group_is_found_by_number_and_by_name(backend: Backend) {
        let store = backend.open().await;
        let public = store.directory.create_group("general", false, None, NOW).await.unwrap();
        let private = store.directory.create_group("General", true, None, NOW).await.unwrap();
        assert_eq!((public.id, private.id), (GroupId(1), GroupId(2)));
        assert_eq!((public.is_private, private.is_private), (false, true));
        assert_eq!(store.directory.group(public.id).await.unwrap(), Some(public.clone()));
        assert_eq!(store.directory.group_by_name("General").await.unwrap(), Some(private));
        assert_eq!(store.directory.group_by_name("GENERAL").await.unwrap(), None);
        for absent in [0, -1, 3, i64::MAX] {
            assert_eq!(store.directory.group(GroupId(absent)).await.unwrap(), None);
        }
        for is_private in [false, true] {
            let taken = store.directory.create_group("general", is_private, None, NOW).await;
            assert!(matches!(taken, Err(StoreError::Taken(Unique::GroupName))), "{taken:?}");
        }
        assert_eq!(store.directory.create_group("", false, None, NOW).await.unwrap().id, GroupId(3));
    }

    async fn groups_come_in_pages(backend: Backend) {
        let store = backend.open().await;
        let mut made = Vec::new();
        for n in 0..PAGE_ROWS_MAX + 3 {
            made.push(store.directory.create_group(&format!("g{n}"), n % 2 == 0, None, NOW).await.unwrap());
        }
        let list = |after: i64, skip, limit| store.directory.groups(None, GroupId(after), skip, limit);
        assert_eq!(list(0, 0, u64::MAX).await.unwrap(), made[..PAGE_ROWS_MAX]);
        assert_eq!(list(made[PAGE_ROWS_MAX - 1].id.0, 0, 10).await.unwrap(), made[PAGE_ROWS_MAX..]);
        assert_eq!(list(2, 3, 2).await.unwrap(), made[5..7]);
        assert_eq!(list(0, u64::MAX, 10).await.unwrap(), []);
        assert_eq!(list(0, 0, 0).await.unwrap(), []);
        assert_eq!(list(i64::MAX, 0, 10).await.unwrap(), []);
    }

    async fn anyone_can_join_a_public_group_once(backend: Backend) {
        let store = backend.open().await;
        let general = group(&store, "general").await;
        let mut users = Vec::new();
        for name in ["a", "b", "c"] {
            let user = user(&store, name).await;
            assert!(!is_member(&store, general.id, user.id).await);
            assert_eq!(store.directory.join(general.id, user.id, NOW).await.unwrap(), Join::Joined(MEMBER));
            assert_eq!(store.directory.join(general.id, user.id, NOW).await.unwrap(), Join::AlreadyMember(MEMBER));
            assert!(is_member(&store, general.id, user.id).await);
            users.push(((*user).clone(), Role::Member));
        }
        assert_eq!(store.directory.members(general.id, UserId(0), 10).await.unwrap(), users);
        assert_eq!(store.directory.members(general.id, users[0].0.id, 1).await.unwrap(), users[1..2]);
        assert_eq!(store.directory.members(general.id, users[2].0.id, 10).await.unwrap(), []);
        assert_eq!(store.directory.members(GroupId(99), UserId(0), 10).await.unwrap(), []);
    }

    async fn joining_needs_a_group_and_a_user(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        for is_private in [false, true] {
            let group = store.directory.create_group(&format!("private: {is_private}"), is_private, None, NOW).await.unwrap();
            let answer = store.directory.join(group.id, UserId(99), NOW).await;
            assert!(matches!(answer, Err(StoreError::Missing("user"))), "{answer:?}");
        }
        for user in [alice.id, UserId(99)] {
            let answer = store.directory.join(GroupId(99), user, NOW).await;
            assert!(matches!(answer, Err(StoreError::Missing("group"))), "{answer:?}");
        }
    }

    async fn a_private_group_takes_two(backend: Backend) {
        let store = backend.open().await;
        let (a, b, c) = (user(&store, "a").await, user(&store, "b").await, user(&store, "c").await);
        let group = private(&store, "two").await;
        assert_eq!(store.directory.join(group.id, a.id, NOW).await.unwrap(), Join::Joined(MEMBER));
        assert_eq!(store.directory.join(group.id, b.id, NOW).await.unwrap(), Join::Joined(MEMBER));
        assert_eq!(store.directory.join(group.id, c.id, NOW).await.unwrap(), Join::Full);
        assert_eq!(store.directory.join(group.id, a.id, NOW).await.unwrap(), Join::AlreadyMember(MEMBER));
        assert!(!is_member(&store, group.id, c.id).await);
    }

    async fn of_many_who_ask_for_the_last_place_one_gets_it(backend: Backend) {
        let store = backend.open().await;
        let group = private(&store, "two").await;
        let first = user(&store, "first").await;
        store.directory.join(group.id, first.id, NOW).await.unwrap();
        let mut users = Vec::new();
        for n in 0..20 {
            users.push(user(&store, &format!("u{n}")).await);
        }
        let answers = join_all(users.iter().map(|user| store.directory.join(group.id, user.id, NOW))).await;
        let answers: Vec<Join> = answers.into_iter().map(Result::unwrap).collect();
        assert_eq!(answers.iter().filter(|&&join| join == Join::Joined(MEMBER)).count(), 1);
        assert_eq!(answers.iter().filter(|&&join| join == Join::Full).count(), 19);
        assert_eq!(store.directory.members(group.id, UserId(0), 10).await.unwrap().len(), 2);
    }

    async fn one_user_who_asks_many_times_at_once_takes_one_place(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        for is_private in [false, true] {
            let group = store.directory.create_group(&format!("private: {is_private}"), is_private, None, NOW).await.unwrap();
            let answers = join_all((0..20).map(|_| store.directory.join(group.id, alice.id, NOW))).await;
            let joined = answers.into_iter().filter(|join| *join.as_ref().unwrap() == Join::Joined(MEMBER));
            assert_eq!(joined.count(), 1);
            assert_eq!(store.directory.members(group.id, UserId(0), 10).await.unwrap().len(), 1);
        }
    }

    async fn a_pair_has_one_private_group(backend: Backend) {
        let store = backend.open().await;
        let (a, b, c) = (user(&store, "a").await, user(&store, "b").await, user(&store, "c").await);
        let made = store.directory.private_group(b.id, a.id, "private_1", NOW).await.unwrap();
        assert_eq!((&*made.name, made.is_private), ("private_1", true));
        assert_eq!(store.directory.private_group(a.id, b.id, "private_2", NOW).await.unwrap(), made);
        assert_eq!(store.directory.group_by_name("private_2").await.unwrap(), None);
        assert_eq!(store.directory.members(made.id, UserId(0), 10).await.unwrap(), [((*a).clone(), Role::Member), ((*b).clone(), Role::Member)]);
        assert_eq!(store.directory.join(made.id, c.id, NOW).await.unwrap(), Join::Full);

        let own = store.directory.private_group(a.id, a.id, "private_3", NOW).await.unwrap();
        assert_eq!(store.directory.private_group(a.id, a.id, "private_4", NOW).await.unwrap(), own);
        assert_eq!(store.directory.members(own.id, UserId(0), 10).await.unwrap(), [((*a).clone(), Role::Member)]);

        let other = store.directory.private_group(a.id, c.id, "private_5", NOW).await.unwrap();
        assert_eq!(HashSet::from([made.id, own.id, other.id]).len(), 3);
    }

    async fn a_private_group_that_two_share_already_is_theirs(backend: Backend) {
        let store = backend.open().await;
        let (a, b) = (user(&store, "a").await, user(&store, "b").await);
        let half = private(&store, "half").await;
        store.directory.join(half.id, a.id, NOW).await.unwrap();
        let public = group(&store, "public").await;
        let shared = private(&store, "shared").await;
        for user in [&a, &b] {
            store.directory.join(public.id, user.id, NOW).await.unwrap();
            store.directory.join(shared.id, user.id, NOW).await.unwrap();
        }
        assert_eq!(store.directory.private_group(a.id, b.id, "private_1", NOW).await.unwrap(), *shared);
        assert_eq!(&*store.directory.private_group(a.id, a.id, "private_2", NOW).await.unwrap().name, "private_2");
        assert_eq!(store.directory.group_by_name("private_1").await.unwrap(), None);
    }

    async fn a_private_group_needs_two_users_and_a_free_name(backend: Backend) {
        let store = backend.open().await;
        let (a, b) = (user(&store, "a").await, user(&store, "b").await);
        group(&store, "taken").await;
        let answer = store.directory.private_group(a.id, b.id, "taken", NOW).await;
        assert!(matches!(answer, Err(StoreError::Taken(Unique::GroupName))), "{answer:?}");
        for (one, other) in [(a.id, UserId(99)), (UserId(99), a.id), (UserId(99), UserId(99))] {
            let answer = store.directory.private_group(one, other, "free", NOW).await;
            assert!(matches!(answer, Err(StoreError::Missing("user"))), "{answer:?}");
        }
        assert_eq!(store.directory.group_by_name("free").await.unwrap(), None);
        assert_eq!(&*store.directory.private_group(a.id, b.id, "free", NOW).await.unwrap().name, "free");
    }

    async fn both_of_a_pair_who_come_at_once_meet_in_one_group(backend: Backend) {
        let store = backend.open().await;
        let (a, b) = (user(&store, "a").await, user(&store, "b").await);
        let names: Vec<String> = (0..20).map(|n| format!("private_{n}")).collect();
        let asking = names.iter().enumerate().map(|(n, name)| {
            let (one, other) = if n % 2 == 0 { (a.id, b.id) } else { (b.id, a.id) };
            store.directory.private_group(one, other, name, NOW)
        });
        let groups: HashSet<GroupId> =
            join_all(asking).await.into_iter().map(|group| group.unwrap().id).collect();
        assert_eq!(groups.len(), 1);
        assert_eq!(store.directory.groups(None, GroupId(0), 0, 100).await.unwrap().len(), 1);
    }
}
