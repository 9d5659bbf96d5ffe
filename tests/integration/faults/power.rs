//! The machine loses its power. What SQLite had not yet synced is lost, or some of it.

use std::os::unix::process::ExitStatusExt;

use rusqlite::Connection;

use super::disk::{LOSE_POWER, come_back, disk_under};
use super::scene::Scene;
use crate::support::database::{Database, Store};

/// How often the power is lost; each time differently.
const LOSSES: u64 = 20;

#[tokio::test]
async fn what_was_acked_or_seen_outlives_a_loss_of_power() {
    let database = Database::create(Store::Sqlite).await;
    let file = database.dir().join("chat.sqlite");
    let mut scene = Scene::of_a_server_that_ends(database).await;
    scene.server.kill9().await;
    for seed in 0..LOSSES {
        scene.restart_in(disk_under(&file, seed).await).await;
        scene.acked(10).await;
        scene.server.signal(LOSE_POWER);
        assert_eq!(scene.server.exit().await.signal(), Some(9), "seed {seed}: it has not been killed");
        come_back(&file);
    }
    scene.restart_in(Vec::new()).await;
    let is_sound = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let connection = Connection::open(&file).unwrap();
    assert_eq!(connection.query_row("PRAGMA integrity_check", [], is_sound).unwrap(), "ok");
    scene.end().await;
}
