//! The connection that stores messages breaks at a chosen place, so that the server cannot know what became of a batch.

use super::cutter::{Cutter, Place};
use super::scene::Scene;
use crate::support::database::{Database, by_way_of, port_of};
use crate::support::own_postgres::OwnPostgres;

/// Times that each place is tried.
const TURNS: usize = 5;

#[tokio::test]
async fn what_became_of_a_batch_is_found_out() {
    let postgres = OwnPostgres::launch().await;
    let cutter = Cutter::before(port_of(postgres.url())).await;
    let scene = Scene::on(Database::at(by_way_of(postgres.url(), cutter.port()))).await;
    scene.acked(50).await;
    for _ in 0..TURNS {
        for place in Place::ALL {
            cutter.cut(place).await;
            scene.acked(20).await;
        }
    }
    scene.end().await;
}
