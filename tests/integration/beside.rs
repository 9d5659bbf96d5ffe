//! Another program at work on the SQLite file beside the server, as one that makes backups.

use std::time::Duration;

use rusqlite::Connection;
use tokio::task::spawn_blocking;

use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;

/// How long the other program waits for the server, less than the server waits for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Litestream has to, or the write-ahead log grows for ever.
#[tokio::test]
async fn it_can_begin_the_write_ahead_log_anew_while_people_chat() {
    let server = Server::start(Store::Sqlite).await;
    server.user("alice").await;
    let group = server.public_group("g").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let file = server.database().url().strip_prefix("sqlite:").unwrap().to_owned();
    let beginning = spawn_blocking(move || {
        let connection = Connection::open(file).unwrap();
        connection.busy_timeout(PATIENCE).unwrap();
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap()
    });
    let mut stored = 0;
    while !beginning.is_finished() || stored < 10 {
        alice.store(group, &stored.to_string()).await;
        stored += 1;
    }
    assert_eq!(beginning.await.unwrap(), 0, "it was kept from it");
    assert_eq!(server.lines(group).await.len(), stored);
}
