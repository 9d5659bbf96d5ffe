//! What the tests share: the server as a process, clients that fail the test when they are not answered, a
//! database.
//!
//! The clients themselves are those of `groupcast-kit`.

pub mod authority;
pub mod barrier;
pub mod blocking;
pub mod chat;
pub mod database;
pub mod http;
pub mod json;
pub mod overdue;
pub mod own_postgres;
pub mod pattern;
pub mod server;
pub mod socket;

pub use groupcast_kit::link;
pub use groupcast_kit::nats;
pub use groupcast_kit::pgbouncer;
pub use groupcast_kit::postgres;
pub use groupcast_kit::wait::{PATIENCE, patiently, until, until_blocking};

/// Does what blocks, so that nothing else waits for it.
pub async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    overdue::watch();
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

/// Runs each of the named functions, `async fn(Store)`, as a test over SQLite and as one over Postgres.
#[macro_export]
macro_rules! both_stores {
    ($($name:ident),+ $(,)?) => {
        tests_with!(sqlite, $crate::support::database::Store::Sqlite, $($name),+);
        tests_with!(postgres, $crate::support::database::Store::Postgres, $($name),+);
    };
}

/// The same, and as one over SQLite whose clients speak TLS.
#[macro_export]
macro_rules! both_stores_and_tls {
    ($($name:ident),+ $(,)?) => {
        both_stores!($($name),+);
        tests_with!(tls, $crate::support::database::Store::SqliteOverTls, $($name),+);
    };
}

/// Runs each of the named functions as a test of a module, with this as its argument.
#[macro_export]
macro_rules! tests_with {
    ($module:ident, $argument:expr, $($name:ident),+) => {
        mod $module {
            $(#[tokio::test]
            async fn $name() {
                Box::pin(super::$name($argument)).await;
            })+
        }
    };
}
