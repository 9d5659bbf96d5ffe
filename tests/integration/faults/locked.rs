//! Another program writes to the SQLite file.

use std::time::Duration;

use rusqlite::Connection;

use super::scene::{Fault, Reads, Scene};
use crate::support::database::{Database, Store};
use crate::support::server::Server;

/// Another program has the right to write, for longer than the server waits if `IS_LONG`.
struct Locked<const IS_LONG: bool>(Connection);

impl<const IS_LONG: bool> Fault for Locked<IS_LONG> {
    const READS: Reads = Reads::GoOn;
    const IS_TOLD: bool = IS_LONG;

    async fn begin(&mut self, _: &Server) {
        self.0.execute_batch("BEGIN EXCLUSIVE").unwrap();
    }

    async fn end(&mut self, _: &Server) {
        self.0.execute_batch("UPDATE server SET epoch = epoch; COMMIT").unwrap();
    }
}

#[tokio::test]
async fn an_sqlite_file_that_another_writes_to_is_waited_for() {
    let database = Database::create(Store::Sqlite).await;
    let file = database.dir().join("chat.sqlite");
    let mut scene = Scene::on(database).await;
    let open = || {
        let connection = Connection::open(&file).unwrap();
        connection.busy_timeout(Duration::from_secs(60)).unwrap();
        connection
    };
    scene.play(&mut Locked::<false>(open())).await;
    scene.play(&mut Locked::<true>(open())).await;
    scene.end().await;
}
