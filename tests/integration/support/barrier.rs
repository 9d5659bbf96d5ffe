//! A database that is made to wait.

use std::time::Duration;

use super::server::Server;

/// Keeps a database from something: Postgres by a lock such as `messages IN SHARE MODE`, SQLite from any change.
pub enum Barrier {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

impl Barrier {
    /// Until it is lifted.
    pub async fn raise(server: &Server, lock: &str) -> Self {
        let url = server.database().url();
        match url.strip_prefix("sqlite:") {
            Some(file) => {
                let connection = rusqlite::Connection::open(file).unwrap();
                connection.busy_timeout(Duration::from_secs(60)).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Self::Sqlite(connection)
            }
            None => {
                let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
                tokio::spawn(connection);
                client.batch_execute(&format!("BEGIN; LOCK TABLE {lock}")).await.unwrap();
                Self::Postgres(client)
            }
        }
    }

    /// Lets it go on.
    pub async fn lift(self) {
        match self {
            Self::Sqlite(connection) => connection.execute_batch("ROLLBACK").unwrap(),
            Self::Postgres(client) => client.batch_execute("ROLLBACK").await.unwrap(),
        }
    }
}
