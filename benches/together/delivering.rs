//! What a delivery costs the node that delivers, alone and as one of two.

use std::time::Duration;

use super::client::{Client, Outcome, Plan};
use super::sending::WINDOW;
use super::site::{Ground, Seeds, Setup, Site};
use crate::support::Result;
use crate::support::contender::path;
use crate::support::figures::{Table, median, micros_each, milliseconds, per_second, ratio, thousands};
use crate::support::load::{Pace, Span};
use crate::support::options::Options;

const LISTENERS: usize = 1_000;
const LISTENERS_SMALL: usize = 50;
const WARM_UP: Duration = Duration::from_millis(500);

/// Who sends is on this node, the listeners are on that one.
const PLACES: [(&str, Setup, usize, usize); 3] = [
    ("single", Setup::Single, 0, 0),
    ("of two, its own senders", Setup::Nats(2), 0, 0),
    ("of two, another's", Setup::Nats(2), 0, 1),
];
const PACES: [(&str, Pace); 2] =
    [("flat out", Pace::Window(WINDOW)), ("100 messages a second", Pace::PerSecond(100.0))];
const COLUMNS: &[&str] = &["CPU s/million", "delivering", "x single", "deliveries/s", "p99 of acks"];

struct Measured {
    /// CPU time of the node that delivers for each delivery, in microseconds.
    cost: f64,
    outcome: Outcome,
}

pub(crate) fn measure(ground: &Ground, options: &Options) -> Result<()> {
    let listeners = if options.small { LISTENERS_SMALL } else { LISTENERS };
    let mut runs: Vec<Vec<Measured>> = PACES.iter().flat_map(|_| PLACES.map(|_| Vec::new())).collect();
    for _ in 0..options.rounds() {
        for (index, &(_, setup, sender, listener)) in PLACES.iter().enumerate() {
            let site = Site::start(ground, setup, Seeds { users: listeners, groups: 1, senders: 1 })?;
            let number = site.groups(1)?[0];
            let group = |_: usize, _: usize| number;
            let mut client = Client::new()?;
            client.add_senders(site.address(sender), 0..1)?;
            client.add_listeners(site.address(listener), 0..listeners, |number| path(0, number))?;
            site.settle()?;
            for (row, &(_, pace)) in PACES.iter().enumerate() {
                let plan = |span| Plan { pace, span, group: &group, listeners: listeners as u64 };
                if !options.small {
                    client.run(&plan(Span::Time(WARM_UP)))?;
                }
                let span = if options.small { Span::Messages(20) } else { Span::Time(options.duration) };
                let before = site.node(listener).cpu()?;
                let outcome = client.run(&plan(span))?;
                let cost = micros_each(site.node(listener).cpu()? - before, outcome.deliveries);
                runs[row * PLACES.len() + index].push(Measured { cost, outcome });
            }
        }
    }
    for (runs, (name, _)) in runs.chunks_mut(PLACES.len()).zip(PACES) {
        let title = format!("1 group of {}, {name}", thousands(listeners as u64));
        let table = Table::new(&title, COLUMNS);
        let mut base = None;
        for (runs, (name, ..)) in runs.iter_mut().map(std::mem::take).zip(PLACES) {
            let Some(Measured { cost, outcome }) = median(runs, |run| run.cost) else { continue };
            table.row(&[
                name.to_owned(),
                format!("{cost:.3}"),
                ratio(cost, Some(*base.get_or_insert(cost))),
                thousands(per_second(outcome.deliveries, outcome.elapsed) as u64),
                milliseconds(outcome.acks.quantile(0.99)),
            ]);
        }
    }
    Ok(())
}
