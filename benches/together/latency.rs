//! How long after the ack the last socket on another node has the message.

use std::thread;
use std::time::Duration;

use super::client::{Client, Plan};
use super::site::{Ground, Seeds, Setup, Site};
use crate::support::Result;
use crate::support::contender::path;
use crate::support::figures::{Table, milliseconds};
use crate::support::load::{Pace, Span};
use crate::support::options::Options;

const LISTENERS: usize = 100;
const PER_SECOND: f64 = 100.0;
const MESSAGES: usize = 2_000;
const MESSAGES_SMALL: usize = 50;
const WARM_UP: usize = 100;
/// After so long a node has found out that NATS is away.
const AWAY_TIME: Duration = Duration::from_secs(3);
/// The listeners are on the last node, the sender is on the first.
const ROWS: [(&str, Setup, bool); 4] = [
    ("single", Setup::Single, true),
    ("2 nodes, NATS", Setup::Nats(2), true),
    ("2 nodes, Postgres", Setup::Notify(2), true),
    ("2 nodes, NATS stopped", Setup::Nats(2), false),
];
const COLUMNS: &[&str] = &["", "ack p50", "ack p99", "behind it p50", "p99", "worst"];

pub(crate) fn measure(ground: &Ground, options: &Options) -> Result<()> {
    let messages = if options.small { MESSAGES_SMALL } else { MESSAGES };
    let title = format!("ack, and the last of {LISTENERS} sockets, {PER_SECOND} messages a second");
    let table = Table::new(&title, COLUMNS);
    for (name, setup, has_nats) in ROWS {
        let site = Site::start(ground, setup, Seeds { users: LISTENERS, groups: 1, senders: 1 })?;
        let number = site.groups(1)?[0];
        let group = |_: usize, _: usize| number;
        let mut client = Client::new()?;
        client.add_senders(site.address(0), 0..1)?;
        client.add_listeners(site.address(site.count() - 1), 0..LISTENERS, |number| path(0, number))?;
        site.settle()?;
        let plan = |messages| Plan {
            pace: Pace::PerSecond(PER_SECOND),
            span: Span::Messages(messages),
            group: &group,
            listeners: LISTENERS as u64,
        };
        client.run(&plan(WARM_UP))?;
        if !has_nats {
            ground.nats.stop();
            thread::sleep(AWAY_TIME);
        }
        let outcome = client.run(&plan(messages));
        if !has_nats {
            ground.nats.start();
        }
        let outcome = outcome.map_err(|error| format!("{name}: {error}"))?;
        table.row(&[
            name.to_owned(),
            milliseconds(outcome.acks.quantile(0.5)),
            milliseconds(outcome.acks.quantile(0.99)),
            milliseconds(outcome.behind.quantile(0.5)),
            milliseconds(outcome.behind.quantile(0.99)),
            milliseconds(outcome.behind.quantile(1.0)),
        ]);
    }
    Ok(())
}
