//! What an open connection costs that does nothing, in resident memory and in CPU time to come in; and what a
//! group costs that the server has met and in which nobody is.
//!
//! `cargo bench --bench memory` runs all; `cargo test --bench memory` a small part, to see that it works.

mod support;
mod yardstick;

use std::io;
use std::net::SocketAddr;
use std::ops::Range;

use groupcast_kit::crowd::{BlockingSocket, raise_open_files_max};
use groupcast_kit::http::request;
use support::contender::{Contender, path};
use support::credentials::Credentials;
use support::figures::{Table, thousands};
use support::options::Options;
use support::process::Cores;
use support::{JSON_MODE, Result};

/// What is open.
#[derive(Clone, Copy)]
enum Kind {
    /// A WebSocket in text mode.
    Text,
    /// A WebSocket in JSON mode.
    Json,
    /// An HTTP connection after its first request.
    KeepAlive,
}

const KINDS: &[Kind] = &[Kind::Text, Kind::KeepAlive, Kind::Json];
const KINDS_SMALL: &[Kind] = &[Kind::Text, Kind::KeepAlive];

const CONNECTIONS: usize = 10_000;
const CONNECTIONS_SMALL: usize = 50;
/// Connections that are open before memory is first looked at, so that what is set up once does not count.
const CONNECTIONS_BEFORE: usize = 100;

/// Files of the client's that are no connections of the measurement.
const FILES_SPARE: usize = 500;

/// Groups in which something was said and nobody listens.
const GROUPS: usize = 100_000;
const GROUPS_SMALL: usize = 100;
/// Groups that are known before memory is first looked at.
const GROUPS_BEFORE: usize = 1_000;

const COLUMNS_GROUPS: &[&str] = &["contender", "bytes each", "MiB in all"];
const COLUMNS: &[&str] = &["contender", "bytes", "us to connect", "us again", "MiB in all"];

fn main() -> Result<()> {
    if yardstick::serve_if_asked()? {
        return Ok(());
    }
    let Some(options) = Options::parse("memory")? else { return Ok(()) };
    let files = raise_open_files_max()?;
    let cores = options.cores()?;
    let count = if options.small { CONNECTIONS_SMALL } else { CONNECTIONS };
    for &kind in if options.small { KINDS_SMALL } else { KINDS } {
        let contenders: Vec<_> =
            Contender::all(&options).into_iter().filter(|contender| kind.suits(contender)).collect();
        if contenders.is_empty() || !options.wants(kind.name()) {
            continue;
        }
        let table = Table::new(&format!("{}, {} idle", kind.name(), thousands(count as u64)), COLUMNS);
        for contender in contenders {
            let room = (files / contender.files_each()).saturating_sub(FILES_SPARE);
            let count = count.min(room.max(CONNECTIONS_SMALL));
            let row = measure(&contender, kind, count, cores);
            table.row(&row.map_err(|error| format!("{}: {}: {error}", kind.name(), contender.name()))?);
        }
    }
    let groups = if options.small { GROUPS_SMALL } else { GROUPS };
    let name = format!("{} groups known, nobody in them", thousands(groups as u64));
    if options.wants(&name) {
        let table = Table::new(&name, COLUMNS_GROUPS);
        table.row(&measure_groups(&Contender::groupcast(&options), groups)?);
    }
    Ok(())
}

/// Says something in each of many groups.
fn measure_groups(contender: &Contender, count: usize) -> Result<Vec<String>> {
    let server = contender.start(None)?;
    server.seed(1, count + GROUPS_BEFORE)?;
    let groups = server.group_ids(count + GROUPS_BEFORE)?;
    let (before, groups) = groups.split_at(GROUPS_BEFORE);
    // More than once, so that all buffers have their size.
    server.say_in(before, 10 * GROUPS_BEFORE)?;
    let resident_before = server.process.resident()?;
    server.say_in(groups, count)?;
    let resident = server.process.resident()?;
    Ok(vec![
        contender.name(),
        thousands(resident.saturating_sub(resident_before) / count as u64),
        format!("{:.1}", resident as f64 / f64::from(1 << 20)),
    ])
}

/// Opens `count` connections, closes them and opens them again: the second time a server knows the users.
fn measure(contender: &Contender, kind: Kind, count: usize, cores: Option<Cores>) -> Result<Vec<String>> {
    let server = contender.start(cores)?;
    server.seed(count + CONNECTIONS_BEFORE, 1)?;
    let credentials = server.credentials(count + CONNECTIONS_BEFORE)?;
    let open = |numbers| kind.open(server.address, numbers, &credentials);
    let _before = open(count..count + CONNECTIONS_BEFORE)?;
    let resident_before = server.process.resident()?;

    let cpu_before = server.process.cpu()?;
    let connections = open(0..count)?;
    let resident = server.process.resident()?;
    let cpu_first = server.process.cpu()? - cpu_before;

    drop(connections);
    server.process.settle()?;
    let cpu_before = server.process.cpu()?;
    let _connections = open(0..count)?;
    server.process.settle()?;
    let cpu_again = server.process.cpu()? - cpu_before;
    let each = |total: f64| total / count as f64;
    Ok(vec![
        contender.name(),
        thousands(each(resident.saturating_sub(resident_before) as f64) as u64),
        format!("{:.1}", each(cpu_first.as_secs_f64() * 1e6)),
        format!("{:.1}", each(cpu_again.as_secs_f64() * 1e6)),
        format!("{:.1}", resident as f64 / f64::from(1 << 20)),
    ])
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Text => "WebSocket in text mode",
            Kind::Json => "WebSocket in JSON mode",
            Kind::KeepAlive => "HTTP keep-alive",
        }
    }

    fn suits(self, contender: &Contender) -> bool {
        match self {
            Kind::Text => true,
            Kind::Json => matches!(contender, Contender::Groupcast { .. }),
            Kind::KeepAlive => {
                let is_yardstick = matches!(contender, Contender::Yardstick(_) | Contender::StoringYardstick);
                !is_yardstick && !contender.wants_tokens()
            }
        }
    }

    /// The subprotocol that a socket asks for.
    fn protocol(self) -> Option<&'static str> {
        matches!(self, Kind::Json).then_some(JSON_MODE)
    }

    /// Opens connections, some at a time.
    fn open(
        self,
        address: SocketAddr,
        numbers: Range<usize>,
        credentials: &Credentials,
    ) -> Result<Vec<BlockingSocket>> {
        let ask = |number, socket: &mut BlockingSocket| match self {
            Kind::Text | Kind::Json => {
                socket.ask_upgrade_as(&path(0, number), self.protocol(), credentials.authorization(number))
            }
            Kind::KeepAlive => socket.send_bytes(&request("GET", "/healthz", &[], b"")),
        };
        let hear = |_, socket: &mut BlockingSocket| match self {
            Kind::Text | Kind::Json => socket.await_upgrade(self.protocol()),
            Kind::KeepAlive => match socket.receive()?.status {
                200 => Ok(()),
                status => Err(io::Error::other(format!("refused with {status}"))),
            },
        };
        Ok(BlockingSocket::open_many(address, numbers, ask, hear)?)
    }
}
