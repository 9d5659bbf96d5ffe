//! What a message costs the nodes that did not store it: one that listens to each group, one that listens to others of
//! the same shards, and one that listens to nothing.

use std::time::Duration;

use super::client::{Client, Plan};
use super::sending::{SENDERS, WINDOW, group_of};
use super::site::{Ground, Seeds, Setup, Site};
use super::usage::each;
use crate::support::Result;
use crate::support::contender::path;
use crate::support::figures::{Table, micros_each, per_second, thousands};
use crate::support::load::{Pace, Span};
use crate::support::options::Options;

const GROUPS: usize = 1_000;
const GROUPS_SMALL: usize = 128;
/// One does not send: its groups, some of each shard, are listened to and not written to.
const WRITERS: usize = SENDERS - 1;
const WARM_UP: Duration = Duration::from_millis(500);
const PACES: [(&str, Pace); 2] =
    [("flat out", Pace::Window(WINDOW)), ("500 messages a second", Pace::PerSecond(500.0))];
const COLUMNS: &[&str] = &[
    "us of CPU each",
    "stores",
    "listens",
    "to others",
    "to nothing",
    "Postgres",
    "NATS",
    "NATS bytes in",
    "out",
    "messages/s",
];

pub(crate) fn measure(ground: &Ground, options: &Options) -> Result<()> {
    let groups = if options.small { GROUPS_SMALL } else { GROUPS };
    let site =
        Site::start(ground, Setup::Nats(4), Seeds { users: groups.max(SENDERS), groups, senders: SENDERS })?;
    let all = site.groups(groups)?;
    let is_quiet = |number: &usize| number % SENDERS == WRITERS;
    let (quiet, written): (Vec<usize>, Vec<usize>) = (0..groups).partition(is_quiet);
    let mut client = Client::new()?;
    client.add_senders(site.address(0), 0..WRITERS)?;
    // Which of the users listens does not matter.
    client.add_listeners(site.address(1), 0..written.len(), |number| path(written[number], number))?;
    client.add_listeners(site.address(2), 0..quiet.len(), |number| path(quiet[number], number))?;
    let title = format!("{} groups, written on one of four nodes", thousands(written.len() as u64));
    let table = Table::new(&title, COLUMNS);
    for (name, pace) in PACES {
        let group = |sender, nth| group_of(&all, sender, nth);
        let mut run = |span| client.run(&Plan { pace, span, group: &group, listeners: 1 });
        let span = if options.small { Span::Messages(5) } else { Span::Time(options.duration) };
        if !options.small {
            run(Span::Time(WARM_UP))?;
        }
        let before = site.usage()?;
        let outcome = run(span)?;
        let usage = site.usage()?.since(&before);
        let micros = |time| format!("{:.1}", micros_each(time, outcome.messages));
        let mut cells = vec![name.to_owned()];
        cells.extend(usage.nodes.iter().map(|&time| micros(time)));
        cells.extend([usage.postgres, usage.nats].map(micros));
        cells
            .extend([usage.nats_in, usage.nats_out].map(|sum| format!("{:.0}", each(sum, outcome.messages))));
        cells.push(thousands(per_second(outcome.messages, outcome.elapsed) as u64));
        table.row(&cells);
    }
    Ok(())
}
