//! Postgres is killed, or stands still.

use std::time::Duration;

use super::pusher::Pusher;
use super::scene::{Fault, Scene};
use crate::support::database::Database;
use crate::support::own_postgres::OwnPostgres;
use crate::support::postgres::{Frozen, Postgres};
use crate::support::server::Server;
use crate::support::{off_thread, until};

/// The process on which all others of Postgres depend is killed.
struct Killed<'a>(&'a OwnPostgres);

impl Fault for Killed<'_> {
    async fn begin(&mut self, _: &Server) {
        self.0.have(Postgres::kill).await;
    }

    async fn end(&mut self, _: &Server) {
        self.0.start().await;
    }
}

/// All processes of Postgres stand still, for longer than the server waits.
struct Still<'a> {
    postgres: &'a OwnPostgres,
    frozen: Option<Frozen>,
}

impl Fault for Still<'_> {
    async fn begin(&mut self, _: &Server) {
        self.frozen = Some(self.postgres.have(Postgres::freeze).await);
    }

    async fn unfold(&mut self, server: &Server) {
        until("the server to give up on the connection", async || {
            let told = r#"messages wait","error":"the database is unavailable: the database has not answered in time""#;
            server.log().contains(told).then_some(())
        })
        .await;
    }

    async fn end(&mut self, _: &Server) {
        self.frozen = None;
        self.postgres.answering().await;
    }
}

#[tokio::test]
async fn a_killed_postgres_costs_nothing_but_time() {
    let postgres = OwnPostgres::launch().await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    for _ in 0..2 {
        scene.play(&mut Killed(&postgres)).await;
    }
    scene.end().await;
}

#[tokio::test]
async fn a_frozen_postgres_is_left_and_found_as_it_is() {
    let postgres = OwnPostgres::launch().await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    scene.play(&mut Still { postgres: &postgres, frozen: None }).await;
    scene.end().await;
}

#[tokio::test]
async fn a_socket_that_is_not_read_is_not_taken_for_silent() {
    const HEARTBEAT: Duration = Duration::from_secs(1);
    let postgres = OwnPostgres::launch().await;
    let server = Server::start_on(Database::at(postgres.url().to_owned()), &["--heartbeat=1s"]).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let address = server.address();
    // More messages than the writer takes of one socket. Nobody here answers pings.
    let pusher = off_thread(move || Pusher::open(address, "alice", "g", 400, 1024)).await;
    postgres.stop().await;
    let pushing = pusher.push();
    server.ready(false).await;
    tokio::time::sleep(4 * HEARTBEAT).await;
    postgres.start().await;
    off_thread(move || pushing.join().unwrap()).await;
    assert_eq!(server.messages(group).await.len(), 400);
}
