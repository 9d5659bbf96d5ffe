//! Passwords, addresses, admins, lists of users, and those whom an issuer of tokens vouches for.

use futures_util::future::join_all;
use groupcast::model::{NewUser, UserId};
use groupcast::store::{Login, Store, StoreError, Unique};

use super::{later, new_user, user};

async fn hash(store: &Store, login: Login<'_>) -> Option<(UserId, String)> {
    let found = store.accounts.credentials(login).await.unwrap();
    found.map(|found| (found.user.id, found.password_hash))
}

async fn found(store: &Store, prefix: &str, limit: u64) -> Vec<String> {
    let users = store.accounts.search_users(prefix, limit).await.unwrap();
    users.iter().map(|user| user.username.to_string()).collect()
}

on_both! {
    async fn a_password_is_found_by_name_address_and_number(backend: Backend) {
        let store = backend.open().await;
        user(&store, "bob").await;
        let alice = user(&store, "alice").await;
        let expected = Some((alice.id, "$argon2id$".to_owned()));
        for login in [Login::Username("alice"), Login::Email("alice@example.com"), Login::Id(alice.id)] {
            assert_eq!(hash(&store, login).await, expected, "{login:?}");
        }
        for login in [Login::Username("Alice"), Login::Email("alice"), Login::Id(UserId(99)), Login::Username("")] {
            assert_eq!(hash(&store, login).await, None, "{login:?}");
        }
    }

    async fn a_hash_is_replaced_only_while_it_is_the_one_that_was_checked(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        assert_eq!(store.accounts.set_password(alice.id, "new".into(), None).await.unwrap(), []);
        store.accounts.replace_hash(alice.id, "$argon2id$".into(), "late".into()).await.unwrap();
        assert_eq!(hash(&store, Login::Id(alice.id)).await.unwrap().1, "new");
        store.accounts.replace_hash(alice.id, "new".into(), "dearer".into()).await.unwrap();
        assert_eq!(hash(&store, Login::Id(alice.id)).await.unwrap().1, "dearer");
        assert_eq!(hash(&store, Login::Id(bob.id)).await.unwrap().1, "$argon2id$");
        let nobody = store.accounts.set_password(UserId(99), "x".into(), None).await;
        assert!(matches!(nobody, Err(StoreError::Missing("user"))), "{nobody:?}");
        store.accounts.replace_hash(UserId(99), "x".into(), "y".into()).await.unwrap();
    }

    async fn an_address_is_changed_unless_it_is_somebody_elses(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        user(&store, "bob").await;
        let taken = store.accounts.set_email(alice.id, "bob@example.com").await;
        assert!(matches!(taken, Err(StoreError::Taken(Unique::Email))), "{taken:?}");
        let nobody = store.accounts.set_email(UserId(99), "free@example.com").await;
        assert!(matches!(nobody, Err(StoreError::Missing("user"))), "{nobody:?}");
        for email in ["alice@example.com", "new@example.com"] {
            store.accounts.set_email(alice.id, email).await.unwrap();
            assert_eq!(&*store.directory.user(alice.id).await.unwrap().unwrap().email, email);
        }
        assert_eq!(store.directory.taken("x", "alice@example.com").await.unwrap(), None);
    }

    async fn admins_come_and_go_and_the_first_is_made_once(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        assert!(!alice.is_admin && !store.accounts.has_admin().await.unwrap());
        let taken = store.accounts.create_first_admin(new_user("alice")).await;
        assert!(matches!(taken, Err(StoreError::Taken(Unique::Email))), "{taken:?}");
        let names: Vec<String> = (0..10).map(|n| format!("admin{n}")).collect();
        let made = join_all(names.iter().map(|name| store.accounts.create_first_admin(new_user(name)))).await;
        let made: Vec<_> = made.into_iter().filter_map(Result::unwrap).collect();
        assert!(made.len() == 1 && made[0].is_admin, "{made:?}");
        assert_eq!(store.directory.user(made[0].id).await.unwrap(), Some(made[0].clone()));

        store.accounts.set_admin(alice.id, true).await.unwrap();
        assert!(store.directory.user_by_name("alice").await.unwrap().unwrap().is_admin);
        for id in [alice.id, made[0].id] {
            assert!(store.accounts.has_admin().await.unwrap());
            store.accounts.set_admin(id, false).await.unwrap();
        }
        assert!(!store.accounts.has_admin().await.unwrap());
        let nobody = store.accounts.set_admin(UserId(99), true).await;
        assert!(matches!(nobody, Err(StoreError::Missing("user"))), "{nobody:?}");
        store.lifecycle.close().await.unwrap();
        let store = backend.open().await;
        assert!(store.accounts.create_first_admin(new_user("again")).await.unwrap().is_some());
    }

    async fn users_come_in_pages_without_the_erased(backend: Backend) {
        let store = backend.open().await;
        let mut made = Vec::new();
        for name in ["a", "b", "c", "d"] {
            made.push((*user(&store, name).await).clone());
        }
        store.accounts.erase_user(made.remove(1).id, false).await.unwrap();
        assert_eq!(store.accounts.users(UserId(0), u64::MAX).await.unwrap(), made);
        assert_eq!(store.accounts.users(made[0].id, 1).await.unwrap(), made[1..2]);
        assert_eq!(store.accounts.users(UserId(4), 10).await.unwrap(), []);
    }

    async fn users_are_found_by_how_their_names_begin_in_any_case(backend: Backend) {
        let store = backend.open().await;
        for name in ["Bob", "alice", "ALBERT", "al_x", "al%y", "alZ", "Élodie", "élan", "ΟΔΥΣΣΕΥΣ", "\u{10ffff}z"] {
            user(&store, name).await;
        }
        assert_eq!(found(&store, "al", 10).await, ["al%y", "al_x", "ALBERT", "alice", "alZ"]);
        assert_eq!(found(&store, "AL", 2).await, ["al%y", "al_x"]);
        assert_eq!(found(&store, "al_", 10).await, ["al_x"]);
        assert_eq!(found(&store, "al%", 10).await, ["al%y"]);
        assert_eq!(found(&store, "É", 10).await, ["élan", "Élodie"]);
        assert_eq!(found(&store, "ΟΔΥΣ", 10).await, ["ΟΔΥΣΣΕΥΣ"]);
        assert_eq!(found(&store, "\u{10ffff}", 10).await, ["\u{10ffff}z"]);
        assert_eq!(found(&store, "alice ", 10).await, Vec::<String>::new());
        assert_eq!(found(&store, "", 100).await.len(), 10);
        assert_eq!(found(&store, "a", 0).await, Vec::<String>::new());
    }

    async fn an_outside_identity_is_one_user_however_many_ask(backend: Backend) {
        let store = backend.open().await;
        user(&store, "alice").await;
        let create = |subject: &str, user: NewUser| {
            store.accounts.create_outside_user("https://issuer.example".into(), subject.into(), user)
        };
        let taken = create("1", new_user("alice")).await;
        assert!(matches!(taken, Err(StoreError::Taken(Unique::Email))), "{taken:?}");
        assert_eq!(store.accounts.outside_user("https://issuer.example", "1").await.unwrap(), None);

        // Some under the same name, some under others.
        let names: Vec<String> = (0..20).map(|n| format!("carol{}", n % 3)).collect();
        let made = join_all(names.iter().map(|name| create("1", new_user(name)))).await;
        let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
        assert!(made.iter().all(|user| *user == made[0]), "{made:?}");
        assert_eq!(store.accounts.users(UserId(0), 10).await.unwrap().len(), 2);
        assert_eq!(store.accounts.outside_user("https://issuer.example", "1").await.unwrap(), Some(made[0].clone()));
        for (issuer, subject) in [("https://issuer.example", "2"), ("https://other.example", "1")] {
            assert_eq!(store.accounts.outside_user(issuer, subject).await.unwrap(), None);
        }
        assert_ne!(create("2", new_user("dave")).await.unwrap().id, made[0].id);
        store.accounts.erase_user(made[0].id, false).await.unwrap().unwrap();
        assert_eq!(store.accounts.outside_user("https://issuer.example", "1").await.unwrap(), None);
    }

    async fn an_ended_token_is_known_until_it_runs_out(backend: Backend) {
        let store = backend.open().await;
        let tokens = [[1; 32], [2; 32], [3; 32]];
        store.accounts.end_token(tokens[0], later(10), later(0)).await.unwrap();
        store.accounts.end_token(tokens[0], later(10), later(0)).await.unwrap();
        store.accounts.end_token(tokens[1], later(20), later(5)).await.unwrap();
        for (token, is_ended) in tokens.into_iter().zip([true, true, false]) {
            assert_eq!(store.accounts.is_token_ended(token).await.unwrap(), is_ended);
        }
        store.accounts.end_token(tokens[2], later(30), later(10)).await.unwrap();
        for (token, is_ended) in tokens.into_iter().zip([false, true, true]) {
            assert_eq!(store.accounts.is_token_ended(token).await.unwrap(), is_ended);
        }
    }

    async fn the_signing_secret_is_kept_and_changes_are_counted(backend: Backend) {
        let store = backend.open().await;
        let fresh: Vec<String> = (0..10).map(|n| format!("secret{n}")).collect();
        let kept = join_all(fresh.iter().map(|fresh| store.accounts.signing_secret(fresh.clone()))).await;
        let kept: Vec<_> = kept.into_iter().map(Result::unwrap).collect();
        assert!(kept.iter().all(|secret| *secret == kept[0]) && fresh.contains(&kept[0]), "{kept:?}");
        let before = store.accounts.changes().await.unwrap();
        for note in join_all((0..10).map(|_| store.accounts.note_change())).await {
            note.unwrap();
        }
        assert_eq!(store.accounts.changes().await.unwrap(), before + 10);
        store.lifecycle.close().await.unwrap();
        let store = backend.open().await;
        assert_eq!(store.accounts.signing_secret("another".into()).await.unwrap(), kept[0]);
        assert_eq!(store.accounts.changes().await.unwrap(), before + 10);
    }
}
