//! API keys.

use futures_util::future::join_all;
use groupcast::model::{Digest, KeyActor, Scope, UserId};
use groupcast::store::{NewKey, StoreError, Unique};

use super::{later, user};

fn key(name: &str, digest: u8, actor: KeyActor, scope: Scope) -> NewKey {
    NewKey { name: name.into(), digest: [digest; 32], scope, actor, created_at: later(digest.into()) }
}

on_both! {
    async fn a_key_is_found_by_its_secret_until_it_is_taken_back(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        let mut made = Vec::new();
        for (digest, name, actor, scope) in [
            (1, "b", KeyActor::User(alice.id), Scope::Read),
            (2, "C", KeyActor::Any, Scope::Write),
            (3, "a", KeyActor::Server, Scope::Admin),
        ] {
            let key = store.accounts.create_key(key(name, digest, actor, scope)).await.unwrap();
            assert_eq!((&*key.name, key.actor, key.scope, key.created_at), (name, actor, scope, later(digest.into())));
            made.push(key);
        }
        let answers = join_all((0..1_000).map(|n| store.accounts.key([(n % 5) as u8; 32]))).await;
        for (n, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap().as_ref(), (n % 5).checked_sub(1).and_then(|n| made.get(n)));
        }
        let mut near: Digest = [1; 32];
        near[31] = 0;
        assert_eq!(store.accounts.key(near).await.unwrap(), None);

        // By the bytes of their names.
        let by_name = [1, 2, 0].map(|n| made[n].clone());
        assert_eq!(store.accounts.keys().await.unwrap(), by_name);
        store.lifecycle.close().await.unwrap();
        let store = backend.open().await;
        assert_eq!(store.accounts.keys().await.unwrap(), by_name);
        assert_eq!(store.accounts.revoke_key("b").await.unwrap(), Some([1; 32]));
        assert_eq!(store.accounts.revoke_key("b").await.unwrap(), None);
        assert_eq!(store.accounts.revoke_key("c").await.unwrap(), None);
        assert_eq!(store.accounts.key([1; 32]).await.unwrap(), None);
        assert_eq!(store.accounts.keys().await.unwrap(), by_name[..2]);
        // Its name is free, its number is not used again.
        let again = store.accounts.create_key(key("b", 4, KeyActor::Any, Scope::Read)).await.unwrap();
        assert!(by_name.iter().all(|known| known.id < again.id));
    }

    async fn a_key_needs_a_free_name_and_a_user(backend: Backend) {
        let store = backend.open().await;
        let alice = user(&store, "alice").await;
        let bob = user(&store, "bob").await;
        let asking = (0..10).map(|n| store.accounts.create_key(key("bot", n, KeyActor::User(alice.id), Scope::Read)));
        let answers = join_all(asking).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        for answer in answers {
            assert!(matches!(answer, Ok(_) | Err(StoreError::Taken(Unique::KeyName))), "{answer:?}");
        }
        store.accounts.create_key(key("other", 20, KeyActor::User(bob.id), Scope::Read)).await.unwrap();
        store.accounts.erase_user(bob.id, false).await.unwrap().unwrap();
        for user in [bob.id, UserId(99)] {
            let answer = store.accounts.create_key(key("new", 21, KeyActor::User(user), Scope::Read)).await;
            assert!(matches!(answer, Err(StoreError::Missing("user"))), "{answer:?}");
        }
        // The key went with its user.
        assert_eq!(store.accounts.key([20; 32]).await.unwrap(), None);
        assert_eq!(store.accounts.keys().await.unwrap().len(), 1);
    }
}
