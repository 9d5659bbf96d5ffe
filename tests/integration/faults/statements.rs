//! Postgres ends the statement that stores a batch, in the middle of it.

use super::scene::{Fault, Reads, Scene};
use crate::support::database::Database;
use crate::support::own_postgres::OwnPostgres;
use crate::support::server::Server;
use crate::support::until;

/// Has each row that is stored wait for somebody.
const TRIGGER: &str = "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS
     'BEGIN PERFORM pg_advisory_xact_lock_shared(1, 1); RETURN NEW; END';
     CREATE TRIGGER wait BEFORE INSERT ON messages FOR EACH ROW EXECUTE FUNCTION wait()";

/// Each row waits, for longer than a statement may take.
struct Waiting<'a> {
    postgres: &'a OwnPostgres,
    somebody: Option<tokio_postgres::Client>,
}

impl Fault for Waiting<'_> {
    const READS: Reads = Reads::GoOn;

    async fn begin(&mut self, _: &Server) {
        let (client, connection) =
            tokio_postgres::connect(self.postgres.url(), tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute("SELECT pg_advisory_lock(1, 1)").await.unwrap();
        client.batch_execute(TRIGGER).await.unwrap();
        self.somebody = Some(client);
    }

    async fn unfold(&mut self, server: &Server) {
        until("the statement to be ended", async || {
            server.log().contains("canceling statement due to statement timeout").then_some(())
        })
        .await;
    }

    async fn end(&mut self, _: &Server) {
        let somebody = self.somebody.take().unwrap();
        somebody.batch_execute("SELECT pg_advisory_unlock(1, 1)").await.unwrap();
        self.postgres.answering().await;
    }
}

#[tokio::test]
async fn a_statement_that_runs_out_of_time_is_made_again() {
    let postgres = OwnPostgres::launch().await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    scene.play(&mut Waiting { postgres: &postgres, somebody: None }).await;
    scene.end().await;
}
