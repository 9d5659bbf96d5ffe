//! What a node has of users who are online on another one, and what it costs to do nothing.

use std::thread;
use std::time::{Duration, Instant};

use groupcast_kit::crowd::BlockingSocket;

use super::site::{Ground, Seeds, Setup, Site};
use super::usage::each;
use crate::support::contender::path;
use crate::support::figures::{Table, micros_each, thousands};
use crate::support::options::Options;
use crate::support::{JSON_MODE, Result};

const SOCKETS: usize = 10_000;
const SOCKETS_SMALL: usize = 200;
const MEMBERS: usize = 10;
const IDLE_TIME: Duration = Duration::from_secs(6);
const COLUMNS: &[&str] =
    &["for each socket", "here, bytes", "there, bytes", "here, us", "there, us", "NATS in, bytes"];
const COLUMNS_IDLE: &[&str] =
    &["ms of CPU a second", "here", "there", "Postgres", "NATS", "NATS bytes/s", "commits/s"];

pub(crate) fn measure(ground: &Ground, options: &Options) -> Result<()> {
    let sockets = if options.small { SOCKETS_SMALL } else { SOCKETS };
    let seeds = Seeds { users: sockets, groups: sockets / MEMBERS, senders: 1 };
    let site = Site::start(ground, Setup::Nats(2), seeds)?;
    let open = || {
        let ask = |number, socket: &mut BlockingSocket| {
            socket.ask_upgrade(&path(number / MEMBERS, number), Some(JSON_MODE))
        };
        let hear = |_, socket: &mut BlockingSocket| socket.await_upgrade(Some(JSON_MODE));
        BlockingSocket::open_many(site.address(0), 0..sockets, ask, hear)
    };
    let resident = || -> Result<[u64; 2]> { Ok([site.node(0).resident()?, site.node(1).resident()?]) };
    let without = idle(&site, options)?;
    let fresh = resident()?;
    // The first time they become members, and memory grows; the second time it is there and all of them are known.
    let first = open()?;
    let grown = resident()?;
    drop(first);
    site.settle()?;
    let before = site.usage()?;
    let open = open()?;
    site.settle()?;
    let used = site.usage()?.since(&before);
    let count = sockets as u64;
    let grown = |node: usize| thousands(grown[node].saturating_sub(fresh[node]) / count);
    let table = Table::new(&format!("{} users come online on one of two nodes", thousands(count)), COLUMNS);
    table.row(&[
        "JSON mode".to_owned(),
        grown(0),
        grown(1),
        format!("{:.1}", micros_each(used.nodes[0], count)),
        format!("{:.1}", micros_each(used.nodes[1], count)),
        format!("{:.0}", each(used.nats_in, count)),
    ]);
    let with = idle(&site, options)?;
    let table = Table::new("two nodes at rest", COLUMNS_IDLE);
    table.row(&named("nobody online", without));
    table.row(&named(&format!("{} users here", thousands(count)), with));
    drop(open);
    Ok(())
}

/// What is used in a second of rest.
fn idle(site: &Site<'_>, options: &Options) -> Result<[String; 6]> {
    site.await_statistics();
    let (before, begun) = (site.usage()?, Instant::now());
    thread::sleep(if options.small { IDLE_TIME / 10 } else { IDLE_TIME });
    let (used, seconds) = (site.usage()?.since(&before), begun.elapsed().as_secs_f64());
    let millis = |time: Duration| format!("{:.2}", time.as_secs_f64() * 1e3 / seconds);
    Ok([
        millis(used.nodes[0]),
        millis(used.nodes[1]),
        millis(used.postgres),
        millis(used.nats),
        format!("{:.0}", (used.nats_in + used.nats_out) as f64 / seconds),
        format!("{:.1}", used.commits as f64 / seconds),
    ])
}

fn named(name: &str, cells: [String; 6]) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(cells).collect()
}
