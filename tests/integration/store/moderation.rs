//! Roles, removals, changes of groups, and the groups of one user.

use std::sync::Arc;

use futures_util::future::join_all;
use groupcast::model::limits::PAGE_BYTES_MAX;
use groupcast::model::{Group, GroupId, JoinPolicy, MessageId, Removal, Role, Seq, Standing, User, UserId};
use groupcast::store::{GroupChange, Join, MessagePage, Removed, Store, StoreError, Unique};

use super::{MEMBER, NOW, batch, group, is_member, later, message, private, user};

/// A group of these: the first owns it, and all came one second after the one before.
async fn group_of(store: &Store, name: &str, users: &[&Arc<User>]) -> Arc<Group> {
    let group = store.directory.create_group(name, false, Some(users[0].id), NOW).await.unwrap();
    for (seconds, user) in (1..).zip(&users[1..]) {
        let joined = store.directory.join(group.id, user.id, later(seconds)).await.unwrap();
        assert_eq!(joined, Join::Joined(MEMBER));
    }
    Arc::new(group)
}

async fn roles(store: &Store, group: GroupId) -> Vec<(i64, Role)> {
    let members = store.directory.members(group, UserId(0), 100).await.unwrap();
    members.iter().map(|(user, role)| (user.id.0, *role)).collect()
}

const ADMIN: Standing = Standing { role: Some(Role::Admin), ..MEMBER };
const GONE: Option<Removed> = Some(Removed { heir: None });

on_both! {
    async fn who_creates_a_group_owns_it(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        let made = store.directory.create_group("own", false, Some(alice.id), NOW).await.unwrap();
        assert_eq!((&*made.topic, made.join, made.is_hidden()), ("", JoinPolicy::Open, false));
        assert_eq!(roles(&store, made.id).await, [(alice.id.0, Role::Owner)]);
        let nobody = store.directory.create_group("free", false, Some(UserId(99)), NOW).await;
        assert!(matches!(nobody, Err(StoreError::Missing("user"))), "{nobody:?}");
        assert_eq!(store.directory.group_by_name("free").await.unwrap(), None);
        let taken = store.directory.create_group("own", false, Some(alice.id), NOW).await;
        assert!(matches!(taken, Err(StoreError::Taken(Unique::GroupName))), "{taken:?}");
    }

    async fn a_standing_tells_the_role_of_each_who_asks(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob, carol) = (user(&store, "alice").await, user(&store, "bob").await, user(&store, "carol").await);
        let group = group_of(&store, "g", &[&alice, &bob]).await;
        let standing = |role| Standing { role, ..Standing::default() };
        let expected = [
            (group.id, alice.id, standing(Some(Role::Owner))),
            (group.id, bob.id, standing(Some(Role::Member))),
            (group.id, carol.id, standing(None)),
            (GroupId(99), alice.id, standing(None)),
            (group.id, UserId(99), standing(None)),
        ];
        let asked = join_all((0..1_500).map(|n| {
            let (group, user, _) = expected[n % expected.len()];
            store.moderation.standing(group, user)
        }));
        for (n, answer) in asked.await.into_iter().enumerate() {
            assert_eq!(answer.unwrap(), expected[n % expected.len()].2);
        }
    }

    async fn a_member_is_added_once_and_keeps_the_role(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob, carol) = (user(&store, "alice").await, user(&store, "bob").await, user(&store, "carol").await);
        let group = group(&store, "g").await;
        let add = |group, user, role| store.moderation.add_member(group, user, role, NOW);
        assert_eq!(add(group.id, alice.id, Role::Admin).await.unwrap(), Join::Joined(ADMIN));
        assert_eq!(add(group.id, alice.id, Role::Member).await.unwrap(), Join::AlreadyMember(ADMIN));
        assert_eq!(store.directory.join(group.id, alice.id, NOW).await.unwrap(), Join::AlreadyMember(ADMIN));
        assert!(matches!(add(group.id, bob.id, Role::Owner).await, Err(StoreError::Refused(_))));
        for (group, user, missing) in [(GroupId(99), bob.id, "group"), (group.id, UserId(99), "user")] {
            let answer = add(group, user, Role::Member).await;
            assert!(matches!(answer, Err(StoreError::Missing(what)) if what == missing), "{answer:?}");
        }
        let pair = private(&store, "pair").await;
        for user in [&alice, &bob] {
            assert_eq!(add(pair.id, user.id, Role::Member).await.unwrap(), Join::Joined(MEMBER));
        }
        assert_eq!(add(pair.id, carol.id, Role::Member).await.unwrap(), Join::Full);
    }

    async fn ownership_is_handed_over_and_there_is_one_owner(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob, carol) = (user(&store, "alice").await, user(&store, "bob").await, user(&store, "carol").await);
        let group = group_of(&store, "g", &[&alice, &bob, &carol]).await;
        let set = |user: &User, role| store.moderation.set_role(group.id, user.id, role);
        assert!(set(&bob, Role::Admin).await.unwrap());
        assert_eq!(roles(&store, group.id).await, [(1, Role::Owner), (2, Role::Admin), (3, Role::Member)]);
        assert!(set(&carol, Role::Owner).await.unwrap());
        assert!(set(&carol, Role::Owner).await.unwrap());
        assert_eq!(roles(&store, group.id).await, [(1, Role::Admin), (2, Role::Admin), (3, Role::Owner)]);
        for answer in join_all([&alice, &bob, &carol, &alice, &bob].map(|user| set(user, Role::Owner))).await {
            assert!(answer.unwrap());
        }
        let owners = roles(&store, group.id).await.iter().filter(|(_, role)| *role == Role::Owner).count();
        assert_eq!(owners, 1);
        let strangers = [(group.id, UserId(99)), (GroupId(99), alice.id)];
        for (group, user) in strangers {
            assert!(!store.moderation.set_role(group, user, Role::Owner).await.unwrap());
        }
        assert_eq!(roles(&store, group.id).await.iter().filter(|(_, role)| *role == Role::Owner).count(), 1);
    }

    async fn the_oldest_admin_else_the_oldest_member_inherits(backend: Backend) {
        let store = backend.open().await;
        let mut users = Vec::new();
        for name in ["a", "b", "c", "d"] {
            users.push(user(&store, name).await);
        }
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| &users[n]);
        // In the order in which they came: d, b, c, a.
        let group = group_of(&store, "g", &[d, b, c, a]).await;
        for admin in [a, c] {
            store.moderation.set_role(group.id, admin.id, Role::Admin).await.unwrap();
        }
        let remove = |user: &User| store.moderation.remove_member(group.id, user.id, Removal::Left);
        assert_eq!(remove(d).await.unwrap(), Some(Removed { heir: Some(c.id) }));
        assert_eq!(remove(d).await.unwrap(), None);
        assert_eq!(remove(c).await.unwrap(), Some(Removed { heir: Some(a.id) }));
        store.directory.join(group.id, d.id, later(9)).await.unwrap();
        assert_eq!(remove(a).await.unwrap(), Some(Removed { heir: Some(b.id) }));
        assert_eq!(roles(&store, group.id).await, [(b.id.0, Role::Owner), (d.id.0, Role::Member)]);
        assert_eq!(remove(d).await.unwrap(), GONE);
        assert_eq!(remove(b).await.unwrap(), GONE);
        assert_eq!(roles(&store, group.id).await, []);
        assert_eq!(store.moderation.remove_member(GroupId(99), a.id, Removal::Left).await.unwrap(), None);
        // Nobody owns it now, and who comes does not.
        store.directory.join(group.id, a.id, later(10)).await.unwrap();
        assert_eq!(roles(&store, group.id).await, [(a.id.0, Role::Member)]);
        // Those who came at once go by their numbers.
        let other = group_of(&store, "h", &[a]).await;
        for user in [d, c, b] {
            store.directory.join(other.id, user.id, later(1)).await.unwrap();
        }
        let removed = store.moderation.remove_member(other.id, a.id, Removal::Left).await.unwrap();
        assert_eq!(removed, Some(Removed { heir: Some(b.id) }));
    }

    async fn an_owner_who_leaves_together_with_the_heir_leaves_a_group_that_is_owned(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob, carol) = (user(&store, "alice").await, user(&store, "bob").await, user(&store, "carol").await);
        for n in 0..20 {
            let group = group_of(&store, &format!("g{n}"), &[&alice, &bob, &carol]).await;
            store.moderation.set_role(group.id, bob.id, Role::Admin).await.unwrap();
            let (owner, heir) = tokio::join!(
                store.moderation.remove_member(group.id, alice.id, Removal::Left),
                store.moderation.remove_member(group.id, bob.id, Removal::Left),
            );
            assert!(owner.unwrap().is_some() && heir.unwrap().is_some());
            assert_eq!(roles(&store, group.id).await, [(carol.id.0, Role::Owner)]);
        }
    }

    async fn a_group_changes_in_what_is_named(backend: Backend) {
        let store = backend.open().await;
        let group = group(&store, "general").await;
        super::group(&store, "taken").await;
        let change = |change| store.moderation.change_group(group.id, change);
        let topic = GroupChange { topic: Some("Tea & 茶".into()), ..GroupChange::default() };
        let mut expected = Group { topic: "Tea & 茶".into(), ..(*group).clone() };
        assert_eq!(change(topic).await.unwrap(), Some(expected.clone()));
        let both = GroupChange { name: Some("tea".into()), join: Some(JoinPolicy::Invite), ..GroupChange::default() };
        expected = Group { name: "tea".into(), join: JoinPolicy::Invite, ..expected };
        assert_eq!(change(both.clone()).await.unwrap(), Some(expected.clone()));
        // Its own name is not taken, and nothing is no change.
        for nothing in [both, GroupChange::default()] {
            assert_eq!(change(nothing).await.unwrap(), Some(expected.clone()));
        }
        let taken = GroupChange { name: Some("taken".into()), topic: Some("x".into()), ..GroupChange::default() };
        let taken = change(taken).await;
        assert!(matches!(taken, Err(StoreError::Taken(Unique::GroupName))), "{taken:?}");
        assert_eq!(store.directory.group(group.id).await.unwrap(), Some(expected.clone()));
        assert_eq!(store.directory.group_by_name("tea").await.unwrap(), Some(expected));
        assert_eq!(store.directory.group_by_name("general").await.unwrap(), None);
        assert_eq!(store.moderation.change_group(GroupId(99), GroupChange::default()).await.unwrap(), None);
    }

    async fn a_reader_sees_open_groups_and_their_own(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        for n in 0..12 {
            let made = store.directory.create_group(&format!("g{n}"), n % 3 == 1, None, NOW).await.unwrap();
            if n % 3 == 2 {
                let invite = GroupChange { join: Some(JoinPolicy::Invite), ..GroupChange::default() };
                store.moderation.change_group(made.id, invite).await.unwrap();
            }
            let member = if n < 6 { &alice } else { &bob };
            store.moderation.add_member(made.id, member.id, Role::Member, NOW).await.unwrap();
        }
        let list = async |reader: Option<&Arc<User>>, after: i64, skip, limit| {
            let groups = store.directory.groups(reader.map(|user| user.id), GroupId(after), skip, limit).await;
            groups.unwrap().iter().map(|group| group.id.0).collect::<Vec<_>>()
        };
        assert_eq!(list(None, 0, 0, 100).await, (1..=12).collect::<Vec<_>>());
        assert_eq!(list(Some(&alice), 0, 0, 100).await, [1, 2, 3, 4, 5, 6, 7, 10]);
        assert_eq!(list(Some(&bob), 0, 0, 100).await, [1, 4, 7, 8, 9, 10, 11, 12]);
        assert_eq!(list(Some(&bob), 1, 1, 3).await, [7, 8, 9]);
    }

    async fn who_left_a_private_chat_is_in_it_again_when_it_is_opened(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob, carol) = (user(&store, "alice").await, user(&store, "bob").await, user(&store, "carol").await);
        let pair = store.directory.private_group(alice.id, bob.id, "private_1", NOW).await.unwrap();
        store.moderation.remove_member(pair.id, alice.id, Removal::Left).await.unwrap();
        assert_eq!(store.directory.private_group(bob.id, alice.id, "private_2", NOW).await.unwrap(), pair);
        assert_eq!(roles(&store, pair.id).await, [(1, Role::Member), (2, Role::Member)]);
        // But not if the place is taken.
        store.moderation.remove_member(pair.id, alice.id, Removal::Left).await.unwrap();
        store.moderation.add_member(pair.id, carol.id, Role::Member, NOW).await.unwrap();
        assert_eq!(store.directory.private_group(bob.id, alice.id, "private_3", NOW).await.unwrap(), pair);
        assert_eq!(roles(&store, pair.id).await, [(2, Role::Member), (3, Role::Member)]);
    }

    async fn a_deleted_group_is_gone_and_its_numbers_never_come_again(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let kept = group_of(&store, "kept", &[&alice]).await;
        let gone = group_of(&store, "gone", &[&alice, &bob]).await;
        let pair = store.directory.private_group(alice.id, bob.id, "pair", NOW).await.unwrap();
        store.log.append(batch([
            message(1, 1, &kept, &alice, "kept"),
            message(2, 1, &gone, &alice, "gone"),
            message(7, 2, &gone, &bob, "gone"),
        ])).await.unwrap();
        let last = store.log.last_message().await.unwrap();
        for group in [gone.id, pair.id] {
            assert!(store.moderation.delete_group(group).await.unwrap());
            assert!(!store.moderation.delete_group(group).await.unwrap());
            assert_eq!(store.directory.group(group).await.unwrap(), None);
            assert!(!is_member(&store, group, alice.id).await);
        }
        assert!(!store.moderation.delete_group(GroupId(99)).await.unwrap());
        assert_eq!(store.directory.group_by_name("gone").await.unwrap(), None);
        assert!(matches!(store.directory.join(gone.id, bob.id, NOW).await, Err(StoreError::Missing("group"))));
        let page = MessagePage { limit: 10, ..MessagePage::default() };
        let messages = store.log.messages(page).await.unwrap();
        assert_eq!(messages.iter().map(|row| row.id).collect::<Vec<_>>(), [MessageId(1)]);
        let late = store.log.append(batch([message(8, 3, &gone, &alice, "late")])).await;
        assert!(matches!(late, Err(StoreError::Refused(_))), "{late:?}");
        store.lifecycle.close().await.unwrap();

        let store = backend.open().await;
        assert_eq!(store.log.last_message().await.unwrap(), last);
        let again = store.directory.create_group("gone", false, None, NOW).await.unwrap();
        assert!(again.id > pair.id, "{again:?}");
        // The pair gets another one.
        assert!(store.directory.private_group(alice.id, bob.id, "pair", NOW).await.unwrap().id > again.id);
        store.log.append(batch([message(9, 1, &Arc::new(again), &alice, "new")])).await.unwrap();
        assert_eq!(store.log.last_message().await.unwrap().0, MessageId(9));
    }

    async fn a_group_is_deleted_while_others_come_and_write(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        let mut users = Vec::new();
        for n in 0..5 {
            users.push(user(&store, &format!("u{n}")).await);
        }
        for n in 1..=10 {
            let group = group_of(&store, &format!("g{n}"), &[&alice]).await;
            let writing = store.log.append(batch([message(n, 1, &group, &alice, "x")]));
            let joining = join_all(users.iter().map(|user| store.directory.join(group.id, user.id, NOW)));
            let (written, joined, deleted) = tokio::join!(writing, joining, store.moderation.delete_group(group.id));
            assert!(deleted.unwrap());
            assert!(matches!(written, Ok(()) | Err(StoreError::Refused(_))), "{written:?}");
            for answer in joined {
                assert!(matches!(answer, Ok(Join::Joined(_)) | Err(StoreError::Missing("group"))), "{answer:?}");
            }
            assert_eq!(roles(&store, group.id).await, []);
        }
        let page = MessagePage { limit: 10, ..MessagePage::default() };
        assert_eq!(store.log.messages(page).await.unwrap(), []);
    }

    async fn own_groups_come_with_their_last_message_the_newest_first(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let mut groups = Vec::new();
        for name in ["a", "b", "c", "d", "others"] {
            let members = if name == "others" { vec![&bob] } else { vec![&bob, &alice] };
            groups.push(group_of(&store, name, &members).await);
        }
        store.moderation.set_role(groups[0].id, alice.id, Role::Admin).await.unwrap();
        let last = message(4, 2, &groups[0], &bob, "last");
        let rows = [
            message(1, 1, &groups[0], &alice, "first"),
            message(2, 1, &groups[2], &alice, "only"),
            message(3, 1, &groups[4], &bob, "hidden"),
            last.clone(),
        ];
        store.log.append(batch(rows.clone())).await.unwrap();
        let own = store.moderation.own_groups(alice.id).await.unwrap();
        let told: Vec<_> = own.iter().map(|own| (&*own.group.name, own.role, own.head, own.last_message.clone())).collect();
        assert_eq!(told, [
            ("a", Role::Admin, Seq(2), Some(last)),
            ("c", Role::Member, Seq(1), Some(rows[1].clone())),
            ("d", Role::Member, Seq(0), None),
            ("b", Role::Member, Seq(0), None),
        ]);
        assert_eq!(store.moderation.own_groups(UserId(99)).await.unwrap(), []);

        // As much as fits in a page of messages.
        let half = "é".repeat(PAGE_BYTES_MAX / 4);
        for (n, group) in (5..).zip(&groups[..4]) {
            let seq = store.log.heads(vec![group.id]).await.unwrap()[0].next().0;
            store.log.append(batch([message(n, seq, group, &bob, &half)])).await.unwrap();
        }
        let own = store.moderation.own_groups(alice.id).await.unwrap();
        let told: Vec<_> = own.iter().map(|own| (own.head, own.last_message.is_some())).collect();
        assert_eq!(told, [(Seq(1), true), (Seq(2), true), (Seq(1), false), (Seq(3), false)]);
    }
}
