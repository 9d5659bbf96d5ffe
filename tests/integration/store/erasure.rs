//! Erasing users.

use std::sync::Arc;

use futures_util::future::join_all;
use groupcast::model::{KeyActor, NewUser, RefreshDigests, Role, Scope, Session, SessionId, User, UserId};
use groupcast::store::{Erased, Join, Login, MessagePage, NewKey, NewSanction, Store, StoreError};

use super::{NOW, batch, group, is_member, later, message, new_user, user};

async fn contents(store: &Store) -> Vec<(String, String)> {
    let page = MessagePage { limit: 100, ..MessagePage::default() };
    let messages = store.log.messages(page).await.unwrap();
    messages.iter().map(|row| (row.user.username.to_string(), row.content.to_string())).collect()
}

async fn start_session(store: &Store, id: i64, user: &User) {
    let session = Session {
        id: SessionId(id),
        user: user.id,
        created_at: NOW,
        renewed_at: NOW,
        expires_at: later(100),
        client: "".into(),
    };
    let digests = RefreshDigests { family: [0; 32], current: [1; 32] };
    store.accounts.start_session(session, digests).await.unwrap();
}

on_both! {
    async fn an_erased_user_is_nobody_but_their_messages_have_an_author(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        store.accounts.set_admin(alice.id, true).await.unwrap();
        let own = Arc::new(store.directory.create_group("own", false, Some(alice.id), NOW).await.unwrap());
        let other = group(&store, "other").await;
        store.directory.join(own.id, bob.id, NOW).await.unwrap();
        store.directory.join(other.id, alice.id, NOW).await.unwrap();
        for id in [1, 2] {
            start_session(&store, id, &alice).await;
        }
        start_session(&store, 3, &bob).await;
        store.log.append(batch([
            message(1, 1, &own, &alice, "from alice"),
            message(2, 2, &own, &bob, "from bob"),
        ])).await.unwrap();

        let erased = store.accounts.erase_user(alice.id, false).await.unwrap();
        let sessions = vec![SessionId(1), SessionId(2)];
        assert_eq!(erased, Some(Erased { sessions, groups: vec![own.id, other.id], heirs: vec![(own.id, bob.id)] }));
        assert_eq!(store.accounts.erase_user(alice.id, true).await.unwrap(), None);
        assert_eq!(store.accounts.erase_user(UserId(99), true).await.unwrap(), None);

        let left = store.directory.user(alice.id).await.unwrap().unwrap();
        assert_eq!((&*left.username, &*left.email, left.is_admin), ("deleted-1", "deleted-1", false));
        assert_eq!(
            contents(&store).await,
            [("deleted-1".into(), "from alice".into()), ("bob".into(), "from bob".into())],
        );
        for name in ["alice", "deleted-1"] {
            assert_eq!(store.directory.user_by_name(name).await.unwrap(), None);
            assert!(store.accounts.credentials(Login::Username(name)).await.unwrap().is_none());
        }
        for login in [Login::Id(alice.id), Login::Email("deleted-1")] {
            assert!(store.accounts.credentials(login).await.unwrap().is_none());
        }
        assert_eq!(store.accounts.search_users("deleted", 10).await.unwrap(), []);
        assert!(!store.accounts.has_admin().await.unwrap());
        assert!(store.accounts.session(SessionId(1)).await.unwrap().is_none());
        assert!(store.accounts.session(SessionId(3)).await.unwrap().is_some());
        let members = store.directory.members(own.id, UserId(0), 10).await.unwrap();
        assert_eq!(members, [((*bob).clone(), Role::Owner)]);
        assert_eq!(store.directory.members(other.id, UserId(0), 10).await.unwrap(), []);

        // The name is free again, and who has it is somebody else.
        let again = store.directory.create_user(new_user("alice")).await.unwrap();
        assert!(again.id > bob.id);
        assert_eq!(store.directory.user_by_name("alice").await.unwrap(), Some(again));
    }

    async fn nothing_can_be_done_with_an_erased_user(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let group = group(&store, "g").await;
        store.accounts.erase_user(alice.id, false).await.unwrap().unwrap();
        let ban = NewSanction {
            group: group.id,
            user: alice.id,
            by: None,
            reason: None,
            until: later(1),
            created_at: NOW,
        };
        for answer in [
            store.directory.join(group.id, alice.id, NOW).await.map(drop),
            store.moderation.add_member(group.id, alice.id, Role::Member, NOW).await.map(drop),
            store.moderation.ban(ban).await.map(drop),
            store.directory.private_group(bob.id, alice.id, "p", NOW).await.map(drop),
            store.directory.create_group("h", false, Some(alice.id), NOW).await.map(drop),
            store.accounts.set_password(alice.id, "x".into(), None).await.map(drop),
            store.accounts.set_email(alice.id, "x").await,
            store.accounts.set_admin(alice.id, true).await,
        ] {
            assert!(matches!(answer, Err(StoreError::Missing("user"))), "{answer:?}");
        }
        store.accounts.replace_hash(alice.id, String::new(), "x".into()).await.unwrap();
        assert!(store.accounts.credentials(Login::Id(alice.id)).await.unwrap().is_none());
    }

    async fn with_the_user_go_the_contents_that_were_asked_for(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let general = group(&store, "general").await;
        let rows: Vec<_> = (1..=6)
            .map(|n| message(n, n, &general, if n % 2 == 0 { &alice } else { &bob }, &format!("{n}")))
            .collect();
        store.log.append(batch(rows)).await.unwrap();
        store.accounts.erase_user(alice.id, true).await.unwrap().unwrap();
        let expected: Vec<_> = (1..=6)
            .map(|n| if n % 2 == 0 { ("deleted-1".into(), String::new()) } else { ("bob".into(), n.to_string()) })
            .collect();
        assert_eq!(contents(&store).await, expected);
        assert_eq!(store.log.heads(vec![general.id]).await.unwrap()[0].0, 6);
    }

    async fn a_placeholder_that_somebody_has_is_left_to_them(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        let squatter = NewUser { email: "deleted-1".into(), ..new_user("deleted-1") };
        let squatter = store.directory.create_user(squatter).await.unwrap();
        store.directory.create_user(new_user("deleted-1-")).await.unwrap();
        store.accounts.erase_user(alice.id, false).await.unwrap().unwrap();
        let left = store.directory.user(alice.id).await.unwrap().unwrap();
        assert_eq!((&*left.username, &*left.email), ("deleted-1--", "deleted-1-"));
        assert_eq!(store.directory.user_by_name("deleted-1").await.unwrap(), Some(squatter));
    }

    async fn bans_mutes_and_keys_of_an_erased_user_go_and_those_they_made_stay(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let group = group(&store, "g").await;
        for user in [&alice, &bob] {
            let other = if user.id == alice.id { &bob } else { &alice };
            store.directory.join(group.id, user.id, NOW).await.unwrap();
            let sanction = NewSanction {
                group: group.id,
                user: user.id,
                by: Some(other.id),
                reason: None,
                until: later(9),
                created_at: NOW,
            };
            assert!(store.moderation.mute(sanction.clone()).await.unwrap());
            store.moderation.ban(sanction).await.unwrap();
            let actor = KeyActor::User(user.id);
            let name = user.username.to_string();
            let digest = [user.id.0 as u8; 32];
            let key = NewKey { name, digest, scope: Scope::Read, actor, created_at: NOW };
            store.accounts.create_key(key).await.unwrap();
        }
        store.accounts.erase_user(alice.id, false).await.unwrap().unwrap();
        for list in [
            store.moderation.bans(group.id, UserId(0), 10, NOW).await.unwrap(),
            store.moderation.mutes(group.id, UserId(0), 10, NOW).await.unwrap(),
        ] {
            let told: Vec<_> = list.iter().map(|sanction| (sanction.user.id, sanction.by)).collect();
            assert_eq!(told, [(bob.id, Some(alice.id))]);
        }
        let keys = store.accounts.keys().await.unwrap();
        assert_eq!(keys.iter().map(|key| &*key.name).collect::<Vec<_>>(), ["bob"]);
    }

    async fn who_is_erased_while_coming_in_is_no_member(backend: Backend) {
        let store = backend.open().await;
        let mut groups = Vec::new();
        for n in 0..10 {
            groups.push(group(&store, &format!("g{n}")).await);
        }
        for n in 0..10 {
            let alice = user(&store, &format!("alice{n}")).await;
            let joining = join_all(groups.iter().map(|group| store.directory.join(group.id, alice.id, NOW)));
            let adding = join_all(
                groups.iter().map(|group| store.moderation.add_member(group.id, alice.id, Role::Admin, NOW)),
            );
            let (joined, added, erased) =
                tokio::join!(joining, adding, store.accounts.erase_user(alice.id, true));
            erased.unwrap().unwrap();
            for answer in joined.into_iter().chain(added) {
                let is_expected = matches!(
                    answer,
                    Ok(Join::Joined(_) | Join::AlreadyMember(_)) | Err(StoreError::Missing("user"))
                );
                assert!(is_expected, "{answer:?}");
            }
            for group in &groups {
                assert!(!is_member(&store, group.id, alice.id).await);
            }
        }
    }
}
