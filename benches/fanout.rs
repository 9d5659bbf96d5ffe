//! What it costs to bring messages to many sockets, end to end over loopback.
//!
//! Each contender runs in a process of its own on one core, the load client on another; every message is checked
//! to reach each member of its group once and in order. The figures are CPU time of the server's process for a
//! million deliveries, and how many times that is what loops without a server around them need: one send for each
//! message and socket, what came in together in one send, and the same after a commit of the bare database (SQLite).
//!
//! In the cases in JSON mode all sockets of groupcast speak it: its publishers send `send` frames of 64 bytes of
//! content, its members get `message` events. The others stay in text mode and are the base of the ratios; what
//! they publish is padded, so that the frames they deliver are as long as groupcast's.
//!
//! Of groupcast there are three: users name themselves, the same over TLS, or each shows an access token of a session of
//! their own. Of TLS the client's part is done by a tunnel in the client's process, on the client's core.
//!
//! `cargo bench --bench fanout` runs all; `cargo test --bench fanout` a small part, to see that it works.

mod support;
mod yardstick;

use std::time::Duration;

use groupcast_kit::crowd::raise_open_files_max;
use support::Result;
use support::contender::{Contender, Mode};
use support::figures::{Table, median, micros_each, milliseconds, per_second, ratio, thousands};
use support::load::{Pace, Shape, Span};
use support::options::Options;
use support::process::Cores;

struct Case {
    name: &'static str,
    shape: Shape,
    pace: Pace,
    mode: Mode,
    /// Further groups that the server has met, with nobody in them.
    known_groups: usize,
}

/// Messages that each publisher has under way in the cases that run flat out.
const WINDOW: usize = 16;

const fn case(name: &'static str, groups: usize, members: usize, publishers: usize, pace: Pace) -> Case {
    Case { name, shape: Shape { groups, members, publishers }, pace, mode: Mode::Text, known_groups: 0 }
}

const fn flat_out(name: &'static str, groups: usize, members: usize, publishers: usize) -> Case {
    case(name, groups, members, publishers, Pace::Window(WINDOW))
}

/// One publisher in each group; they take turns.
const fn paced(name: &'static str, groups: usize, members: usize, per_second: f64) -> Case {
    case(name, groups, members, 1, Pace::PerSecond(per_second))
}

const fn in_json_mode(case: Case) -> Case {
    Case { mode: Mode::Json, ..case }
}

impl Case {
    /// Groups become known by messages over REST, whose senders are no members of them.
    fn suits(&self, contender: &Contender) -> bool {
        self.known_groups == 0 || !contender.wants_tokens()
    }
}

const CASES: [Case; 15] = [
    flat_out("1 x 1,000 flat out", 1, 1_000, 1),
    flat_out("1 x 10,000 flat out", 1, 10_000, 1),
    flat_out("1,000 x 10 flat out, all publishing", 1_000, 10, 1),
    flat_out("1 x 1,000 flat out, 10 publishers", 1, 1_000, 10),
    in_json_mode(flat_out("1 x 1,000 flat out, JSON mode", 1, 1_000, 1)),
    in_json_mode(flat_out("1 x 10,000 flat out, JSON mode", 1, 10_000, 1)),
    in_json_mode(flat_out("1,000 x 10 flat out, all publishing, JSON mode", 1_000, 10, 1)),
    paced("1 x 1,000 paced, 100 messages/s", 1, 1_000, 100.0),
    paced("1,000 x 10 paced, 1,000 messages/s", 1_000, 10, 1_000.0),
    paced("10 x 10 paced, 100 messages/s", 10, 10, 100.0),
    flat_out("growth: 1 x 100 flat out", 1, 100, 1),
    flat_out("growth: 1 x 15,000 flat out", 1, 15_000, 1),
    flat_out("growth: 10 x 10 flat out", 10, 10, 1),
    flat_out("growth: 100 x 10 flat out", 100, 10, 1),
    Case { known_groups: 100_000, ..flat_out("growth: 100 x 10 flat out, 100,000 groups known", 100, 10, 1) },
];

const CASES_SMALL: [Case; 6] = [
    flat_out("1 x 50 flat out", 1, 50, 1),
    flat_out("5 x 10 flat out", 5, 10, 1),
    flat_out("1 x 50 flat out, 3 publishers", 1, 50, 3),
    in_json_mode(flat_out("5 x 10 flat out, 2 publishers, JSON mode", 5, 10, 2)),
    paced("1 x 50 paced, 200 messages/s", 1, 50, 200.0),
    paced("5 x 10 paced, 500 messages/s", 5, 10, 500.0),
];

/// Messages of each publisher in a small run.
const MESSAGES_SMALL: usize = 50;
/// How long each contender runs before it is measured.
const WARM_UP: Duration = Duration::from_millis(500);
/// Open files beyond the sockets.
const FILES_SPARE: usize = 100;

const COLUMNS: &[&str] =
    &["contender", "CPU s/million", "x one-send", "x coalescing", "x storing", "p50", "p99", "deliveries/s"];

/// One measurement.
struct Measured {
    /// CPU seconds of the server's process for a million deliveries.
    cpu: f64,
    p50: Duration,
    p99: Duration,
    /// Deliveries a second.
    rate: f64,
}

fn main() -> Result<()> {
    if yardstick::serve_if_asked()? {
        return Ok(());
    }
    let Some(options) = Options::parse("fanout")? else { return Ok(()) };
    let files = raise_open_files_max()?;
    let cores = options.cores()?;
    let cases: &[Case] = if options.small { &CASES_SMALL } else { &CASES };
    for case in cases.iter().filter(|case| options.wants(case.name)) {
        if case.shape.sockets() + FILES_SPARE > files {
            println!("\n{}: left out, needs more than {files} open files", case.name);
            continue;
        }
        compare(case, cores, files, &options).map_err(|error| format!("{}: {error}", case.name))?;
    }
    Ok(())
}

/// Measures all contenders, taking turns, and prints the table of a case.
fn compare(case: &Case, cores: Option<Cores>, files: usize, options: &Options) -> Result<()> {
    let mut contenders = Contender::all_with_storing(options);
    let files_of = |contender: &Contender| contender.files_each() * case.shape.sockets() + FILES_SPARE;
    contenders.retain(|contender| case.suits(contender) && files_of(contender) <= files);
    let mut runs: Vec<Vec<Measured>> = contenders.iter().map(|_| Vec::new()).collect();
    for _ in 0..options.runs.max(1) {
        for (contender, runs) in contenders.iter().zip(&mut runs) {
            let run = measure(contender, case, cores, options);
            runs.push(run.map_err(|error| format!("{}: {error}", contender.name()))?);
        }
    }
    let medians: Vec<Measured> = runs.into_iter().filter_map(|runs| median(runs, |run| run.cpu)).collect();
    let one_send = medians.first().map(|run| run.cpu);
    let coalescing = medians.get(1).map(|run| run.cpu);
    let stores = matches!(contenders.get(2), Some(Contender::StoringYardstick));
    let storing = medians.get(2).filter(|_| stores).map(|run| run.cpu);
    let table = Table::new(case.name, COLUMNS);
    for (contender, run) in contenders.iter().zip(&medians) {
        table.row(&[
            contender.name(),
            format!("{:.3}", run.cpu),
            ratio(run.cpu, one_send),
            ratio(run.cpu, coalescing),
            ratio(run.cpu, storing),
            milliseconds(run.p50),
            milliseconds(run.p99),
            thousands(run.rate as u64),
        ]);
    }
    Ok(())
}

fn measure(contender: &Contender, case: &Case, cores: Option<Cores>, options: &Options) -> Result<Measured> {
    let server = contender.start(cores)?;
    let mut load = server.connect(case.shape, case.mode)?;
    if case.known_groups > 0 && matches!(contender, Contender::Groupcast { .. }) {
        server.seed(0, case.shape.groups + case.known_groups)?;
        let groups = server.group_ids(case.shape.groups + case.known_groups)?;
        server.say_in(&groups[case.shape.groups..], case.known_groups)?;
    }
    let span = if options.small { Span::Messages(MESSAGES_SMALL) } else { Span::Time(options.duration) };
    if !options.small {
        load.run(case.pace, Span::Time(WARM_UP))?;
    }
    let before = server.process.cpu()?;
    let outcome = load.run(case.pace, span)?;
    let cpu = server.process.cpu()? - before;
    Ok(Measured {
        cpu: micros_each(cpu, outcome.deliveries),
        p50: outcome.latencies.quantile(0.5),
        p99: outcome.latencies.quantile(0.99),
        rate: per_second(outcome.deliveries, outcome.elapsed),
    })
}
