//! The database behind groupcast while it is measured.

pub(crate) mod bare;

use std::env;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio_postgres::{Client, NoTls};

use super::Result;

/// Where messages are kept.
#[derive(Clone, Debug)]
pub(crate) enum Database {
    /// A new SQLite file for each start of the server.
    Sqlite,
    /// A running Postgres, by URL. What earlier runs left there stays.
    Postgres(String),
}

/// What [`Database::seed`] makes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Table {
    Users,
    Groups,
}

impl Database {
    /// `DATABASE_URL`, or else SQLite.
    pub(crate) fn from_environment() -> Database {
        env::var("DATABASE_URL").ok().and_then(|url| Database::parse(&url).ok()).unwrap_or(Database::Sqlite)
    }

    /// `sqlite` or the URL of a Postgres.
    pub(crate) fn parse(text: &str) -> Result<Database> {
        match text {
            "sqlite" => Ok(Database::Sqlite),
            url if url.starts_with("postgres") => Ok(Database::Postgres(url.to_owned())),
            _ => Err(format!("{text}: neither `sqlite` nor the URL of a Postgres").into()),
        }
    }

    /// The server's `DATABASE_URL`; `folder` is for its files.
    pub(crate) fn url(&self, folder: &Path) -> String {
        match self {
            Database::Sqlite => format!("sqlite:{}", folder.join(SQLITE_FILE).display()),
            Database::Postgres(url) => url.clone(),
        }
    }

    /// Makes the server's tables in an empty database.
    pub(crate) fn make_tables(&self, folder: &Path) -> Result<()> {
        let database = match self {
            Database::Sqlite => groupcast::store::Database::Sqlite(folder.join(SQLITE_FILE)),
            Database::Postgres(url) => groupcast::store::Database::Postgres(url.clone()),
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let opened = groupcast::store::open(&database, 1).await?;
            Ok(opened.store.lifecycle.close().await?)
        })
    }

    /// Makes the users `u000000` and so on and the public groups `g000000` and so on, those that are missing.
    ///
    /// Straight in the database: over REST the hashing of thousands of passwords would take minutes.
    pub(crate) fn seed(&self, folder: &Path, users: usize, groups: usize) -> Result<()> {
        match self {
            Database::Sqlite => {
                let mut connection = Connection::open(folder.join(SQLITE_FILE))?;
                connection.busy_timeout(BUSY_TIME_MAX)?;
                let transaction = connection.transaction()?;
                transaction.execute(SQLITE_USERS, [users as i64])?;
                transaction.execute(SQLITE_GROUPS, [groups as i64])?;
                Ok(transaction.commit()?)
            }
            Database::Postgres(url) => with_postgres(url, async |client| {
                client.execute(POSTGRES_USERS, &[&(users as i64)]).await?;
                client.execute(POSTGRES_GROUPS, &[&(groups as i64)]).await?;
                Ok(())
            }),
        }
    }

    /// Gives each user that [`seed`](Self::seed) made a session with the number of the user, if it is missing.
    ///
    /// Straight in the database too: over REST the verifying of thousands of passwords would take minutes.
    pub(crate) fn start_sessions(&self, folder: &Path) -> Result<()> {
        match self {
            Database::Sqlite => {
                let connection = Connection::open(folder.join(SQLITE_FILE))?;
                connection.busy_timeout(BUSY_TIME_MAX)?;
                connection.execute(SQLITE_SESSIONS, [])?;
                Ok(())
            }
            Database::Postgres(url) => with_postgres(url, async |client| {
                client.execute(POSTGRES_SESSIONS, &[]).await?;
                Ok(())
            }),
        }
    }

    /// How many messages are stored.
    pub(crate) fn messages(&self, folder: &Path) -> Result<u64> {
        const COUNT: &str = "SELECT count(*) FROM messages";
        let count: i64 = match self {
            Database::Sqlite => {
                Connection::open(folder.join(SQLITE_FILE))?.query_row(COUNT, [], |row| row.get(0))?
            }
            Database::Postgres(url) => {
                with_postgres(url, async |client| Ok(client.query_one(COUNT, &[]).await?.get(0)))?
            }
        };
        Ok(count.try_into()?)
    }

    /// Numbers of the first users or groups of those that [`seed`](Self::seed) made.
    pub(crate) fn ids(&self, folder: &Path, table: Table, count: usize) -> Result<Vec<i64>> {
        let select = match table {
            Table::Users => "SELECT id FROM users WHERE username LIKE 'u______' ORDER BY username LIMIT ",
            Table::Groups => "SELECT id FROM groups WHERE name LIKE 'g______' ORDER BY name LIMIT ",
        };
        let select = format!("{select} {count}");
        match self {
            Database::Sqlite => {
                let connection = Connection::open(folder.join(SQLITE_FILE))?;
                let mut statement = connection.prepare(&select)?;
                let ids = statement.query_map([], |row| row.get(0))?;
                Ok(ids.collect::<rusqlite::Result<_>>()?)
            }
            Database::Postgres(url) => with_postgres(url, async |client| {
                Ok(client.query(&select, &[]).await?.iter().map(|row| row.get(0)).collect())
            }),
        }
    }

    /// Rows a second when the messages that are stored are put in again, see [`bare`]. No server may run.
    pub(crate) fn bare_rate(&self, folder: &Path) -> Result<f64> {
        match self {
            Database::Sqlite => bare::sqlite(&folder.join(SQLITE_FILE)),
            Database::Postgres(url) => with_postgres(url, bare::postgres),
        }
    }

    /// What to call it in a table.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Database::Sqlite => "SQLite",
            Database::Postgres(_) => "Postgres",
        }
    }
}

/// Name of the SQLite file in the server's folder.
const SQLITE_FILE: &str = "bench.sqlite";

/// How long to wait while the server writes to the same SQLite file.
const BUSY_TIME_MAX: Duration = Duration::from_secs(10);

const SQLITE_USERS: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1)
    INSERT INTO users (username, email, password)
    SELECT printf('u%06d', n), printf('u%06d@bench.example', n), '' FROM numbers
    WHERE true ON CONFLICT DO NOTHING";

const SQLITE_GROUPS: &str = "
    WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < ?1)
    INSERT INTO groups (name, is_private) SELECT printf('g%06d', n), 0 FROM numbers
    WHERE true ON CONFLICT DO NOTHING";

const SQLITE_SESSIONS: &str = "
    INSERT INTO sessions (id, user_id, created_at, renewed_at, expires_at, client, family_digest, current_digest)
    SELECT id, id, 0, 0, 253402300799000000, '', zeroblob(32), zeroblob(32)
    FROM users WHERE username LIKE 'u______' ON CONFLICT DO NOTHING";

const POSTGRES_USERS: &str = "
    INSERT INTO users (username, email, password)
    SELECT name, name || '@bench.example', ''
    FROM (SELECT 'u' || lpad(n::text, 6, '0') AS name FROM generate_series(0, $1::bigint - 1) AS n) AS names
    ON CONFLICT DO NOTHING";

const POSTGRES_GROUPS: &str = "
    INSERT INTO groups (name, is_private)
    SELECT 'g' || lpad(n::text, 6, '0'), false FROM generate_series(0, $1::bigint - 1) AS n
    ON CONFLICT DO NOTHING";

const POSTGRES_SESSIONS: &str = "
    INSERT INTO sessions (id, user_id, created_at, renewed_at, expires_at, client, family_digest, current_digest)
    SELECT id, id, now(), now(), '9999-12-31Z', '', decode(repeat('00', 32), 'hex'), decode(repeat('00', 32), 'hex')
    FROM users WHERE username LIKE 'u______' ON CONFLICT DO NOTHING";

/// Does something with a connection to a Postgres.
fn with_postgres<T>(url: &str, work: impl AsyncFnOnce(&mut Client) -> Result<T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let (mut client, connection) = tokio_postgres::connect(url, NoTls).await?;
        let connection = tokio::spawn(connection);
        let result = work(&mut client).await;
        drop(client);
        connection.await??;
        result
    })
}
