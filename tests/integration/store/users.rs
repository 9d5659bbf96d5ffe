//! Users.

use groupcast::model::{NewUser, UserId};
use groupcast::store::{StoreError, Unique};

use super::new_user;

on_both! {
    async fn a_user_is_found_by_number_and_by_name(backend: Backend) {
        let store = backend.open().await;
        let made = store.directory.create_user(new_user("alice")).await.unwrap();
        assert_eq!((made.id, &*made.username, &*made.email), (UserId(1), "alice", "alice@example.com"));
        assert_eq!(store.directory.user(made.id).await.unwrap(), Some(made.clone()));
        assert_eq!(store.directory.user_by_name("alice").await.unwrap(), Some(made));
        for absent in ["Alice", "alice ", " alice", "alic", "", "ALICE"] {
            assert_eq!(store.directory.user_by_name(absent).await.unwrap(), None, "{absent:?}");
        }
        for absent in [0, -1, 2, i64::from(u32::MAX) + 2, i64::MAX, i64::MIN] {
            assert_eq!(store.directory.user(UserId(absent)).await.unwrap(), None, "{absent}");
        }
    }

    async fn a_taken_address_is_told_before_a_taken_name_and_costs_no_number(backend: Backend) {
        let store = backend.open().await;
        store.directory.create_user(new_user("alice")).await.unwrap();
        store.directory.create_user(new_user("bob")).await.unwrap();
        let mixed = |name: &str, email: &str| NewUser {
            username: name.into(),
            email: format!("{email}@example.com"),
            password_hash: String::new(),
        };
        for (user, taken) in [
            (mixed("alice", "alice"), Unique::Email),
            (mixed("alice", "bob"), Unique::Email),
            (mixed("bob", "alice"), Unique::Email),
            (mixed("carol", "bob"), Unique::Email),
            (mixed("bob", "carol"), Unique::Username),
        ] {
            assert_eq!(store.directory.taken(&user.username, &user.email).await.unwrap(), Some(taken));
            let answer = store.directory.create_user(user).await;
            assert!(matches!(answer, Err(StoreError::Taken(unique)) if unique == taken), "{answer:?}");
        }
        assert_eq!(store.directory.taken("carol", "carol@example.com").await.unwrap(), None);
        assert_eq!(store.directory.create_user(new_user("carol")).await.unwrap().id, UserId(3));
    }

    async fn of_many_who_ask_for_a_name_at_once_one_gets_it(backend: Backend) {
        let store = backend.open().await;
        let asking = (0..20).map(|_| store.directory.create_user(new_user("alice")));
        let answers = futures_util::future::join_all(asking).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for answer in answers {
            assert!(matches!(answer, Ok(_) | Err(StoreError::Taken(Unique::Email))), "{answer:?}");
        }
    }

    async fn names_of_any_script_come_back_as_they_were(backend: Backend) {
        let store = backend.open().await;
        let longest = "\u{10ffff}".repeat(50);
        // Composed and decomposed, with and without a joiner: equal to the eye, different in bytes.
        for name in ["Zoë", "Zoe\u{308}", "李", "👩‍🚀", "👩🚀", "a'b\"c\\d%_", "ﬁ", "fi", "\u{ffff}", &longest] {
            let made = store.directory.create_user(new_user(name)).await.unwrap();
            assert_eq!(store.directory.user_by_name(name).await.unwrap(), Some(made), "{name:?}");
        }
    }
}
