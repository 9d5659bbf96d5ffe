//! Waiting for what should happen.
//!
//! Whoever waits gives up after [`PATIENCE`], which is far above what any machine needs, so that no test passes
//! or fails by its speed.

#![allow(clippy::panic, reason = "a test fails by panicking")]

use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long anything may take before a test calls it a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How long to wait before asking again.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Waits for `future`.
///
/// # Panics
/// If it takes longer than [`PATIENCE`].
pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Asks again and again until the answer is `Some`.
///
/// # Panics
/// If there is none within [`PATIENCE`].
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    patiently(what, async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(ASK_EVERY).await;
        }
    })
    .await
}

/// The same of who may block its thread, as long as `ask` does not block longer.
///
/// # Panics
/// If there is none within [`PATIENCE`].
#[expect(clippy::disallowed_methods, reason = "who calls this blocks a thread with it")]
pub fn until_blocking<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(value) = ask() {
            return value;
        }
        assert!(since.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(ASK_EVERY);
    }
}
