//! A real PgBouncer for tests, between a server and its Postgres. It ends with the process that launched it, however
//! that ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "without a pooler there is no test of it"
)]

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

/// Ends it when the process that launched it closes its end of the pipe, be it by dying.
const WATCHDOG: &str = r#""$@" & pooler=$!; read _; kill "$pooler"; wait"#;

/// What it says when it listens.
const LISTENING: &str = "process up";

/// A running PgBouncer. Whatever of it fails panics, with what it says.
#[derive(Debug)]
pub struct PgBouncer {
    port: u16,
    watchdog: Child,
}

impl PgBouncer {
    /// One before the Postgres at this port of 127.0.0.1, with settings as in its file, each `name = value`.
    pub fn launch(postgres_port: u16, settings: &[&str]) -> Self {
        // Another program may take the port between its choice and its use.
        let mut said = String::new();
        for _ in 0..10 {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            match try_launch(port, postgres_port, settings) {
                Ok(watchdog) => return Self { port, watchdog },
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

impl Drop for PgBouncer {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        _ = self.watchdog.wait();
    }
}

fn try_launch(port: u16, postgres_port: u16, settings: &[&str]) -> Result<Child, String> {
    let folder = TempDir::with_prefix("groupcast-pgbouncer-").unwrap();
    let file = folder.path().join("pgbouncer.ini");
    let settings = settings.join("\n");
    let text = format!(
        "[databases]\n* = host=127.0.0.1 port={postgres_port} user=postgres\n\
         [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n{settings}\n"
    );
    fs::write(&file, text).unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", WATCHDOG, "sh"]).arg(program());
    // It refuses to be root.
    if fs::metadata(folder.path()).unwrap().uid() == 0 {
        command.args(["-u", "postgres"]);
    }
    command.arg(&file).process_group(0);
    let mut watchdog =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(watchdog.stderr.take().unwrap());
    let mut said = String::new();
    while log.read_line(&mut said).unwrap() > 0 {
        if said.contains(LISTENING) {
            // A full pipe would stop it.
            thread::spawn(move || io::copy(&mut log, &mut io::sink()));
            return Ok(watchdog);
        }
        if said.contains("FATAL") {
            break;
        }
    }
    drop(watchdog.stdin.take());
    watchdog.wait().unwrap();
    Err(said)
}

/// Where it is: in the PATH, or where Debian has what is for administrators.
#[expect(clippy::disallowed_methods, reason = "the PATH is no setting")]
fn program() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|folder| folder.join("pgbouncer"))
        .find(|program| program.is_file())
        .expect("PgBouncer is not installed; on Debian: apt-get install pgbouncer")
}
