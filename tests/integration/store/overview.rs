//! What admins of the server look through.

use futures_util::future::join_all;
use groupcast::model::limits::PAGE_ROWS_MAX;
use groupcast::model::{GroupId, NewUser, RefreshDigests, Seq, Session, SessionId, Timestamp, UserId};
use groupcast::store::{Store, StoreError};

use super::{NOW, batch, group, later, message, private, user};

/// Begins a session that lasts for a hundred seconds.
async fn begin(store: &Store, id: i64, user: UserId, at: Timestamp) -> Session {
    let expires_at = Timestamp(at.0 + 100_000_000);
    let (id, client) = (SessionId(id), "a client".into());
    let session = Session { id, user, created_at: at, renewed_at: at, expires_at, client };
    let digests = RefreshDigests { family: [0; 32], current: [0; 32] };
    store.accounts.start_session(session.clone(), digests).await.unwrap();
    session
}

/// The names of users whose name or address begins so.
async fn users(store: &Store, prefix: &str, after: i64, limit: u64) -> Vec<String> {
    let found = store.overview.listed_users(prefix, UserId(after), limit, NOW).await.unwrap();
    found.iter().map(|listed| listed.user.username.to_string()).collect()
}

async fn groups(store: &Store, prefix: &str, after: i64, limit: u64) -> Vec<String> {
    let found = store.overview.listed_groups(prefix, GroupId(after), limit).await.unwrap();
    found.iter().map(|listed| listed.group.name.to_string()).collect()
}

/// The numbers of sessions behind this one.
async fn sessions(store: &Store, after: Option<i64>, limit: u64, now: Timestamp) -> Option<Vec<i64>> {
    let found = store.overview.newest_sessions(after.map(SessionId), limit, now).await.unwrap();
    found.map(|found| found.iter().map(|(session, _)| session.id.0).collect())
}

on_both! {
    async fn users_are_found_by_how_name_or_address_begins(backend: Backend) {
        let store = backend.open().await;
        for (name, email) in [
            ("Anna", "x1@example.com"),
            ("bob", "Annex@example.com"),
            ("ANNA-LENA", "anna@example.com"),
            ("Ärger", "x2@example.com"),
            ("a_b", "a%b@example.com"),
            ("\u{10ffff}z", "\u{10ffff}y@example.com"),
        ] {
            let user = NewUser { username: name.into(), email: email.into(), password_hash: String::new() };
            store.directory.create_user(user).await.unwrap();
        }
        let all = ["Anna", "bob", "ANNA-LENA", "Ärger", "a_b", "\u{10ffff}z"];
        for (prefix, found) in [
            ("", &all[..]),
            ("ann", &all[..3]),
            ("ANNA", &["Anna", "ANNA-LENA"]),
            ("anne", &["bob"]),
            ("annex@EXAMPLE.com", &["bob"]),
            ("ärg", &["Ärger"]),
            ("a%", &["a_b"]),
            ("a_", &["a_b"]),
            ("%", &[]),
            ("x2", &["Ärger"]),
            ("\u{10ffff}", &all[5..]),
            ("example", &[]),
        ] {
            assert_eq!(users(&store, prefix, 0, 100).await, found, "{prefix}");
        }
        assert_eq!(users(&store, "ann", 1, 1).await, ["bob"]);
        assert_eq!(users(&store, "ann", 3, 9).await, [""; 0]);
        assert_eq!(users(&store, "", 4, 1).await, ["a_b"]);
        assert_eq!(users(&store, "", 0, 0).await, [""; 0]);
        store.accounts.erase_user(UserId(1), false).await.unwrap().unwrap();
        assert_eq!(users(&store, "ANNA", 0, 100).await, ["ANNA-LENA"]);
        assert_eq!(users(&store, "deleted", 0, 100).await, [""; 0]);
        assert_eq!(users(&store, "", 0, 100).await, all[1..]);
    }

    async fn users_come_with_their_sessions(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        store.accounts.set_admin(bob.id, true).await.unwrap();
        for (id, user, at) in [(1, &alice, NOW), (2, &bob, NOW), (3, &alice, later(50))] {
            begin(&store, id, user.id, at).await;
        }
        for (now, counts) in [(later(99), [2, 1]), (later(100), [1, 0]), (later(150), [0, 0])] {
            let found = store.overview.listed_users("", UserId(0), 10, now).await.unwrap();
            assert_eq!(found.iter().map(|listed| listed.sessions).collect::<Vec<_>>(), counts);
            assert_eq!(found.iter().map(|listed| listed.user.is_admin).collect::<Vec<_>>(), [false, true]);
        }
    }

    async fn groups_come_with_how_many_belong_to_them_and_where_their_log_ends(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let lobby = group(&store, "Lobby").await;
        let (pair, lounge) = (private(&store, "lo%").await, group(&store, "lounge").await);
        group(&store, "Öffentlich").await;
        for (group, user) in [(&lobby, &alice), (&lobby, &bob), (&pair, &bob)] {
            store.directory.join(group.id, user.id, NOW).await.unwrap();
        }
        store.log.append(batch([message(1, 1, &lobby, &alice, "a"), message(2, 2, &lobby, &bob, "b")])).await.unwrap();
        let found = store.overview.listed_groups("LO", GroupId(0), 10).await.unwrap();
        let found: Vec<_> = found.iter().map(|listed| (&listed.group, listed.members, listed.head)).collect();
        assert_eq!(found, [(&*lobby, 2, Seq(2)), (&*pair, 1, Seq(0)), (&*lounge, 0, Seq(0))]);
        for (prefix, after, limit, names) in [
            ("", 0, 100, &["Lobby", "lo%", "lounge", "Öffentlich"][..]),
            ("", 1, 2, &["lo%", "lounge"]),
            ("lo", 1, 1, &["lo%"]),
            ("lo%", 0, 100, &["lo%"]),
            ("%", 0, 100, &[]),
            ("Ö", 0, 100, &["Öffentlich"]),
            ("lobbyist", 0, 100, &[]),
        ] {
            assert_eq!(groups(&store, prefix, after, limit).await, names, "{prefix}");
        }
    }

    async fn the_session_begun_last_comes_first(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let mut begun = Vec::new();
        for (id, user, second) in [(50, &alice, 0), (7, &bob, 2), (9, &alice, 2), (8, &alice, 2), (60, &bob, 1)] {
            begun.push(begin(&store, id, user.id, later(second)).await);
        }
        let first = store.overview.newest_sessions(None, 1, NOW).await.unwrap().unwrap();
        assert_eq!(first, [(begun[2].clone(), (*alice).clone())]);
        for (after, limit, expected) in [
            (None, 10, &[9, 8, 7, 60, 50][..]),
            (None, 2, &[9, 8]),
            (Some(8), 2, &[7, 60]),
            (Some(60), 10, &[50]),
            (Some(50), 10, &[]),
        ] {
            assert_eq!(sessions(&store, after, limit, later(3)).await.as_deref(), Some(expected), "{after:?}");
        }
        assert_eq!(sessions(&store, Some(1), 10, NOW).await, None);
        // One that has run out is listed no more, but it is known where it stood.
        assert_eq!(sessions(&store, None, 10, later(101)).await.unwrap(), [9, 8, 7]);
        assert_eq!(sessions(&store, Some(60), 10, later(101)).await.unwrap(), [0; 0]);
        store.accounts.end_session(SessionId(8), None).await.unwrap();
        assert_eq!(sessions(&store, Some(8), 10, NOW).await, None);
        assert_eq!(sessions(&store, Some(9), 10, NOW).await.unwrap(), [7, 60, 50]);
    }

    async fn no_page_is_longer_than_it_may_be(backend: Backend) {
        let store = backend.open().await;
        for n in 0..=PAGE_ROWS_MAX {
            let user = user(&store, &format!("user{n}")).await;
            group(&store, &format!("group{n}")).await;
            begin(&store, 1 + n as i64, user.id, NOW).await;
        }
        assert_eq!(users(&store, "", 0, u64::MAX).await.len(), PAGE_ROWS_MAX);
        assert_eq!(users(&store, "user", 0, u64::MAX).await.len(), PAGE_ROWS_MAX);
        assert_eq!(groups(&store, "", 0, u64::MAX).await.len(), PAGE_ROWS_MAX);
        assert_eq!(groups(&store, "GROUP", 0, u64::MAX).await.len(), PAGE_ROWS_MAX);
        assert_eq!(sessions(&store, None, u64::MAX, NOW).await.unwrap().len(), PAGE_ROWS_MAX);
    }

    async fn the_last_admin_stays_one(backend: Backend) {
        let store = backend.open().await;
        let mut all = Vec::new();
        for n in 0..10 {
            all.push(user(&store, &format!("user{n}")).await.id);
        }
        // Who is none gives nothing up.
        assert!(store.accounts.take_admin(all[0]).await.unwrap());
        store.accounts.set_admin(all[0], true).await.unwrap();
        assert!(store.accounts.take_admin(all[1]).await.unwrap());
        assert!(!store.accounts.take_admin(all[0]).await.unwrap());
        assert!(store.accounts.has_admin().await.unwrap());
        for user in &all {
            store.accounts.set_admin(*user, true).await.unwrap();
        }
        let taken = join_all(all.iter().map(|user| store.accounts.take_admin(*user))).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count(), 9);
        assert!(store.accounts.has_admin().await.unwrap());
        store.accounts.set_admin(all[0], true).await.unwrap();
        store.accounts.erase_user(all[1], false).await.unwrap().unwrap();
        for nobody in [all[1], UserId(99)] {
            let answer = store.accounts.take_admin(nobody).await;
            assert!(matches!(answer, Err(StoreError::Missing("user"))), "{answer:?}");
        }
    }
}
