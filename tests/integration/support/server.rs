//! The server as its users know it: a process.

use std::fs::OpenOptions;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use groupcast_kit::process::Process;
use groupcast_kit::tunnel::Tunnel;
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

pub use groupcast_kit::figures::Signal;

use super::authority::Authority;
use super::database::{Database, Store};
use super::http::Connection;
use super::{PATIENCE, patiently, until};

/// The name of servers that speak TLS.
pub const NAME: &str = "groupcast.test";

/// A running server. Killed when dropped.
pub struct Server {
    database: Database,
    options: Vec<String>,
    environment: Vec<(String, String)>,
    process: Process,
    tls: Option<Tls>,
}

/// How a server is reached that speaks TLS.
struct Tls {
    authority: Authority,
    tunnel: Tunnel,
}

impl Server {
    /// Starts one on an empty database.
    pub async fn start(store: Store) -> Self {
        Self::start_with(store, &[]).await
    }

    /// Starts one on an empty database with further command-line options.
    pub async fn start_with(store: Store, options: &[&str]) -> Self {
        let database = Database::create(store).await;
        if store == Store::SqliteOverTls {
            Self::start_tls(database, options).await
        } else {
            Self::start_on(database, options).await
        }
    }

    /// Starts one that speaks TLS. [`address`](Self::address) and all clients go through a tunnel.
    async fn start_tls(database: Database, options: &[&str]) -> Self {
        let authority = Authority::new();
        authority.certify(NAME).write(database.dir());
        let options = [&["--tls-cert", "cert.pem", "--tls-key", "key.pem"], options].concat();
        let mut server = Self::start_on(database, &options).await;
        let tunnel = tunnel(server.process.address(), &authority);
        server.tls = Some(Tls { authority, tunnel });
        server
    }

    /// Starts one on this database.
    pub async fn start_on(database: Database, options: &[&str]) -> Self {
        Self::start_in(database, options, Vec::new()).await
    }

    /// The same with these variables in its environment.
    pub async fn start_in(database: Database, options: &[&str], environment: Vec<(String, String)>) -> Self {
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let process = spawn(&database, &options, &environment).await;
        Self { database, options, environment, process, tls: None }
    }

    /// Who has signed its certificate.
    pub fn authority(&self) -> &Authority {
        &self.tls.as_ref().expect("it speaks TLS").authority
    }

    /// Where it listens itself, with no tunnel before it.
    pub fn bare_address(&self) -> SocketAddr {
        self.process.address()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.tls.as_ref().map_or_else(|| self.process.address(), |tls| tls.tunnel.address())
    }

    /// Its database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A new HTTP connection to it.
    pub async fn http(&self) -> Connection {
        Connection::open(self.address()).await
    }

    /// A new TCP connection to it.
    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.address()).await.expect("the server accepts")
    }

    /// CPU time of its process so far.
    pub fn cpu(&self) -> Duration {
        self.process.cpu().expect("the server runs")
    }

    /// A figure of its memory in bytes, by its name in `/proc/*/status`.
    pub fn memory(&self, name: &str) -> u64 {
        self.process.memory(name).expect("the server runs")
    }

    /// Has the figure `VmHWM` begin anew with what it has now, which is the answer in bytes.
    pub fn forget_memory_peak(&self) -> u64 {
        self.process.forget_memory_peak().expect("the server runs");
        self.memory("VmHWM")
    }

    /// How many files it has open, its connections among them.
    pub fn open_files(&self) -> usize {
        self.process.open_files().expect("the server runs")
    }

    /// How many of these are sockets.
    pub fn open_sockets(&self) -> usize {
        let id = self.process.id().expect("the server runs");
        let files = std::fs::read_dir(format!("/proc/{id}/fd")).expect("the server runs");
        // One that has gone meanwhile is none.
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        targets.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
    }

    /// Lets it have so many files open from now on, and no more.
    pub fn limit_files(&self, files: u64) {
        let process = self.process.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        let limit = Rlimit { current: Some(files), maximum: Some(files) };
        prlimit(process, Resource::Nofile, limit).expect("the server runs");
    }

    /// Ends the process at once, as a crash would.
    pub async fn kill9(&mut self) {
        patiently("the end of a killed server", self.process.kill()).await.expect("the server runs");
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        self.process.signal(signal).expect("the server runs");
    }

    /// Waits for the process to end.
    pub async fn exit(&mut self) -> ExitStatus {
        patiently("the server's end", self.process.exit()).await.expect("an exit status")
    }

    /// Asks the process to stop, as `kill` does, and waits until it has.
    pub async fn terminate(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.exit().await
    }

    /// Starts it again on the same database, with the same options, most likely on another port.
    pub async fn restart(&mut self) {
        self.process = spawn(&self.database, &self.options, &self.environment).await;
        if let Some(tls) = &mut self.tls {
            tls.tunnel = tunnel(self.process.address(), &tls.authority);
        }
    }

    /// The same with these variables in its environment, from now on.
    pub async fn restart_in(&mut self, environment: Vec<(String, String)>) {
        self.environment = environment;
        self.restart().await;
    }

    /// The same with other options, from now on.
    pub async fn restart_with(&mut self, options: &[&str]) {
        self.options = options.iter().map(ToString::to_string).collect();
        self.restart().await;
    }

    /// Waits until the server says that it is ready, or that it is not.
    pub async fn ready(&self, ready: bool) {
        let status = if ready { 200 } else { 503 };
        until("readiness to change", async || {
            let answer = self.http().await.get("/readyz").await;
            (answer.status == status).then_some(())
        })
        .await;
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        read_log(self.database.dir())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// The program with this working directory and with nothing in its environment.
pub fn command(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_groupcast"));
    command.env_clear().current_dir(dir).stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Runs the program until it ends by itself.
pub async fn run(command: &mut Command) -> Output {
    patiently("the program's end", command.output()).await.expect("the program runs")
}

/// The first line that the program prints, if it prints one. Its output is to be piped.
pub async fn first_line(child: &mut Child) -> Option<String> {
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    patiently("the program's first line", lines.next_line()).await.expect("the line is text")
}

fn tunnel(server: SocketAddr, authority: &Authority) -> Tunnel {
    Tunnel::start(server, &authority.certificate(), NAME).expect("a tunnel")
}

async fn spawn(database: &Database, options: &[String], environment: &[(String, String)]) -> Process {
    let log = OpenOptions::new().create(true).append(true).open(database.dir().join("log"));
    let mut command = command(database.dir());
    command.env("DATABASE_URL", database.url()).env("PORT", "0").args(options);
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    command.stderr(log.expect("a log file"));
    let started = Process::start(command, PATIENCE).await;
    started.unwrap_or_else(|error| panic!("{error}; its log:\n{}", read_log(database.dir())))
}

fn read_log(dir: &Path) -> String {
    std::fs::read_to_string(dir.join("log")).unwrap_or_default()
}
