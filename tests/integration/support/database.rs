//! An empty database for one test.

use std::path::Path;

use tempfile::TempDir;

use super::postgres::Postgres;

/// Which store a test runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
}

/// A database, and a directory of the test's own that goes with it.
pub struct Database {
    url: String,
    dir: TempDir,
}

impl Database {
    /// An empty one.
    pub async fn create(store: Store) -> Self {
        let dir = TempDir::new().expect("a temporary directory");
        let url = match store {
            Store::Sqlite => format!("sqlite:{}", dir.path().join("chat.sqlite").display()),
            // Starting the server blocks, and so does making the database.
            Store::Postgres => tokio::task::spawn_blocking(|| Postgres::shared().create_database())
                .await
                .expect("a Postgres database"),
        };
        Self { url, dir }
    }

    /// The one that `url` names.
    pub fn at(url: String) -> Self {
        Self { url, dir: TempDir::new().expect("a temporary directory") }
    }

    /// What `DATABASE_URL` is to be.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}
