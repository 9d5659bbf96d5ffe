//! A real PgBouncer for tests, between a server and its Postgres. It ends with the process that launched it, however
//! that ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "without a pooler there is no test of it"
)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;

use tempfile::TempDir;

use crate::watched::{Watched, installed};

/// What it says when it listens.
const LISTENING: &str = "process up";

/// A running PgBouncer. Whatever of it fails panics, with what it says.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    _program: Watched,
}

impl PgBouncer {
    /// One before the Postgres at this port of 127.0.0.1, with settings as in its file, each `name = value`.
    pub fn launch(postgres_port: u16, settings: &[&str]) -> Self {
        // Another program may take the port between its choice and its use.
        let mut said = String::new();
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            match try_launch(port, postgres_port, settings) {
                Ok(program) => return Self { port, _program: program },
                Err(error) => said = error,
            }
        }
        panic!("PgBouncer does not start: {said}");
    }

    /// Where it listens on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn try_launch(port: u16, postgres_port: u16, settings: &[&str]) -> Result<Watched, String> {
    let folder = TempDir::with_prefix("groupcast-pgbouncer-").unwrap();
    let file = folder.path().join("pgbouncer.ini");
    let settings = settings.join("\n");
    let text = format!(
        "[databases]\n* = host=127.0.0.1 port={postgres_port} user=postgres\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n{settings}\n"
    );
    fs::write(&file, text).unwrap();
    // It refuses to be root.
    let is_root = fs::metadata(folder.path()).unwrap().uid() == 0;
    let user: &[&str] = if is_root { &["-u", "postgres"] } else { &[] };
    let words = [user, &[file.to_str().unwrap()]].concat();
    let ready = |said: &str| said.contains(LISTENING).then_some(());
    let (program, ()) = Watched::start(installed("pgbouncer", None), &words, ready, "FATAL")?;
    Ok(program)
}
