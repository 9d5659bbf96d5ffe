//! Sessions.

use futures_util::future::join_all;
use groupcast::model::limits::SESSIONS_MAX;
use groupcast::model::{Digest, RefreshDigests, Session, SessionId, Timestamp, UserId};
use groupcast::store::{Renewal, Renewed, Store, StoreError};

use super::{NOW, later, user};

/// A session that lasts for a hundred seconds.
fn session(id: i64, user: UserId, at: Timestamp) -> Session {
    let expires_at = Timestamp(at.0 + 100_000_000);
    Session { id: SessionId(id), user, created_at: at, renewed_at: at, expires_at, client: "a client".into() }
}

/// The digests of the session's token of this number.
fn digests(session: i64, token: u8) -> RefreshDigests {
    let mut family = [0; 32];
    family[..8].copy_from_slice(&session.to_be_bytes());
    let mut current = family;
    current[31] = token;
    RefreshDigests { family, current }
}

async fn start(store: &Store, session: Session) -> Vec<SessionId> {
    let digests = digests(session.id.0, 1);
    store.accounts.start_session(session, digests).await.unwrap()
}

fn renewal(session: i64, spent: u8, next: u8, at: Timestamp) -> Renewal {
    let next: Digest = digests(session, next).current;
    let expires_at = Timestamp(at.0 + 100_000_000);
    Renewal { id: SessionId(session), spent: digests(session, spent), next, at, expires_at }
}

async fn renew(store: &Store, renewal: Renewal) -> Renewed {
    store.accounts.renew_session(renewal).await.unwrap()
}

on_both! {
    async fn a_session_is_there_until_it_is_ended(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        let large = (1 << 53) - 1;
        let made = [session(7, alice.id, NOW), session(large, alice.id, later(2)), session(8, bob.id, later(1))];
        for session in &made {
            assert_eq!(start(&store, session.clone()).await, []);
        }
        for session in &made {
            assert_eq!(store.accounts.session(session.id).await.unwrap().as_ref(), Some(session));
        }
        assert_eq!(store.accounts.sessions(alice.id).await.unwrap(), [made[1].clone(), made[0].clone()]);
        assert_eq!(store.accounts.session(SessionId(9)).await.unwrap(), None);
        let ids = [8, 9, 7, 8, large].map(SessionId).to_vec();
        assert_eq!(store.accounts.live_sessions(ids.clone()).await.unwrap(), [true, false, true, true, true]);
        assert!(store.accounts.live_sessions(Vec::new()).await.unwrap().is_empty());

        assert!(!store.accounts.end_session(SessionId(7), Some(bob.id)).await.unwrap());
        assert!(store.accounts.end_session(SessionId(7), Some(alice.id)).await.unwrap());
        assert!(!store.accounts.end_session(SessionId(7), Some(alice.id)).await.unwrap());
        assert!(store.accounts.end_session(SessionId(8), None).await.unwrap());
        assert!(!store.accounts.end_session(SessionId(9), None).await.unwrap());
        store.lifecycle.close().await.unwrap();
        let store = backend.open().await;
        assert_eq!(store.accounts.live_sessions(ids).await.unwrap(), [false, false, false, false, true]);
        assert_eq!(store.accounts.sessions(alice.id).await.unwrap(), made[1..2]);
    }

    async fn many_who_come_at_once_are_told_each_their_own(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        for id in 1..=50 {
            start(&store, session(id, alice.id, later(id))).await;
        }
        let answers = join_all((0..2_000).map(|n| store.accounts.session(SessionId(n % 100)))).await;
        for (n, answer) in answers.into_iter().enumerate() {
            let id = n as i64 % 100;
            let expected = (1..=50).contains(&id).then(|| session(id, alice.id, later(id)));
            assert_eq!(answer.unwrap(), expected);
        }
    }

    async fn a_session_needs_a_user_and_a_number(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        start(&store, session(1, alice.id, NOW)).await;
        let nobody = store.accounts.start_session(session(2, UserId(99), NOW), digests(2, 1)).await;
        assert!(matches!(nobody, Err(StoreError::Missing("user"))), "{nobody:?}");
        let taken = store.accounts.start_session(session(1, alice.id, later(1)), digests(1, 2)).await;
        assert!(matches!(taken, Err(StoreError::Refused(_))), "{taken:?}");
        assert_eq!(store.accounts.sessions(alice.id).await.unwrap(), [session(1, alice.id, NOW)]);
        store.accounts.erase_user(alice.id, false).await.unwrap().unwrap();
        let erased = store.accounts.start_session(session(3, alice.id, NOW), digests(3, 1)).await;
        assert!(matches!(erased, Err(StoreError::Missing("user"))), "{erased:?}");
    }

    async fn the_one_too_many_ends_the_one_renewed_longest_ago(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        start(&store, session(1_000, bob.id, NOW)).await;
        let max = SESSIONS_MAX as i64;
        // Begun in an order other than that of their numbers.
        for n in 0..max {
            let id = (n + 40) % max + 1;
            assert_eq!(start(&store, session(id, alice.id, Timestamp(NOW.0 + n))).await, []);
        }
        assert!(matches!(renew(&store, renewal(41, 1, 2, later(1))).await, Renewed::Yes(_)));
        assert_eq!(start(&store, session(500, alice.id, later(2))).await, [SessionId(42)]);
        let answers =
            join_all((501..521).map(|id| store.accounts.start_session(session(id, alice.id, later(3)), digests(id, 1))));
        let mut ended: Vec<_> = answers.await.into_iter().flat_map(Result::unwrap).collect();
        ended.sort();
        assert_eq!(ended, (43..63).map(SessionId).collect::<Vec<_>>());
        assert_eq!(store.accounts.sessions(alice.id).await.unwrap().len(), SESSIONS_MAX);
        assert_eq!(store.accounts.sessions(bob.id).await.unwrap().len(), 1);
    }

    async fn what_ran_out_is_cleared_away_when_somebody_logs_in(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        start(&store, session(1, alice.id, NOW)).await;
        start(&store, session(2, alice.id, later(1))).await;
        assert_eq!(start(&store, session(3, bob.id, later(100))).await, []);
        let ids = [1, 2, 3].map(SessionId).to_vec();
        assert_eq!(store.accounts.live_sessions(ids).await.unwrap(), [false, true, true]);
    }

    async fn a_refresh_token_renews_once_and_its_second_use_ends_the_session(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        for id in [1, 2] {
            start(&store, session(id, alice.id, NOW)).await;
        }
        let renewed = session(1, alice.id, NOW);
        let renewed = Session { renewed_at: later(5), expires_at: later(105), ..renewed };
        assert_eq!(renew(&store, renewal(1, 1, 2, later(5))).await, Renewed::Yes(renewed.clone()));
        assert_eq!(store.accounts.session(SessionId(1)).await.unwrap(), Some(renewed));
        assert!(matches!(renew(&store, renewal(1, 2, 3, later(104))).await, Renewed::Yes(_)));
        for spent in [1, 2] {
            // Of another session's family, of a number that is none, of no family at all.
            let strangers = [
                Renewal { spent: digests(2, spent), ..renewal(1, spent, 9, later(5)) },
                renewal(3, spent, 9, later(5)),
                Renewal { spent: RefreshDigests { family: [9; 32], current: [9; 32] }, ..renewal(1, 1, 9, later(5)) },
            ];
            for stranger in strangers {
                assert_eq!(renew(&store, stranger).await, Renewed::No);
            }
        }
        assert_eq!(renew(&store, renewal(1, 1, 9, later(105))).await, Renewed::Reused);
        assert_eq!(store.accounts.session(SessionId(1)).await.unwrap(), None);
        assert_eq!(renew(&store, renewal(1, 3, 9, later(105))).await, Renewed::No);
        // The other one ran out meanwhile, which ends nothing.
        for spent in [1, 8] {
            assert_eq!(renew(&store, renewal(2, spent, 9, later(100))).await, Renewed::No);
        }
        assert!(store.accounts.session(SessionId(2)).await.unwrap().is_some());
        assert!(matches!(renew(&store, renewal(2, 1, 2, later(99))).await, Renewed::Yes(_)));
    }

    async fn of_two_who_come_with_one_token_one_renews_and_the_session_ends(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        for id in 1..=30 {
            start(&store, session(id, alice.id, NOW)).await;
            let (one, other) =
                tokio::join!(renew(&store, renewal(id, 1, 2, later(1))), renew(&store, renewal(id, 1, 3, later(1))));
            let yes = [&one, &other].into_iter().filter(|renewed| matches!(renewed, Renewed::Yes(_))).count();
            assert!(yes == 1 && [one, other].contains(&Renewed::Reused), "{id}");
            assert_eq!(store.accounts.session(SessionId(id)).await.unwrap(), None);
        }
    }

    async fn another_password_ends_all_sessions_but_the_one(backend: Backend) {
        let store = backend.open().await;
        let (alice, bob) = (user(&store, "alice").await, user(&store, "bob").await);
        for (id, user) in [(1, &alice), (2, &alice), (3, &alice), (4, &bob)] {
            start(&store, session(id, user.id, NOW)).await;
        }
        let ended = store.accounts.set_password(alice.id, "new".into(), Some(SessionId(2))).await.unwrap();
        assert_eq!(ended, [SessionId(1), SessionId(3)]);
        // That of somebody else keeps nothing.
        let ended = store.accounts.set_password(alice.id, "newer".into(), Some(SessionId(4))).await.unwrap();
        assert_eq!(ended, [SessionId(2)]);
        assert_eq!(store.accounts.set_password(alice.id, "newest".into(), None).await.unwrap(), []);
        assert!(store.accounts.session(SessionId(4)).await.unwrap().is_some());
    }
}
