//! A pooler between the server and Postgres: PgBouncer, as far as it gives each connection a session of its own.

use std::process::Stdio;

use tempfile::TempDir;

use crate::support::database::{Database, by_way_of, port_of, postgres_url};
use crate::support::json::JsonSocket;
use crate::support::off_thread;
use crate::support::pgbouncer::PgBouncer;
use crate::support::server::{Server, command, run};

/// An empty database, and a PgBouncer before its server in this mode, with further settings.
async fn pooled(settings: &'static [&'static str]) -> (String, PgBouncer, String) {
    let direct = postgres_url().await;
    let port = port_of(&direct);
    let pooler = off_thread(move || PgBouncer::launch(port, settings)).await;
    let url = by_way_of(&direct, pooler.port());
    (direct, pooler, url)
}

/// The line with which the program does not start on this database.
async fn complaint(url: &str, arguments: &[&str]) -> String {
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command.env("DATABASE_URL", url).args(arguments).stdout(Stdio::null());
    let output = run(&mut command).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.starts_with("groupcast: ") && line.lines().count() == 1, "{line}");
    line
}

#[tokio::test]
async fn a_server_owns_its_database_through_sessions() {
    let (direct, _pooler, url) = pooled(&["pool_mode = session"]).await;
    let mut server = Server::start_on(Database::at(url.clone()), &[]).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    alice.store(group, "stored").await;

    for url in [&url, &direct] {
        let line = complaint(url, &["--port=0", "--log=off"]).await;
        assert!(line.contains("another groupcast server is using"), "{line}");
    }
    server.kill9().await;
    server.restart().await;
    assert_eq!(server.lines(group).await, ["alice: stored"]);
}

#[tokio::test]
async fn sessions_that_change_hands_are_refused() {
    for settings in [
        &["pool_mode = transaction"][..],
        &["pool_mode = transaction", "server_round_robin = 1"],
        &["pool_mode = statement"],
    ] {
        let (direct, _pooler, url) = pooled(settings).await;
        for arguments in [&["--port=0", "--log=off"][..], &["migrate"], &["user", "list"]] {
            let line = complaint(&url, arguments).await;
            assert!(line.contains("pool_mode=session"), "{line}");
        }
        // None has left the lock with a session of the pooler.
        Server::start_on(Database::at(direct), &[]).await.ready(true).await;
    }
}
