//! What the tests share: the server as a process, an HTTP client, a WebSocket client, a Postgres.
//!
//! Everything waits for what should happen and gives up after [`PATIENCE`], which is far above what any
//! machine needs, so that no test passes or fails by its speed.

pub mod blocking;
pub mod chat;
pub mod database;
pub mod http;
pub mod json;
pub mod pattern;
pub mod postgres;
pub mod server;
pub mod socket;

use std::time::Duration;

/// How long anything may take before a test calls it a failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for `future`, and fails the test if it takes longer than [`PATIENCE`].
pub async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited in vain for {what}"),
    }
}

/// Asks again and again until the answer is `Some`.
pub async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    patiently(what, async {
        loop {
            if let Some(value) = ask().await {
                return value;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Runs each of the named functions, `async fn(Store)`, as a test over SQLite and as one over Postgres.
#[macro_export]
macro_rules! both_stores {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                Box::pin(super::$name($crate::support::database::Store::Sqlite)).await;
            })+
        }
        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                Box::pin(super::$name($crate::support::database::Store::Postgres)).await;
            })+
        }
    };
}
