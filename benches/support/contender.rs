//! The servers that are compared, each started as a child process.

use std::env;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::http::request;
use groupcast_kit::tunnel::Tunnel;
use tempfile::TempDir;
use tokio::process::Command;

use super::Result;
use super::credentials::{Credentials, SIGNING_KEY};
use super::database::{Database, Table};
use super::load::{Load, Shape, Wire};
use super::options::Options;
use super::process::{Cores, Process};
use super::requests::{self, Until};
use crate::yardstick::{COALESCING, ONE_SEND, SERVE, STORING};

/// What the sockets of groupcast speak.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Mode {
    Text,
    Json,
}

/// How users show groupcast who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// By naming themselves.
    Username,
    /// By an access token.
    Token,
}

/// A server that speaks text mode.
#[derive(Clone, Debug)]
pub(crate) enum Contender {
    /// The yardstick with this name, in a process of this very program.
    Yardstick(&'static str),
    /// The same for the yardstick that stores, in an SQLite file with the tables of this project's server.
    StoringYardstick,
    /// This project's server.
    Groupcast {
        database: Database,
        /// How many threads serve sockets, if it is not to choose itself.
        threads: Option<usize>,
        auth: Auth,
        /// Whether it compresses for sockets that offer it.
        deflates: bool,
        /// Whether it speaks TLS.
        tls: bool,
    },
    /// Bun's own publish and subscribe: this executable.
    Bun(PathBuf),
}

impl Contender {
    /// The yardsticks and whoever is installed and asked for, in the order of the table.
    pub(crate) fn all(options: &Options) -> Vec<Contender> {
        let mut all = vec![Contender::Yardstick(ONE_SEND), Contender::Yardstick(COALESCING)];
        all.extend(Contender::servers(options));
        all
    }

    /// The same with the yardstick that stores in third place, if it can be compared: it knows SQLite only.
    pub(crate) fn all_with_storing(options: &Options) -> Vec<Contender> {
        let mut all = Contender::all(options);
        if let Database::Sqlite = options.database {
            all.insert(2, Contender::StoringYardstick);
        }
        all
    }

    /// This project's server as it was asked for.
    pub(crate) fn groupcast(options: &Options) -> Contender {
        Contender::groupcast_with(Auth::Username, false, options)
    }

    fn groupcast_with(auth: Auth, tls: bool, options: &Options) -> Contender {
        let database = options.database.clone();
        Contender::Groupcast { database, threads: options.threads, auth, deflates: false, tls }
    }

    /// The same, which compresses for sockets that offer it.
    pub(crate) fn deflating(options: &Options) -> Contender {
        let (database, auth) = (options.database.clone(), Auth::Username);
        Contender::Groupcast { database, threads: options.threads, auth, deflates: true, tls: false }
    }

    /// This project's server in all ways in which users show who they are, and over TLS, as far as they are asked for.
    pub(crate) fn groupcasts(options: &Options) -> Vec<Contender> {
        let ways = [(Auth::Username, false), (Auth::Username, true), (Auth::Token, false)];
        let all = ways.map(|(auth, tls)| Contender::groupcast_with(auth, tls, options));
        all.into_iter().filter(|contender| contender.is_wanted(options)).collect()
    }

    /// Those that are whole servers.
    pub(crate) fn servers(options: &Options) -> Vec<Contender> {
        let bun = Path::new(env!("CARGO_MANIFEST_DIR")).join("loadtest/peers/bun/node_modules/.bin/bun");
        let mut servers = Contender::groupcasts(options);
        let bun = Contender::Bun(bun.clone()).is_wanted(options).then_some(bun);
        if let Some(bun) = bun.filter(|bun| !options.small && bun.exists()) {
            servers.push(Contender::Bun(bun));
        }
        servers
    }

    fn is_wanted(&self, options: &Options) -> bool {
        options.contender.as_ref().is_none_or(|part| self.name().contains(part.as_str()))
    }

    /// Whether each socket has to show a token.
    pub(crate) fn wants_tokens(&self) -> bool {
        matches!(self, Contender::Groupcast { auth: Auth::Token, .. })
    }

    /// How many files of the client's each socket is.
    pub(crate) fn files_each(&self) -> usize {
        // Through a tunnel there are both of its ends.
        if matches!(self, Contender::Groupcast { tls: true, .. }) { 3 } else { 1 }
    }

    /// What to call it in a table.
    pub(crate) fn name(&self) -> String {
        match self {
            Contender::Yardstick(name) => (*name).to_owned(),
            Contender::StoringYardstick => STORING.to_owned(),
            Contender::Groupcast { database, deflates: true, .. } => {
                format!("groupcast, deflate, {}", database.name())
            }
            Contender::Groupcast { database, tls: true, .. } => {
                format!("groupcast, TLS, {}", database.name())
            }
            Contender::Groupcast { database, auth: Auth::Username, .. } => {
                format!("groupcast, {}", database.name())
            }
            Contender::Groupcast { database, auth: Auth::Token, .. } => {
                format!("groupcast, tokens, {}", database.name())
            }
            Contender::Bun(_) => "bun".to_owned(),
        }
    }

    /// Starts it, on its own core if `cores` are given.
    pub(crate) fn start(&self, cores: Option<Cores>) -> Result<Server> {
        let folder = tempfile::tempdir()?;
        let mut command = match self {
            Contender::Yardstick(name) => {
                let mut command = Command::new(env::current_exe()?);
                command.args([SERVE, name]);
                command
            }
            Contender::StoringYardstick => {
                Database::Sqlite.make_tables(folder.path())?;
                let mut command = Command::new(env::current_exe()?);
                command.args([SERVE, STORING]).env("DATABASE_URL", Database::Sqlite.url(folder.path()));
                command
            }
            Contender::Groupcast { database, threads, auth, deflates, tls } => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_groupcast"));
                command.env("DATABASE_URL", database.url(folder.path())).env("GROUPCAST_LOG", "warn");
                command.env("GROUPCAST_DEFLATE", deflates.to_string());
                if let Some(threads) = threads {
                    command.env("GROUPCAST_THREADS", threads.to_string());
                }
                if let Auth::Token = auth {
                    command.env("GROUPCAST_AUTH", "token").env("JWT_SECRET_KEY", SIGNING_KEY);
                }
                if *tls {
                    command.env("GROUPCAST_TLS_CERT", "cert.pem").env("GROUPCAST_TLS_KEY", "key.pem");
                }
                command
            }
            Contender::Bun(executable) => {
                let mut command = Command::new(executable);
                command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("loadtest/peers/bun/server.js"));
                command
            }
        };
        // An empty folder, so that no `.env` of the project's is read.
        command.current_dir(folder.path());
        command.env("HOST", Ipv4Addr::LOCALHOST.to_string()).env("PORT", "0");
        let certificate = match self {
            Contender::Groupcast { tls: true, .. } => Some(certify(folder.path())?),
            _ => None,
        };
        let start = || Process::start(command);
        let process = match cores {
            Some(cores) => cores.start(start)?,
            None => start()?,
        };
        let tunnel = match &certificate {
            Some(certificate) => Some(Tunnel::start(process.address(), certificate, NAME)?),
            None => None,
        };
        let address = tunnel.as_ref().map_or_else(|| process.address(), Tunnel::address);
        if !matches!(self, Contender::Yardstick(_) | Contender::StoringYardstick) {
            // It may listen before its database is ready; the answer comes when both are.
            let mut socket = BlockingSocket::connect(address, 0)?;
            socket.send_bytes(&request("GET", "/readyz", &[], b""))?;
            let answer = socket.receive()?;
            if answer.status != 200 {
                return Err(format!("{} is not ready: {}", self.name(), answer.status).into());
            }
        }
        let database = match self {
            Contender::Groupcast { database, .. } => Some(database.clone()),
            Contender::StoringYardstick => Some(Database::Sqlite),
            Contender::Yardstick(_) | Contender::Bun(_) => None,
        };
        let knows_json = matches!(self, Contender::Groupcast { .. });
        let wants_tokens = self.wants_tokens();
        Ok(Server { process, address, _tunnel: tunnel, folder, database, knows_json, wants_tokens })
    }

    /// Starts this very program as a bare handler of this name, on the database that a server has made in
    /// `folder`.
    pub(crate) fn start_bare(
        name: &str,
        database: &Database,
        folder: &Path,
    ) -> Result<(Process, SocketAddr)> {
        let mut command = Command::new(env::current_exe()?);
        command.args([SERVE, name]).env("DATABASE_URL", database.url(folder));
        let process = Process::start(command)?;
        let address = process.address();
        Ok((process, address))
    }
}

/// A contender that runs, stopped when dropped.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
    /// The way there, if it speaks TLS: the client's part of that is none of the server's.
    _tunnel: Option<Tunnel>,
    /// Its working folder, with its database if that is a file.
    pub(crate) folder: TempDir,
    /// Where it keeps messages, if it does.
    database: Option<Database>,
    /// Whether it speaks JSON mode too.
    knows_json: bool,
    /// Whether a name is not enough for it.
    wants_tokens: bool,
}

impl Server {
    /// Makes users and groups, where the server wants them made.
    pub(crate) fn seed(&self, users: usize, groups: usize) -> Result<()> {
        match &self.database {
            Some(database) => database.seed(self.folder.path(), users, groups),
            None => Ok(()),
        }
    }

    /// What the first users of those that [`seed`](Self::seed) made show.
    pub(crate) fn credentials(&self, users: usize) -> Result<Credentials> {
        let Some(database) = self.database.as_ref().filter(|_| self.wants_tokens) else {
            return Ok(Credentials::default());
        };
        database.start_sessions(self.folder.path())?;
        Credentials::of_users(&self.ids(Table::Users, users)?)
    }

    /// Numbers of the first groups of those that [`seed`](Self::seed) made.
    pub(crate) fn group_ids(&self, count: usize) -> Result<Vec<i64>> {
        self.ids(Table::Groups, count)
    }

    /// Posts so many messages as the first user, the groups taking turns.
    pub(crate) fn say_in(&self, groups: &[i64], messages: usize) -> Result<()> {
        let user = self.ids(Table::Users, 1)?[0];
        let post = |number: usize| {
            let group = groups[number % groups.len()];
            let content = format!("what was said, number {number:>8}, in 64 bytes: {}", "x".repeat(18));
            let json = format!(r#"{{"group_id":{group},"user_id":{user},"content":"{content}"}}"#);
            request("POST", "/api/v1/messages/", &[("Content-Type", "application/json")], json.as_bytes())
        };
        requests::run(self.address, POSTERS, Until::Requests(messages), post)?;
        Ok(())
    }

    fn ids(&self, table: Table, count: usize) -> Result<Vec<i64>> {
        let database = self.database.as_ref().ok_or("a server without a database")?;
        let ids = database.ids(self.folder.path(), table, count)?;
        if ids.len() == count { Ok(ids) } else { Err("rows are missing".into()) }
    }

    /// Stops it; gives its folder.
    pub(crate) fn stop(self) -> TempDir {
        drop(self.process);
        self.folder
    }

    /// Connects the sockets of a load, each as a user of its own.
    ///
    /// Who knows no JSON mode speaks text mode instead, with contents so long that its frames are as long.
    pub(crate) fn connect(&self, shape: Shape, mode: Mode) -> Result<Load> {
        self.seed(shape.sockets(), shape.groups)?;
        let wire = match (mode, self.knows_json) {
            (Mode::Text, _) => Wire::text(),
            (Mode::Json, true) => Wire::Json { groups: self.group_ids(shape.groups)? },
            (Mode::Json, false) => Wire::text_as_long_as_json(),
        };
        let credentials = self.credentials(shape.sockets())?;
        let mut load = Load::connect(self.address, shape, wire, path, &credentials)?;
        load.await_joined()?;
        Ok(load)
    }
}

/// The name of a server that speaks TLS.
const NAME: &str = "groupcast.test";

/// Makes a certificate and its key in this folder; gives the certificate.
fn certify(folder: &Path) -> Result<String> {
    let certified = rcgen::generate_simple_self_signed([NAME.to_owned()])?;
    let certificate = certified.cert.pem();
    std::fs::write(folder.join("cert.pem"), &certificate)?;
    std::fs::write(folder.join("key.pem"), certified.signing_key.serialize_pem())?;
    Ok(certificate)
}

/// Connections that post at the same time.
const POSTERS: usize = 128;

/// The path of a socket in text mode.
pub(crate) fn path(group: usize, user: usize) -> String {
    format!("/ws/group/g{group:06}/u{user:06}")
}
