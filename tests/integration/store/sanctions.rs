//! Bans and mutes.

use std::collections::HashSet;

use futures_util::future::join_all;
use groupcast::model::{GroupId, Removal, Role, Standing, Timestamp, User, UserId};
use groupcast::store::{Join, NewSanction, Removed, Sanction, StoreError};

use super::{MEMBER, NOW, group, is_member, later, private, user};

fn sanction(group: GroupId, user: &User, until: Timestamp) -> NewSanction {
    NewSanction { group, user: user.id, by: None, reason: None, until, created_at: NOW }
}

on_both! {
    async fn a_ban_takes_out_and_keeps_out_until_it_is_over_or_lifted(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        for group in [group(&store, "open").await, private(&store, "private").await] {
            store.directory.join(group.id, bob.id, NOW).await.unwrap();
            let removed = store.moderation.ban(sanction(group.id, &bob, later(10))).await.unwrap();
            assert_eq!(removed, Some(Removed { heir: None }));
            // Who is no member can be banned too, and again.
            assert_eq!(store.moderation.ban(sanction(group.id, &bob, later(20))).await.unwrap(), None);
            let standing = store.moderation.standing(group.id, bob.id).await.unwrap();
            let banned = Standing { banned_until: Some(later(20)), ..Standing::default() };
            assert_eq!(standing, banned);
            for at in [NOW, later(19)] {
                assert_eq!(store.directory.join(group.id, bob.id, at).await.unwrap(), Join::Banned);
                let added = store.moderation.add_member(group.id, bob.id, Role::Admin, at).await.unwrap();
                assert_eq!(added, Join::Banned);
            }
            assert_eq!(store.directory.join(group.id, alice.id, NOW).await.unwrap(), Join::Joined(MEMBER));
            let back = Standing { role: Some(Role::Member), ..banned };
            assert_eq!(store.directory.join(group.id, bob.id, later(20)).await.unwrap(), Join::Joined(back));

            store.moderation.ban(sanction(group.id, &bob, Timestamp::FOREVER)).await.unwrap();
            let standing = store.moderation.standing(group.id, bob.id).await.unwrap();
            assert_eq!(standing.banned_until, Some(Timestamp::FOREVER));
            assert_eq!(store.directory.join(group.id, bob.id, later(1 << 30)).await.unwrap(), Join::Banned);
            assert!(store.moderation.unban(group.id, bob.id).await.unwrap());
            assert!(!store.moderation.unban(group.id, bob.id).await.unwrap());
            assert_eq!(store.directory.join(group.id, bob.id, NOW).await.unwrap(), Join::Joined(MEMBER));
        }
    }

    async fn a_banned_owner_leaves_an_heir(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let group = store.directory.create_group("g", false, Some(alice.id), NOW).await.unwrap();
        store.directory.join(group.id, bob.id, NOW).await.unwrap();
        let removed = store.moderation.ban(sanction(group.id, &alice, later(10))).await.unwrap();
        assert_eq!(removed, Some(Removed { heir: Some(bob.id) }));
    }

    async fn a_ban_needs_a_group_and_a_user(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        let group = group(&store, "g").await;
        let answer = store.moderation.ban(sanction(GroupId(99), &alice, later(1))).await;
        assert!(matches!(answer, Err(StoreError::Missing("group"))), "{answer:?}");
        let nobody = User { id: UserId(99), ..(*alice).clone() };
        let answer = store.moderation.ban(sanction(group.id, &nobody, later(1))).await;
        assert!(matches!(answer, Err(StoreError::Missing("user"))), "{answer:?}");
        let by = NewSanction { by: Some(UserId(99)), ..sanction(group.id, &alice, later(1)) };
        assert!(matches!(store.moderation.ban(by).await, Err(StoreError::Refused(_))));
        assert_eq!(store.moderation.bans(group.id, UserId(0), 10, NOW).await.unwrap(), []);
    }

    async fn a_mute_is_of_a_member_and_outlasts_the_membership(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let group = group(&store, "g").await;
        store.directory.join(group.id, bob.id, NOW).await.unwrap();
        assert!(!store.moderation.mute(sanction(group.id, &alice, later(10))).await.unwrap());
        assert!(!store.moderation.mute(sanction(GroupId(99), &bob, later(10))).await.unwrap());
        for until in [later(10), Timestamp::FOREVER, later(20)] {
            assert!(store.moderation.mute(sanction(group.id, &bob, until)).await.unwrap());
            let muted = Standing { muted_until: Some(until), ..MEMBER };
            assert_eq!(store.moderation.standing(group.id, bob.id).await.unwrap(), muted);
            assert_eq!(store.directory.join(group.id, bob.id, NOW).await.unwrap(), Join::AlreadyMember(muted));
        }
        store.moderation.remove_member(group.id, bob.id, Removal::Left).await.unwrap();
        let muted = Standing { muted_until: Some(later(20)), ..MEMBER };
        assert_eq!(store.directory.join(group.id, bob.id, NOW).await.unwrap(), Join::Joined(muted));
        assert!(store.moderation.unmute(group.id, bob.id).await.unwrap());
        assert!(!store.moderation.unmute(group.id, bob.id).await.unwrap());
        assert_eq!(store.moderation.standing(group.id, bob.id).await.unwrap(), MEMBER);
    }

    async fn bans_and_mutes_are_listed_while_they_last(backend: Backend) {
        let store = backend.open().await;
        let admin = user(&store, "admin").await;
        let group = group(&store, "g").await;
        let mut expected = Vec::new();
        for n in 1..=4 {
            let user = user(&store, &format!("u{n}")).await;
            store.directory.join(group.id, user.id, NOW).await.unwrap();
            let until = if n == 4 { Timestamp::FOREVER } else { later(10 * n) };
            let by = (n % 2 == 0).then_some(admin.id);
            let reason = (n > 1).then(|| format!("reason {n}"));
            let new = NewSanction { by, reason: reason.clone(), created_at: later(n), ..sanction(group.id, &user, until) };
            assert!(store.moderation.mute(new.clone()).await.unwrap());
            store.moderation.ban(new).await.unwrap();
            let reason = reason.map(Into::into);
            expected.push(Sanction { user: (*user).clone(), by, reason, until, created_at: later(n) });
        }
        let bans = |after, limit, now| store.moderation.bans(group.id, after, limit, now);
        assert_eq!(bans(UserId(0), u64::MAX, NOW).await.unwrap(), expected);
        assert_eq!(bans(UserId(0), 2, NOW).await.unwrap(), expected[..2]);
        assert_eq!(bans(expected[1].user.id, 10, NOW).await.unwrap(), expected[2..]);
        assert_eq!(bans(UserId(0), 10, later(20)).await.unwrap(), expected[2..]);
        assert_eq!(store.moderation.bans(GroupId(99), UserId(0), 10, NOW).await.unwrap(), []);
        expected.iter_mut().for_each(|mute| mute.reason = None);
        let mutes = |after, limit, now| store.moderation.mutes(group.id, after, limit, now);
        assert_eq!(mutes(UserId(0), u64::MAX, NOW).await.unwrap(), expected);
        assert_eq!(mutes(expected[0].user.id, 2, later(10)).await.unwrap(), expected[1..3]);
    }

    async fn who_is_banned_while_coming_in_is_no_member(backend: Backend) {
        let store = backend.open().await;
        let mut users = Vec::new();
        for n in 0..10 {
            users.push(user(&store, &format!("u{n}")).await);
        }
        for n in 0..10 {
            let group = group(&store, &format!("g{n}")).await;
            let joining = join_all(users.iter().map(|user| store.directory.join(group.id, user.id, NOW)));
            let banning = join_all(
                users.iter().step_by(2).map(|user| store.moderation.ban(sanction(group.id, user, later(10)))),
            );
            let adding = join_all(
                users.iter().map(|user| store.moderation.add_member(group.id, user.id, Role::Admin, NOW)),
            );
            let (joined, banned, added) = tokio::join!(joining, banning, adding);
            for answer in joined.into_iter().chain(added) {
                assert!(!matches!(answer.unwrap(), Join::Full));
            }
            banned.into_iter().for_each(|answer| _ = answer.unwrap());
            let members = store.directory.members(group.id, UserId(0), 100).await.unwrap();
            let members: HashSet<UserId> = members.iter().map(|(user, _)| user.id).collect();
            for (n, user) in users.iter().enumerate() {
                assert_eq!(members.contains(&user.id), n % 2 == 1, "{n}");
            }
        }
    }

    async fn who_is_banned_does_not_come_back_by_the_private_chat(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let pair = store.directory.private_group(alice.id, bob.id, "pair", NOW).await.unwrap();
        store.moderation.ban(sanction(pair.id, &bob, later(10))).await.unwrap();
        assert_eq!(store.directory.private_group(bob.id, alice.id, "other", NOW).await.unwrap(), pair);
        assert!(is_member(&store, pair.id, alice.id).await && !is_member(&store, pair.id, bob.id).await);
        assert_eq!(store.directory.private_group(bob.id, alice.id, "other", later(10)).await.unwrap(), pair);
        assert!(is_member(&store, pair.id, bob.id).await, "the ban is over");
    }
}
