//! Postgres has no connection left for the server.

use super::scene::{Fault, Scene};
use crate::support::database::Database;
use crate::support::own_postgres::OwnPostgres;
use crate::support::server::Server;

/// All there are, those for superusers among them.
const CONNECTIONS: usize = 20;

/// Others take each connection as soon as there is one, and the server's own are ended.
struct TakenUp<'a> {
    postgres: &'a OwnPostgres,
    others: Vec<tokio_postgres::Client>,
}

impl TakenUp<'_> {
    async fn take(&mut self) -> bool {
        let connecting = tokio_postgres::connect(self.postgres.url(), tokio_postgres::NoTls).await;
        let Ok((client, connection)) = connecting else { return false };
        tokio::spawn(connection);
        self.others.push(client);
        true
    }
}

impl Fault for TakenUp<'_> {
    async fn begin(&mut self, _: &Server) {
        while self.take().await {}
        let end =
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'groupcast'";
        while self.others.len() < CONNECTIONS {
            self.others[0].batch_execute(end).await.unwrap();
            while self.take().await {}
        }
    }

    async fn end(&mut self, _: &Server) {
        self.others.clear();
        self.postgres.answering().await;
    }
}

#[tokio::test]
async fn connections_that_others_use_up_are_waited_for() {
    let postgres = OwnPostgres::launch_with(&["max_connections=20"]).await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    scene.play(&mut TakenUp { postgres: &postgres, others: Vec::new() }).await;
    scene.end().await;
}
