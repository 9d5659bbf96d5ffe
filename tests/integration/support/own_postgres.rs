//! A Postgres of a test's own, which it may stop.

use std::sync::Arc;

use super::off_thread;
use super::postgres::Postgres;
use super::until_blocking;

/// A running Postgres with an empty database.
pub struct OwnPostgres {
    postgres: Arc<Postgres>,
    url: String,
}

impl OwnPostgres {
    /// Starts one.
    pub async fn launch() -> Self {
        Self::launched(Postgres::launch).await
    }

    /// Starts one with these settings, each `name=value`.
    pub async fn launch_with(settings: &'static [&'static str]) -> Self {
        Self::launched(move || Postgres::launch_with(settings)).await
    }

    /// Starts one in any other way.
    pub async fn launched(launch: impl FnOnce() -> Postgres + Send + 'static) -> Self {
        off_thread(|| {
            let postgres = Arc::new(launch());
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

    /// Waits until it answers whoever connects.
    pub async fn answering(&self) {
        let url = self.url.clone();
        self.have(move |postgres| {
            until_blocking("an answer of Postgres", || postgres.does(&url, "SELECT 1").then_some(()));
        })
        .await;
    }

    /// The same of one that may have ended, and is started again then.
    pub async fn revived(&self) {
        let url = self.url.clone();
        self.have(move |postgres| {
            until_blocking("an answer of Postgres", || {
                let answers = postgres.does(&url, "SELECT 1");
                if !answers {
                    postgres.start_if_ended();
                }
                answers.then_some(())
            });
        })
        .await;
    }

    /// Has something done with it that blocks.
    pub async fn have<T: Send + 'static>(&self, work: impl FnOnce(&Postgres) -> T + Send + 'static) -> T {
        let postgres = Arc::clone(&self.postgres);
        off_thread(move || work(&postgres)).await
    }
}
