//! The file system of the SQLite file becomes one that can only be read, as Linux does it after an error.

use super::disk::{TURN_READ_ONLY, disk_under};
use super::scene::{Fault, Reads, Scene};
use crate::support::database::{Database, Store};
use crate::support::server::Server;

/// The disk takes no more writes.
struct ReadOnly;

impl Fault for ReadOnly {
    const READS: Reads = Reads::GoOn;

    async fn begin(&mut self, server: &Server) {
        server.signal(TURN_READ_ONLY);
    }

    async fn end(&mut self, server: &Server) {
        server.signal(TURN_READ_ONLY);
    }
}

#[tokio::test]
async fn an_sqlite_file_that_can_only_be_read_is_waited_for() {
    let database = Database::create(Store::Sqlite).await;
    let file = database.dir().join("chat.sqlite");
    let mut scene = Scene::under(database, disk_under(&file, 0).await).await;
    scene.play(&mut ReadOnly).await;
    scene.end().await;
}
