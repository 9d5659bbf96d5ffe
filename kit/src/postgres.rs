//! A real Postgres for tests: a cluster of its own in a temporary folder, as an unprivileged user, on a free
//! port of 127.0.0.1. It ends with the process that launched it, however that ends, and its folder with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "without a database there is no test"
)]

use std::fs::{self, Permissions};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::figures::{cpu_of, cpu_of_ended_children};
use crate::wait::until_blocking;

/// Waits until the process that launched it closes its end of the pipe, be it by dying, then clears up.
const WATCHDOG: &str = r#"read _; "$0/pg_ctl" -D "$1/data" -m immediate stop; rm -rf "$1""#;

/// What it takes to run the tests; a folder that has only some of it does not do.
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "createdb", "psql"];

/// A running Postgres. Whatever of it fails panics, with what Postgres says.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    account: Option<Account>,
    /// In the form `name=value`.
    settings: &'static [&'static str],
    port: u16,
    databases: AtomicUsize,
    watchdog: Child,
}

impl Postgres {
    /// The one that all tests of a process share; each takes a database of its own.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(Self::launch)
    }

    /// One of the test's own, for tests that stop it.
    pub fn launch() -> Self {
        Self::launch_with(&[])
    }

    /// One of the test's own with these settings, each `name=value`.
    pub fn launch_with(settings: &'static [&'static str]) -> Self {
        Self::launch_in(&std::env::temp_dir(), settings)
    }

    /// The same with its data in a folder of its own in this one, which everybody may enter.
    pub fn launch_in(place: &Path, settings: &'static [&'static str]) -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("groupcast-postgres-").tempdir_in(place).unwrap().keep();
        let account = Account::to_run_as(&folder);
        if let Some(Account { user, group }) = account {
            chown(&folder, Some(user), Some(group)).unwrap();
        }
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG]).arg(&programs).arg(&folder);
        watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let watchdog = prepared(watchdog, account, Path::new("/")).spawn().unwrap();
        let databases = AtomicUsize::new(0);
        let mut postgres = Self { programs, folder, account, settings, port: 0, databases, watchdog };
        let data = postgres.data();
        postgres.run(
            "initdb",
            &["-D", &data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"],
        );
        // Another program may take the port between its choice and its use.
        let started = (0..10).any(|_| {
            postgres.port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            postgres.try_start().is_ok()
        });
        assert!(started, "Postgres does not start: {}", postgres.log());
        postgres
    }

    /// Makes an empty database and returns its URL.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let port = self.port.to_string();
        self.run("createdb", &["-h", "127.0.0.1", "-p", &port, "-U", "postgres", &name]);
        format!("postgres://postgres@127.0.0.1:{port}/{name}")
    }

    /// What `psql` prints for these statements: rows in lines, columns separated by `|`.
    pub fn psql(&self, url: &str, statements: &str) -> String {
        self.run("psql", &["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statements])
    }

    /// Puts a file among its data, such as `pg_hba.conf` or `postgresql.auto.conf`, that nobody else can read.
    /// Heeded from the next start on.
    pub fn put(&self, name: &str, text: &str) {
        let file = self.folder.join("data").join(name);
        fs::write(&file, text).unwrap();
        if let Some(Account { user, group }) = self.account {
            chown(&file, Some(user), Some(group)).unwrap();
        }
        fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    }

    /// Ends it as a crash would: without a word to its clients, and with recovery at the next start.
    pub fn stop_immediately(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "stop"]);
    }

    /// Kills the process that all others depend on, as the system does when it is out of memory, and waits for their
    /// end.
    pub fn kill(&self) {
        let postmaster = Pid::from_raw(self.postmaster()).unwrap();
        // Stopped first, so that no child is born meanwhile.
        kill_process(postmaster, Signal::STOP).unwrap();
        let mut all = children(postmaster.as_raw_pid());
        all.push(postmaster);
        kill_process(postmaster, Signal::KILL).unwrap();
        let is_there = |process: &Pid| {
            let stat = fs::read_to_string(format!("/proc/{}/stat", process.as_raw_pid())).unwrap_or_default();
            // One that has ended may wait for somebody to ask how.
            stat.rsplit(')')
                .next()
                .is_some_and(|rest| !matches!(rest.trim_start().chars().next(), None | Some('Z')))
        };
        until_blocking("the end of a killed Postgres", || (!all.iter().any(is_there)).then_some(()));
    }

    /// Starts it again where it was. A child that was being born when it was killed may keep it from that for a moment.
    pub fn start(&self) {
        until_blocking("the start of a Postgres", || {
            self.try_start().inspect_err(|error| eprintln!("Postgres does not start: {error}")).ok()
        });
    }

    /// Starts it again if it has given up. It may do so once more.
    pub fn start_if_ended(&self) {
        if self.try_run("pg_ctl", &["-D", &self.data(), "status"]).is_err() {
            _ = self.try_start();
        }
    }

    /// Ends the recovery in which `standby.signal` keeps it.
    pub fn promote(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-w", "promote"]);
    }

    /// Its folder, with `data` in it.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether `psql` can connect to the database, and these statements are carried out.
    pub fn does(&self, url: &str, statements: &str) -> bool {
        self.try_run("psql", &["-qAtX", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statements]).is_ok()
    }

    /// Stops all its processes where they are, until the answer is dropped: it takes connections and what is
    /// sent to it, and answers nothing.
    pub fn freeze(&self) -> Frozen {
        let postmaster = self.postmaster();
        // First the parent, so that no child is born meanwhile.
        let mut frozen = Frozen(vec![Pid::from_raw(postmaster).unwrap()]);
        frozen.send(Signal::STOP);
        frozen.0.extend(children(postmaster));
        frozen.send(Signal::STOP);
        frozen
    }

    /// CPU time of all its processes so far, those that have ended among them.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn cpu(&self) -> io::Result<Duration> {
        let postmaster = self.postmaster();
        let mut all =
            cpu_of(postmaster.cast_unsigned())? + cpu_of_ended_children(postmaster.cast_unsigned())?;
        for child in children(postmaster) {
            // One that ends meanwhile is missed by as much as it has used since the look before.
            all += cpu_of(child.as_raw_pid().cast_unsigned()).unwrap_or_default();
        }
        Ok(all)
    }

    fn postmaster(&self) -> i32 {
        let pid_file = fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap();
        pid_file.lines().next().unwrap().parse().unwrap()
    }

    fn try_start(&self) -> Result<String, String> {
        let mut options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400",
            self.port
        );
        for setting in self.settings {
            options += &format!(" -c {setting}");
        }
        let log = self.folder.join("log").display().to_string();
        self.try_run("pg_ctl", &["-D", &self.data(), "-l", &log, "-o", &options, "-w", "start"])
    }

    fn data(&self) -> String {
        self.folder.join("data").display().to_string()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    fn run(&self, program: &str, arguments: &[&str]) -> String {
        self.try_run(program, arguments).unwrap_or_else(|error| panic!("{program}: {error}"))
    }

    fn try_run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).stdin(Stdio::null());
        let output = prepared(command, self.account, &self.folder).output().unwrap();
        if output.status.success() {
            Ok(String::from_utf8(output.stdout).unwrap().trim_end().to_owned())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        _ = self.watchdog.wait();
    }
}

/// A Postgres that stands still.
#[derive(Debug)]
pub struct Frozen(Vec<Pid>);

impl Frozen {
    fn send(&self, signal: Signal) {
        for &process in &self.0 {
            // One that has ended meanwhile needs no signal.
            let _ = kill_process(process, signal);
        }
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        self.send(Signal::CONT);
    }
}

/// The processes that `parent` has started.
fn children(parent: i32) -> Vec<Pid> {
    let processes =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.unwrap().file_name().into_string().ok());
    let is_child = |process: &i32| {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name, which may hold anything, ends with the last bracket; the state and the parent follow.
        let parent_of_it =
            stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        parent_of_it == Some(parent)
    };
    processes.filter_map(|name| name.parse().ok()).filter(is_child).filter_map(Pid::from_raw).collect()
}

/// Whose rights it runs with: it refuses to be root.
#[derive(Clone, Copy, Debug)]
struct Account {
    user: u32,
    group: u32,
}

impl Account {
    /// The one to change to: that of the Debian package if this process, which made `folder`, is root.
    fn to_run_as(folder: &Path) -> Option<Self> {
        if fs::metadata(folder).unwrap().uid() != 0 {
            return None;
        }
        let accounts = fs::read_to_string("/etc/passwd").unwrap();
        let fields = accounts
            .lines()
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields[0] == "postgres")
            .expect("there is no user `postgres`, which Debian's package `postgresql` makes");
        Some(Self { user: fields[2].parse().unwrap(), group: fields[3].parse().unwrap() })
    }
}

/// Ready to run: with the rights, out of reach of Ctrl-C, without a say of the environment.
fn prepared(mut command: Command, account: Option<Account>, folder: &Path) -> Command {
    if let Some(Account { user, group }) = account {
        command.uid(user).gid(group);
    }
    for variable in ["HOME", "PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE", "PGOPTIONS"]
    {
        command.env_remove(variable);
    }
    // In seconds: `psql` would wait without end for one that stands still.
    command.env("PGCONNECT_TIMEOUT", "20");
    command.env("LC_ALL", "C").current_dir(folder).process_group(0);
    command
}

/// Where `initdb` and the others are: in the PATH, or where Debian keeps them apart by version.
#[expect(clippy::disallowed_methods, reason = "the PATH is no setting")]
fn programs() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    std::env::split_paths(&path)
        .chain(versions.into_iter().rev().map(|(_, folder)| folder))
        .find(|folder| PROGRAMS.iter().all(|program| folder.join(program).is_file()))
        .expect("Postgres is not installed; on Debian: apt-get install postgresql")
}
