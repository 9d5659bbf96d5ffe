//! A Postgres of a test's own, which it may stop.

use std::sync::Arc;

use super::off_thread;
use super::postgres::Postgres;

/// A running Postgres with an empty database.
pub struct OwnPostgres {
    postgres: Arc<Postgres>,
    url: String,
}

impl OwnPostgres {
    /// Starts one.
    pub async fn launch() -> Self {
        off_thread(|| {
            let postgres = Arc::new(Postgres::launch());
            let url = postgres.create_database();
            Self { postgres, url }
        })
        .await
    }

    /// The URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Ends it as a crash would.
    pub async fn stop(&self) {
        self.have(Postgres::stop_immediately).await;
    }

    /// Starts it again where it was.
    pub async fn start(&self) {
        self.have(Postgres::start).await;
    }

    /// Has something done with it that blocks.
    pub async fn have<T: Send + 'static>(&self, work: impl FnOnce(&Postgres) -> T + Send + 'static) -> T {
        let postgres = Arc::clone(&self.postgres);
        off_thread(move || work(&postgres)).await
    }
}
