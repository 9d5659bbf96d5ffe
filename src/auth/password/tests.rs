use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use futures_util::future::join_all;
use tokio::runtime::Handle;
use tokio::time::Instant;

use super::{PasswordError, PasswordHasher, Verified, WAITING_MAX};
use crate::model::limits::PASSWORD_BYTES_MAX;

#[tokio::test]
async fn hashes_verify_and_are_salted() {
    let hasher = PasswordHasher::new(Handle::current(), 2);
    let hash = hasher.hash("s3cret".to_owned()).await.unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert_ne!(hash, hasher.hash("s3cret".to_owned()).await.unwrap());
    let parsed = PasswordHash::new(&hash).unwrap();
    assert!(Argon2::default().verify_password(b"s3cret", &parsed).is_ok());
    assert!(Argon2::default().verify_password(b"secret", &parsed).is_err());
}

#[tokio::test]
async fn refuses_when_too_many_wait() {
    let hasher = PasswordHasher::new(Handle::current(), 1);
    // The one place to work is taken, so that all others wait.
    let place = hasher.running.clone().acquire_owned().await.unwrap();
    let mut waiting: Vec<_> = (0..=WAITING_MAX).map(|_| Box::pin(hasher.hash("p".to_owned()))).collect();
    for waits in &mut waiting {
        assert!(futures_util::poll!(waits).is_pending());
    }
    assert!(matches!(hasher.hash("p".to_owned()).await, Err(PasswordError::Busy { .. })));
    // Who goes away makes room.
    waiting.truncate(2);
    drop(place);
    let (waited, fresh) = tokio::join!(join_all(waiting), hasher.hash("p".to_owned()));
    assert!(waited.into_iter().all(|hash| hash.is_ok()));
    assert!(fresh.is_ok());
}

async fn verify(hasher: &PasswordHasher, password: &str, hash: Option<&str>) -> Verified {
    hasher.verify(password.to_owned(), hash.map(str::to_owned)).await.unwrap()
}

#[tokio::test]
async fn a_hash_of_its_own_verifies() {
    let hasher = PasswordHasher::new(Handle::current(), 2);
    for password in ["s3cret", "", "pässwörd\0with a NUL", &"p".repeat(PASSWORD_BYTES_MAX)] {
        let hash = hasher.hash(password.to_owned()).await.unwrap();
        assert_eq!(verify(&hasher, password, Some(&hash)).await, Verified::Right { rehash: false });
        assert_eq!(verify(&hasher, &format!("{password}!"), Some(&hash)).await, Verified::Wrong);
        assert_eq!(verify(&hasher, password, None).await, Verified::Wrong);
    }
}

#[tokio::test]
async fn a_password_above_the_bound_is_wrong() {
    let hasher = PasswordHasher::new(Handle::current(), 2);
    let long = "p".repeat(PASSWORD_BYTES_MAX + 1);
    let hash = hasher.hash(long.clone()).await.unwrap();
    assert_eq!(verify(&hasher, &long, Some(&hash)).await, Verified::Wrong);
    // What is compared in its place is no password either.
    let of_none = hasher.hash(String::new()).await.unwrap();
    assert_eq!(verify(&hasher, &long, Some(&of_none)).await, Verified::Wrong);
}

#[tokio::test]
async fn hashes_of_bcrypt_verify_and_are_outdated() {
    let hasher = PasswordHasher::new(Handle::current(), 2);
    // The first is of the test vectors of OpenWall's crypt_blowfish.
    let hash = "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
    for prefix in ["$2a$", "$2b$", "$2y$"] {
        let hash = hash.replace("$2a$", prefix);
        assert_eq!(verify(&hasher, "U*U", Some(&hash)).await, Verified::Right { rehash: true });
        assert_eq!(verify(&hasher, "U*V", Some(&hash)).await, Verified::Wrong);
    }
    assert_eq!(verify(&hasher, "U*U", Some(&hash.replace("$2a$", "$2x$"))).await, Verified::Wrong);
    // Only 72 bytes of a password ever counted.
    let long = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    let hash = "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui";
    assert_eq!(
        verify(&hasher, &format!("{long}chars after 72 are ignored"), Some(hash)).await,
        Verified::Right { rehash: true }
    );
}

#[tokio::test]
async fn other_parameters_are_outdated() {
    let hasher = PasswordHasher::new(Handle::current(), 2);
    for (algorithm, memory, passes, lanes) in [
        (Algorithm::Argon2id, 8 * 1024, 2, 1),
        (Algorithm::Argon2id, 19 * 1024, 3, 1),
        (Algorithm::Argon2id, 19 * 1024, 2, 2),
        (Algorithm::Argon2i, 19 * 1024, 2, 1),
        (Algorithm::Argon2d, 19 * 1024, 2, 1),
    ] {
        let params = Params::new(memory, passes, lanes, None).unwrap();
        let hash =
            Argon2::new(algorithm, Version::V0x13, params).hash_password(b"s3cret").unwrap().to_string();
        assert_eq!(verify(&hasher, "s3cret", Some(&hash)).await, Verified::Right { rehash: true }, "{hash}");
        assert_eq!(verify(&hasher, "secret", Some(&hash)).await, Verified::Wrong, "{hash}");
    }
}

/// How often is measured at most.
const ROUNDS_MAX: usize = 50;

#[tokio::test]
async fn what_is_no_hash_is_wrong_after_the_same_time() {
    let hasher = PasswordHasher::new(Handle::current(), 2);
    let known = hasher.hash("s3cret".to_owned()).await.unwrap();
    let long = "p".repeat(PASSWORD_BYTES_MAX + 1);
    let cases = [
        ("s3cret", None),
        (&long, Some(known.as_str())),
        ("s3cret", Some("")),
        ("s3cret", Some("s3cret")),
        ("s3cret", Some("$1$salt$qJH7.N4xYta3aEG/dfqo/0")),
        ("s3cret", Some("$argon2id$v=19$m=19456,t=2,p=1$")),
        // Would take all memory, or hours.
        ("s3cret", Some("$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")),
        ("s3cret", Some("$argon2id$v=19$m=19456,t=4294967295,p=1$c29tZXNhbHQ$AAAAAAAAAAAAAAAAAAAAAA")),
        ("U*U", Some("$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")),
    ];
    for (password, hash) in cases {
        // The quickest of each, which other work on the machine makes no quicker, until enough were quick.
        let (mut of_known, mut of_case) = (Duration::MAX, Duration::MAX);
        let mut ratio = 0.0;
        for _ in 0..ROUNDS_MAX {
            let start = Instant::now();
            assert_eq!(verify(&hasher, "wrong", Some(&known)).await, Verified::Wrong);
            of_known = of_known.min(start.elapsed());
            let start = Instant::now();
            assert_eq!(verify(&hasher, password, hash).await, Verified::Wrong, "{hash:?}");
            of_case = of_case.min(start.elapsed());
            ratio = of_case.as_secs_f64() / of_known.as_secs_f64();
            if (0.5..2.0).contains(&ratio) {
                break;
            }
        }
        assert!((0.5..2.0).contains(&ratio), "{hash:?}: {of_case:?} rather than {of_known:?}");
    }
}
