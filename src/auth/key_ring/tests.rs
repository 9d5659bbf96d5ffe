use std::fs;
use std::time::Duration;

use jsonwebtoken::Algorithm;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::time::{advance, sleep};

use super::{KeyRing, PAUSE, PERIOD};
use crate::auth::jwks_source::JwksSource;
use crate::auth::test_issuer::{Server, Signer, key_set, ok};

/// A document with one key of this name.
fn document(kid: &str) -> String {
    key_set(&[Signer::ec().jwk(json!({ "kid": kid }))])
}

fn has(ring: &KeyRing, kid: &str) -> bool {
    ring.keys().find(Some(kid), Algorithm::ES256).is_ok()
}

/// Until another load has ended, which the clock of the test waits for.
async fn loaded(ring: &KeyRing) {
    let before = ring.held.borrow().loads;
    ring.held.clone().wait_for(|held| held.loads > before).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn keys_are_loaded_every_five_minutes() {
    let server = Server::start();
    server.answer("/", ok(&document("a")));
    let ring = KeyRing::start(JwksSource::Url(server.url("/")), &Handle::current()).unwrap();
    assert!(has(&ring, "a"));
    server.answer("/", ok(&document("b")));
    sleep(PERIOD - Duration::from_secs(1)).await;
    assert!(has(&ring, "a"));
    loaded(&ring).await;
    assert!(!has(&ring, "a") && has(&ring, "b"));
    // Whatever goes wrong, the last ones stay.
    for answer in [String::new(), ok("{}"), ok(&key_set(&[]))] {
        server.answer("/", answer);
        loaded(&ring).await;
        assert!(has(&ring, "b"));
    }
    assert_eq!(server.requests(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_missing_key_loads_them_at_once_but_not_again_and_again() {
    let server = Server::start();
    server.answer("/", ok(&document("a")));
    let ring = KeyRing::start(JwksSource::Url(server.url("/")), &Handle::current()).unwrap();
    assert!(ring.renewed().await.is_none());
    advance(PAUSE).await;
    server.answer("/", ok(&document("b")));
    // All who ask meanwhile wait for the same load.
    let renewed = futures_util::future::join_all((0..100).map(|_| ring.renewed())).await;
    for keys in renewed {
        assert!(keys.unwrap().find(Some("b"), Algorithm::ES256).is_ok());
    }
    assert!(ring.renewed().await.is_none());
    assert_eq!(server.requests(), 2);
    advance(PAUSE).await;
    // Also after a failure.
    server.answer("/", String::new());
    assert!(ring.renewed().await.is_some());
    assert!(ring.renewed().await.is_none());
    assert!(has(&ring, "b"));
    assert_eq!(server.requests(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_url_may_answer_later_but_a_file_may_not() {
    let server = Server::start();
    let ring = KeyRing::start(JwksSource::Url(server.url("/")), &Handle::current()).unwrap();
    assert!(!has(&ring, "a"));
    server.answer("/", ok(&document("a")));
    advance(PAUSE).await;
    assert!(ring.renewed().await.is_some());
    assert!(has(&ring, "a"));

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("keys.json");
    assert!(KeyRing::start(JwksSource::File(path.clone()), &Handle::current()).is_err());
    fs::write(&path, "{\"keys\":[]}").unwrap();
    assert!(KeyRing::start(JwksSource::File(path.clone()), &Handle::current()).is_err());
    fs::write(&path, document("a")).unwrap();
    let ring = KeyRing::start(JwksSource::File(path.clone()), &Handle::current()).unwrap();
    fs::write(&path, document("b")).unwrap();
    loaded(&ring).await;
    assert!(has(&ring, "b"));
}

#[tokio::test(start_paused = true)]
async fn the_loads_end_with_the_ring() {
    let server = Server::start();
    server.answer("/", ok(&document("a")));
    let ring = KeyRing::start(JwksSource::Url(server.url("/")), &Handle::current()).unwrap();
    loaded(&ring).await;
    let held = ring.held.clone();
    drop(ring);
    sleep(10 * PERIOD).await;
    assert_eq!(server.requests(), 2);
    assert!(held.has_changed().is_err());
}
