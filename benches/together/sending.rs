//! What a message costs that nobody listens to: numbered, stored, carried, acked.

use std::time::Duration;

use super::client::{Client, Outcome, Plan};
use super::site::{Ground, Seeds, Setup, Site};
use super::usage::{Usage, each};
use crate::support::Result;
use crate::support::figures::{Table, median, micros_each, milliseconds, per_second, ratio, thousands};
use crate::support::load::{Pace, Span};
use crate::support::options::Options;

const SETUPS: [Setup; 5] = [Setup::Single, Setup::Nats(1), Setup::Nats(2), Setup::Nats(3), Setup::Notify(2)];

/// Spread over the nodes.
pub(super) const SENDERS: usize = 48;
/// Messages that each has under way when flat out.
pub(super) const WINDOW: usize = 16;
const WARM_UP: Duration = Duration::from_millis(500);

struct Case {
    name: &'static str,
    groups: usize,
    pace: Pace,
}

const CASES: [Case; 4] = [
    Case { name: "one group, flat out", groups: 1, pace: Pace::Window(WINDOW) },
    Case { name: "1,000 groups, flat out", groups: 1_000, pace: Pace::Window(WINDOW) },
    Case {
        name: "10,000 groups, each message into another, flat out",
        groups: 10_000,
        pace: Pace::Window(WINDOW),
    },
    Case { name: "1,000 groups, 500 messages a second", groups: 1_000, pace: Pace::PerSecond(500.0) },
];

const CASES_SMALL: [Case; 2] = [
    Case { name: "one group, flat out", groups: 1, pace: Pace::Window(WINDOW) },
    Case { name: "100 groups, 500 messages a second", groups: 100, pace: Pace::PerSecond(500.0) },
];

const COLUMNS: &[&str] = &[
    "us of CPU each",
    "nodes",
    "x single",
    "Postgres",
    "x single",
    "NATS",
    "all",
    "x single",
    "messages/s",
    "p99 of acks",
];
const COLUMNS_BYTES: &[&str] = &["each", "WAL bytes", "x single", "rows", "commits", "NATS bytes in", "out"];

struct Measured {
    usage: Usage,
    outcome: Outcome,
}

/// Measures all set-ups in turns.
pub(crate) fn measure(ground: &Ground, options: &Options) -> Result<()> {
    let cases: &[Case] = if options.small { &CASES_SMALL } else { &CASES };
    let mut runs: Vec<Vec<Vec<Measured>>> =
        cases.iter().map(|_| SETUPS.iter().map(|_| Vec::new()).collect()).collect();
    for _ in 0..options.rounds() {
        for (index, &setup) in SETUPS.iter().enumerate() {
            let all =
                run(ground, setup, cases, options).map_err(|error| format!("{}: {error}", setup.name()))?;
            for (case, measured) in runs.iter_mut().zip(all) {
                case[index].push(measured);
            }
        }
    }
    for (case, runs) in cases.iter().zip(runs) {
        let medians: Vec<Measured> = runs.into_iter().filter_map(|runs| median(runs, cost)).collect();
        show(case, &medians);
    }
    Ok(())
}

/// Runs all cases, one after the other, on one set-up.
fn run(ground: &Ground, setup: Setup, cases: &[Case], options: &Options) -> Result<Vec<Measured>> {
    let groups = cases.iter().map(|case| case.groups).max().unwrap_or_default();
    let site = Site::start(ground, setup, Seeds { users: SENDERS, groups, senders: SENDERS })?;
    let groups = site.groups(groups)?;
    let mut client = Client::new()?;
    let share = SENDERS / site.count();
    for node in 0..site.count() {
        client.add_senders(site.address(node), node * share..(node + 1) * share)?;
    }
    let mut sent = 0;
    let mut all = Vec::new();
    for case in cases {
        let group = |sender, nth| group_of(&groups[..case.groups], sender, nth);
        let mut run = |pace, span| -> Result<Outcome> {
            let outcome = client.run(&Plan { pace, span, group: &group, listeners: 0 })?;
            sent += outcome.messages;
            Ok(outcome)
        };
        // Each group once, since a server has to make the acquaintance of each.
        run(Pace::Window(WINDOW), Span::Messages(case.groups.div_ceil(SENDERS)))?;
        let span = if options.small {
            Span::Messages(5)
        } else {
            run(case.pace, Span::Time(WARM_UP))?;
            Span::Time(options.duration)
        };
        let once = (Pace::Window(1), Span::Messages(1));
        site.await_statistics();
        run(once.0, once.1)?;
        let before = site.usage()?;
        let outcome = run(case.pace, span)?;
        let after = site.usage()?;
        site.await_statistics();
        run(once.0, once.1)?;
        let Usage { rows, commits, .. } = site.usage()?;
        all.push(Measured { usage: Usage { rows, commits, ..after }.since(&before), outcome });
    }
    site.check(sent)?;
    Ok(all)
}

/// Each of the groups in turn. Each is one sender's, so that a sender is a member of few; but all share a single one.
pub(super) fn group_of(groups: &[i64], sender: usize, nth: usize) -> i64 {
    let own = groups.len().saturating_sub(sender).div_ceil(SENDERS);
    match own {
        0 => groups[0],
        own => groups[sender % groups.len() + SENDERS * (nth % own)],
    }
}

fn show(case: &Case, medians: &[Measured]) {
    let base = medians.first();
    let table = Table::new(case.name, COLUMNS);
    for (setup, run) in SETUPS.iter().zip(medians) {
        let Measured { usage, outcome } = run;
        let micros = |time| micros_each(time, outcome.messages);
        let compared = |of: fn(&Usage) -> Duration| {
            let base = base.map(|base| micros_each(of(&base.usage), base.outcome.messages));
            let value = micros(of(usage));
            [format!("{value:.1}"), ratio(value, base)]
        };
        let [nodes, nodes_ratio] = compared(Usage::of_nodes);
        let [postgres, postgres_ratio] = compared(|usage| usage.postgres);
        let [all, all_ratio] = compared(Usage::cpu);
        table.row(&[
            setup.name(),
            nodes,
            nodes_ratio,
            postgres,
            postgres_ratio,
            format!("{:.1}", micros(usage.nats)),
            all,
            all_ratio,
            thousands(per_second(outcome.messages, outcome.elapsed) as u64),
            milliseconds(outcome.acks.quantile(0.99)),
        ]);
    }
    let table = Table::new(&format!("{}: bytes and rows", case.name), COLUMNS_BYTES);
    for (setup, Measured { usage, outcome }) in SETUPS.iter().zip(medians) {
        let each = |sum| each(sum, outcome.messages);
        let base = base.map(|base| base.usage.wal as f64 / base.outcome.messages as f64);
        table.row(&[
            setup.name(),
            format!("{:.0}", each(usage.wal)),
            ratio(each(usage.wal), base),
            format!("{:.2}", each(usage.rows)),
            format!("{:.4}", each(usage.commits)),
            format!("{:.0}", each(usage.nats_in)),
            format!("{:.0}", each(usage.nats_out)),
        ]);
    }
}

/// CPU time of all for each message, in microseconds.
fn cost(run: &Measured) -> f64 {
    micros_each(run.usage.cpu(), run.outcome.messages)
}
