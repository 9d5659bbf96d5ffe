//! The servers of a measurement, and what they stand on: a real Postgres and a real NATS.

use std::net::{Ipv4Addr, SocketAddr};
use std::thread;
use std::time::{Duration, Instant};

use groupcast_kit::crowd::BlockingSocket;
use groupcast_kit::http::request;
use groupcast_kit::nats::Nats;
use groupcast_kit::postgres::Postgres;
use tempfile::TempDir;
use tokio::process::Command;

use super::usage::Usage;
use crate::support::Result;
use crate::support::database::{Database, Table};
use crate::support::process::Process;

/// What all servers stand on, one set-up after the other.
pub(crate) struct Ground {
    postgres: Postgres,
    pub(crate) nats: Nats,
}

/// Which servers there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setup {
    /// One alone, without `--cluster`.
    Single,
    /// So many nodes over NATS.
    Nats(usize),
    /// So many nodes by LISTEN and NOTIFY.
    Notify(usize),
}

/// How much there is in a new database.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seeds {
    pub(crate) users: usize,
    pub(crate) groups: usize,
    /// The first users, so many, are members of the first group, and each is one of every so many of the others.
    pub(crate) senders: usize,
}

/// Servers on a database of their own, ended when dropped.
pub(crate) struct Site<'a> {
    ground: &'a Ground,
    url: String,
    nodes: Vec<Process>,
    folder: TempDir,
}

/// Vacuuming by itself would come to one of those that are compared and not to the other, and so would a checkpoint,
/// after which each page is logged whole once more.
const SETTINGS: &[&str] =
    &["shared_buffers=256MB", "autovacuum=off", "checkpoint_timeout=1h", "max_wal_size=8GB"];

/// After so long a session of the database tells of what it has done.
const STATISTICS_TIME: Duration = Duration::from_millis(1_100);

/// How long a node may take until it is ready, and how often it is asked.
const READY_TIME_MAX: Duration = Duration::from_secs(20);
const READY_INTERVAL: Duration = Duration::from_millis(20);

const MEMBERS: &str = "
    INSERT INTO group_memberships (group_id, user_id)
    SELECT g.id, u.id
    FROM (SELECT id, row_number() OVER (ORDER BY name) - 1 AS n FROM groups WHERE name LIKE 'g______') g
    JOIN (SELECT id, row_number() OVER (ORDER BY username) - 1 AS n FROM users WHERE username LIKE 'u______') u
        ON u.n < SENDERS AND (g.n = 0 OR u.n = g.n % SENDERS)
    ON CONFLICT DO NOTHING";

const STATISTICS: &str = "
    SELECT pg_current_wal_insert_lsn() - '0/0', tup_inserted + tup_updated + tup_deleted, xact_commit
    FROM pg_stat_database WHERE datname = current_database()";

/// Groups whose numbers do not run on from 1, where more than one message is.
const HOLES: &str = "
    SELECT count(*) FROM (SELECT 1 FROM messages GROUP BY group_id HAVING count(*) <> max(seq)) AS holes";

impl Ground {
    pub(crate) fn new() -> Ground {
        Ground { postgres: Postgres::launch_with(SETTINGS), nats: Nats::launch() }
    }
}

impl Setup {
    pub(crate) fn name(self) -> String {
        match self {
            Setup::Single => "single".to_owned(),
            Setup::Nats(1) => "1 node, NATS".to_owned(),
            Setup::Nats(count) => format!("{count} nodes, NATS"),
            Setup::Notify(count) => format!("{count} nodes, Postgres"),
        }
    }

    fn nodes(self) -> usize {
        match self {
            Setup::Single => 1,
            Setup::Nats(count) | Setup::Notify(count) => count,
        }
    }
}

impl<'a> Site<'a> {
    /// Starts them on a new database.
    pub(crate) fn start(ground: &'a Ground, setup: Setup, seeds: Seeds) -> Result<Site<'a>> {
        let folder = tempfile::tempdir()?;
        let url = ground.postgres.create_database();
        let cluster = match setup {
            Setup::Single => None,
            Setup::Nats(_) => Some(ground.nats.url()),
            Setup::Notify(_) => Some("postgres".to_owned()),
        };
        let mut nodes = Vec::new();
        for _ in 0..setup.nodes() {
            let mut command = Command::new(env!("CARGO_BIN_EXE_groupcast"));
            // An empty folder, so that no `.env` of the project's is read.
            command.current_dir(folder.path());
            command.env("HOST", Ipv4Addr::LOCALHOST.to_string()).env("PORT", "0");
            command.env("DATABASE_URL", &url).env("GROUPCAST_LOG", "error");
            if let Some(cluster) = &cluster {
                command.env("CLUSTER", cluster);
            }
            let node = Process::start(command)?;
            await_ready(node.address())?;
            nodes.push(node);
        }
        let site = Site { ground, url, nodes, folder };
        site.database().seed(site.folder.path(), seeds.users, seeds.groups)?;
        site.psql(&MEMBERS.replace("SENDERS", &seeds.senders.to_string()));
        site.psql("VACUUM ANALYZE");
        Ok(site)
    }

    /// What a node is doing.
    pub(crate) fn node(&self, number: usize) -> &Process {
        &self.nodes[number]
    }

    pub(crate) fn address(&self, number: usize) -> SocketAddr {
        self.nodes[number].address()
    }

    /// How many nodes there are.
    pub(crate) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// The numbers of the first groups, so many.
    pub(crate) fn groups(&self, count: usize) -> Result<Vec<i64>> {
        self.database().ids(self.folder.path(), Table::Groups, count)
    }

    /// The numbers of the first users, so many.
    pub(crate) fn users(&self, count: usize) -> Result<Vec<i64>> {
        self.database().ids(self.folder.path(), Table::Users, count)
    }

    /// Waits until the nodes do next to nothing.
    pub(crate) fn settle(&self) -> Result<()> {
        self.nodes.iter().try_for_each(Process::settle)
    }

    /// What was used so far. `rows` and `commits` lag behind by up to a second of what is under way.
    pub(crate) fn usage(&self) -> Result<Usage> {
        let nodes = self.nodes.iter().map(Process::cpu).collect::<Result<_>>()?;
        let Ground { postgres, nats } = self.ground;
        let (nats_in, nats_out) = nats.bytes().unwrap_or_default();
        let (nats, postgres) = (nats.cpu().unwrap_or_default(), postgres.cpu()?);
        let [wal, rows, commits] = self.statistics()?;
        Ok(Usage { nodes, postgres, nats, nats_in, nats_out, wal, rows, commits })
    }

    /// Waits until the database tells of all transactions but the next of each session.
    pub(crate) fn await_statistics(&self) {
        thread::sleep(STATISTICS_TIME);
    }

    /// # Errors
    /// When not all messages are stored, or not one behind the other in their groups.
    pub(crate) fn check(&self, messages: u64) -> Result<()> {
        let stored = self.database().messages(self.folder.path())?;
        let holes = self.psql(HOLES);
        if stored != messages || holes != "0" {
            return Err(
                format!("{messages} were acked, {stored} are stored, {holes} groups have holes").into()
            );
        }
        Ok(())
    }

    /// Of this moment: bytes of the write-ahead log, rows written, commits.
    fn statistics(&self) -> Result<[u64; 3]> {
        let line = self.psql(STATISTICS);
        let mut fields = line.split('|').map(str::parse);
        let mut next = || fields.next().ok_or("a figure of the database is missing");
        Ok([next()??, next()??, next()??])
    }

    fn psql(&self, statements: &str) -> String {
        self.ground.postgres.psql(&self.url, statements)
    }

    fn database(&self) -> Database {
        Database::Postgres(self.url.clone())
    }
}

/// It listens before it has caught up with the others.
fn await_ready(address: SocketAddr) -> Result<()> {
    let (mut socket, started) = (BlockingSocket::connect(address, 0)?, Instant::now());
    loop {
        socket.send_bytes(&request("GET", "/readyz", &[], b""))?;
        match socket.receive()?.status {
            200 => return Ok(()),
            status if started.elapsed() > READY_TIME_MAX => {
                return Err(format!("a node is not ready: {status}").into());
            }
            _ => thread::sleep(READY_INTERVAL),
        }
    }
}
