//! Postgres is there and takes nothing yet: it recovers, or is a copy that only reads.

use super::scene::{Fault, Reads, Scene};
use crate::support::database::Database;
use crate::support::own_postgres::OwnPostgres;
use crate::support::postgres::Postgres;
use crate::support::server::Server;

/// Postgres is started anew and stays in recovery until it is told to end it. With `ENDS_READS` it refuses connections
/// meanwhile (57P03), else it reads and refuses to write (25006).
struct Recovering<'a, const ENDS_READS: bool>(&'a OwnPostgres);

impl<const ENDS_READS: bool> Fault for Recovering<'_, ENDS_READS> {
    const READS: Reads = if ENDS_READS { Reads::Fail } else { Reads::GoOn };

    async fn begin(&mut self, _: &Server) {
        self.0
            .have(|postgres| {
                postgres.stop_immediately();
                postgres.put("standby.signal", "");
                postgres.start();
            })
            .await;
    }

    async fn end(&mut self, _: &Server) {
        self.0.have(Postgres::promote).await;
        self.0.answering().await;
    }
}

#[tokio::test]
async fn a_postgres_in_recovery_is_waited_for() {
    let postgres = OwnPostgres::launch_with(&["hot_standby=off"]).await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    scene.play(&mut Recovering::<true>(&postgres)).await;
    scene.end().await;
}

#[tokio::test]
async fn a_postgres_that_only_reads_is_read_from_until_it_writes() {
    let postgres = OwnPostgres::launch().await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    scene.play(&mut Recovering::<false>(&postgres)).await;
    scene.end().await;
}
