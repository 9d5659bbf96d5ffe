//! The disk is full: that of Postgres, of its log alone, or of SQLite.

use std::os::unix::fs::symlink;
use std::process::Command;

use super::scene::{Fault, Reads, Scene};
use super::tmpfs::Tmpfs;
use crate::support::database::Database;
use crate::support::own_postgres::OwnPostgres;
use crate::support::postgres::Postgres;
use crate::support::server::Server;
use crate::support::until_blocking;

/// The log must not fill the disk by itself.
const SETTINGS: &[&str] = &["max_wal_size=64MB", "min_wal_size=32MB", "shared_buffers=16MB"];

/// The disk of a Postgres is filled.
struct Full<'a> {
    disk: &'a Tmpfs,
    postgres: &'a OwnPostgres,
    /// Whether the disk has the log alone. What it has room for in files that are there already is used up.
    has_log: bool,
}

impl Fault for Full<'_> {
    const READS: Reads = Reads::Either;

    async fn begin(&mut self, _: &Server) {
        self.disk.fill();
        let url = self.postgres.url().to_owned();
        let next = "SELECT pg_logical_emit_message(false, '', ''), pg_switch_wal()";
        if self.has_log {
            let fill = move |postgres: &Postgres| {
                until_blocking("a full log", || (!postgres.does(&url, next)).then_some(()));
            };
            self.postgres.have(fill).await;
        }
    }

    async fn end(&mut self, _: &Server) {
        self.disk.free();
        // Without room for its log it may have given up.
        self.postgres.revived().await;
    }
}

#[tokio::test]
async fn a_postgres_without_room_for_its_tables_is_waited_for() {
    let disk = Tmpfs::mount(400);
    let place = disk.folder().to_owned();
    let postgres = OwnPostgres::launched(move || Postgres::launch_in(&place, SETTINGS)).await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    scene.play(&mut Full { disk: &disk, postgres: &postgres, has_log: false }).await;
    scene.end().await;
}

#[tokio::test]
async fn a_postgres_without_room_for_its_log_is_waited_for() {
    let disk = Tmpfs::mount(200);
    let postgres = OwnPostgres::launch_with(SETTINGS).await;
    let place = disk.folder().join("log");
    postgres
        .have(move |postgres| {
            let log = postgres.folder().join("data/pg_wal");
            postgres.stop_immediately();
            assert!(Command::new("mv").arg(&log).arg(&place).status().unwrap().success());
            symlink(&place, &log).unwrap();
            postgres.start();
        })
        .await;
    let mut scene = Scene::on(Database::at(postgres.url().to_owned())).await;
    scene.play(&mut Full { disk: &disk, postgres: &postgres, has_log: true }).await;
    scene.end().await;
}

/// The disk of an SQLite file is filled.
struct FullFile<'a>(&'a Tmpfs);

impl Fault for FullFile<'_> {
    const READS: Reads = Reads::GoOn;

    async fn begin(&mut self, _: &Server) {
        self.0.fill();
    }

    async fn end(&mut self, _: &Server) {
        self.0.free();
    }
}

#[tokio::test]
async fn an_sqlite_file_without_room_is_waited_for() {
    let disk = Tmpfs::mount(400);
    let mut scene = Scene::on(Database::at(format!("sqlite:{}/chat.sqlite", disk.folder().display()))).await;
    // The second time there is a log to be moved into the file.
    for _ in 0..2 {
        scene.play(&mut FullFile(&disk)).await;
    }
    scene.end().await;
}
