//! Which database a store is kept in.

use std::path::PathBuf;

/// Which database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// An embedded SQLite file.
    Sqlite(PathBuf),
    /// A Postgres server, as a connection URL.
    Postgres(String),
}
