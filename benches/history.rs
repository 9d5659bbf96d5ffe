//! How many pages of history a second the server gives, beside a bare hyper handler that runs the same query
//! over the same kind of pool and sends the same bytes.
//!
//! Nothing is pinned: server, database and client share the machine. `DATABASE_URL` names a Postgres, without it
//! SQLite is measured.
//!
//! `cargo bench --bench history` runs all; `cargo test --bench history` a small part, to see that it works.

mod bare_history;
mod support;
mod yardstick;

use std::net::SocketAddr;
use std::time::Duration;

use groupcast_kit::http::request;
use support::Result;
use support::contender::{Contender, Server};
use support::figures::{Table, median, micros_each, milliseconds, per_second, ratio, thousands};
use support::options::Options;
use support::process::Process;
use support::requests::{self, Answers, Until};

const GROUPS: usize = 50;
const MESSAGES_EACH: usize = 100;
const CONNECTIONS: usize = 32;
const WARM_UP: Duration = Duration::from_millis(500);
const REQUESTS_SMALL: usize = 200;

const COLUMNS: &[&str] = &["", "requests/s", "of bare", "p50", "p99", "CPU us each", "bytes each"];

/// One measurement.
struct Measured {
    answers: Answers,
    /// Of the server's process, the database not included unless it is a part of it.
    cpu: Duration,
}

fn main() -> Result<()> {
    if bare_history::serve_if_asked()? || yardstick::serve_if_asked()? {
        return Ok(());
    }
    let Some(options) = Options::parse("history")? else { return Ok(()) };
    let database = &options.database;
    let server = Contender::groupcast(&options).start(None)?;
    let groups = fill(&server)?;
    let (bare, bare_address) = Contender::start_bare(bare_history::NAME, database, server.folder.path())?;

    let until = if options.small { Until::Requests(REQUESTS_SMALL) } else { Until::Time(options.duration) };
    let measure = |process: &Process, address: SocketAddr| -> Result<Measured> {
        let path = |number: usize| {
            let group = groups[number % groups.len()];
            get(group)
        };
        if !options.small {
            requests::run(address, CONNECTIONS, Until::Time(WARM_UP), path)?;
        }
        let before = process.cpu()?;
        let answers = requests::run(address, CONNECTIONS, until, path)?;
        Ok(Measured { answers, cpu: process.cpu()? - before })
    };
    let (mut bares, mut ours) = (Vec::new(), Vec::new());
    for _ in 0..options.runs.max(1) {
        bares.push(measure(&bare, bare_address)?);
        ours.push(measure(&server.process, server.address)?);
    }
    let sample = |address| -> Result<Vec<u8>> {
        Ok(requests::run(address, 1, Until::Requests(1), |_| get(groups[0]))?.last)
    };
    if sample(bare_address)? != sample(server.address)? {
        return Err("the two send different bytes".into());
    }

    let table = Table::new(&format!("history, 50 messages a page, {}", database.name()), COLUMNS);
    let mut base = None;
    for (name, measured) in [("bare hyper", bares), ("groupcast", ours)] {
        let Some(median) = median(measured, rate) else { continue };
        let base = *base.get_or_insert(rate(&median));
        let Measured { answers, cpu } = &median;
        table.row(&[
            name.to_owned(),
            thousands(rate(&median) as u64),
            ratio(rate(&median), Some(base)),
            milliseconds(answers.latencies.quantile(0.5)),
            milliseconds(answers.latencies.quantile(0.99)),
            format!("{:.1}", micros_each(*cpu, answers.count as u64)),
            thousands(answers.last.len() as u64),
        ]);
    }
    Ok(())
}

/// The request for a page of a group's history.
fn get(group: i64) -> Vec<u8> {
    let path = format!("/api/v1/messages/?group_id={group}&limit={}", bare_history::LIMIT);
    request("GET", &path, &[], b"")
}

/// Gives each group its messages; answers with the groups.
fn fill(server: &Server) -> Result<Vec<i64>> {
    server.seed(1, GROUPS)?;
    let groups = server.group_ids(GROUPS)?;
    server.say_in(&groups, GROUPS * MESSAGES_EACH)?;
    Ok(groups)
}

/// Requests a second.
fn rate(measured: &Measured) -> f64 {
    per_second(measured.answers.count as u64, measured.answers.elapsed)
}
