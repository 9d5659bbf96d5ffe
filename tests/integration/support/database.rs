//! An empty database for one test.

use std::path::Path;

use tempfile::TempDir;

use super::postgres::Postgres;
use super::{off_thread, overdue};

/// Which store a test runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    Sqlite,
    Postgres,
    /// SQLite, and clients speak TLS.
    SqliteOverTls,
}

/// A database, and a directory of the test's own that goes with it.
pub struct Database {
    url: String,
    dir: TempDir,
}

impl Database {
    /// An empty one.
    pub async fn create(store: Store) -> Self {
        overdue::watch();
        let dir = TempDir::new().expect("a temporary directory");
        let url = match store {
            Store::Sqlite | Store::SqliteOverTls => {
                format!("sqlite:{}", dir.path().join("chat.sqlite").display())
            }
            Store::Postgres => postgres_url().await,
        };
        Self { url, dir }
    }

    /// The one that `url` names.
    pub fn at(url: String) -> Self {
        overdue::watch();
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

/// The URL of an empty database in the Postgres that all share.
pub async fn postgres_url() -> String {
    // Starting the server blocks, and so does making the database.
    off_thread(|| Postgres::shared().create_database()).await
}

/// The port in the URL of a Postgres.
pub fn port_of(url: &str) -> u16 {
    url.rsplit_once(':').and_then(|(_, rest)| rest.split_once('/')?.0.parse().ok()).expect("a port")
}

/// The URL of the same database by another port.
pub fn by_way_of(url: &str, port: u16) -> String {
    let (before, rest) = url.rsplit_once(':').expect("a port");
    let (_, name) = rest.split_once('/').expect("a name");
    format!("{before}:{port}/{name}")
}
