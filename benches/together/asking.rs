//! What a request over REST costs a node, which asks the database first what others have changed.

use std::time::Duration;

use groupcast_kit::http::request;

use super::site::{Ground, Seeds, Setup, Site};
use crate::support::Result;
use crate::support::figures::{Table, median, micros_each, milliseconds, per_second, ratio, thousands};
use crate::support::options::Options;
use crate::support::requests::{self, Until};

const CONNECTIONS: usize = 16;
const GROUPS: usize = 50;
const WARM_UP: Duration = Duration::from_millis(300);
const SETUPS: [Setup; 3] = [Setup::Single, Setup::Nats(1), Setup::Nats(2)];
/// The first is answered from memory, the second from the database.
const PATHS: [(&str, &str); 2] = [
    ("a group", "/api/v1/groups/GROUP/"),
    ("a page of 50 messages", "/api/v1/messages/?limit=50&group_id=GROUP"),
];
const MESSAGES_EACH: usize = 60;
const COLUMNS: &[&str] = &["us of CPU each", "nodes", "Postgres", "all", "x single", "requests/s", "p99"];

struct Measured {
    nodes: f64,
    postgres: f64,
    cells: [String; 2],
}

pub(crate) fn measure(ground: &Ground, options: &Options) -> Result<()> {
    let mut runs: Vec<Vec<Measured>> = PATHS.iter().flat_map(|_| SETUPS.map(|_| Vec::new())).collect();
    for _ in 0..options.rounds() {
        for (index, &setup) in SETUPS.iter().enumerate() {
            let site = Site::start(ground, setup, Seeds { users: 1, groups: GROUPS, senders: 1 })?;
            let groups = site.groups(GROUPS)?;
            fill(&site, &groups, options)?;
            for (row, (_, path)) in PATHS.iter().enumerate() {
                let ask = |number: usize| {
                    let group = groups[number % groups.len()].to_string();
                    request("GET", &path.replace("GROUP", &group), &[], b"")
                };
                let run = |until| requests::run(site.address(0), CONNECTIONS, until, ask);
                let until = if options.small { Until::Requests(100) } else { Until::Time(options.duration) };
                if !options.small {
                    run(Until::Time(WARM_UP))?;
                }
                let before = site.usage()?;
                let answers = run(until)?;
                let usage = site.usage()?.since(&before);
                let count = answers.count as u64;
                runs[row * SETUPS.len() + index].push(Measured {
                    nodes: micros_each(usage.of_nodes(), count),
                    postgres: micros_each(usage.postgres, count),
                    cells: [
                        thousands(per_second(count, answers.elapsed) as u64),
                        milliseconds(answers.latencies.quantile(0.99)),
                    ],
                });
            }
        }
    }
    for (runs, (name, _)) in runs.chunks_mut(SETUPS.len()).zip(PATHS) {
        let table = Table::new(&format!("{name} over REST, {CONNECTIONS} connections"), COLUMNS);
        let mut base = None;
        for (runs, setup) in runs.iter_mut().map(std::mem::take).zip(SETUPS) {
            let all = |run: &Measured| run.nodes + run.postgres;
            let Some(run) = median(runs, all) else { continue };
            let base = *base.get_or_insert(all(&run));
            let figures = [run.nodes, run.postgres, all(&run)].map(|figure| format!("{figure:.1}"));
            let mut cells = vec![setup.name()];
            cells.extend(figures);
            cells.push(ratio(all(&run), Some(base)));
            cells.extend(run.cells);
            table.row(&cells);
        }
    }
    Ok(())
}

/// Gives each group its messages.
fn fill(site: &Site<'_>, groups: &[i64], options: &Options) -> Result<()> {
    let user = site.users(1)?[0];
    let post = |number: usize| {
        let group = groups[number % groups.len()];
        let json = format!(r#"{{"group_id":{group},"user_id":{user},"content":"{}"}}"#, "x".repeat(64));
        request("POST", "/api/v1/messages/", &[("Content-Type", "application/json")], json.as_bytes())
    };
    let count = if options.small { GROUPS } else { GROUPS * MESSAGES_EACH };
    requests::run(site.address(0), CONNECTIONS, Until::Requests(count), post)?;
    Ok(())
}
