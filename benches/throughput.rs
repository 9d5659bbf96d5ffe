//! How many messages a second go through the whole server and are stored, beside what the database does with the
//! same rows when nothing else is in the way.
//!
//! Senders are alone in their groups, so each message is one row and one echo, which comes after the commit.
//! Nothing is pinned: server, database and client share the machine. `DATABASE_URL` names a Postgres, without it
//! SQLite is measured.
//!
//! `cargo bench --bench throughput` runs all; `cargo test --bench throughput` a small part, to see that it works.

mod support;
mod yardstick;

use std::time::Duration;

use groupcast_kit::crowd::raise_open_files_max;
use support::Result;
use support::contender::{Contender, Mode};
use support::database::bare::ROWS_PER_TRANSACTION;
use support::figures::{Table, micros_each, milliseconds, per_second, ratio, thousands};
use support::load::{Outcome, Pace, Shape, Span};
use support::options::Options;

const SENDERS: usize = 64;
const SENDERS_SMALL: usize = 4;
/// Messages that each sender has under way when flat out.
const WINDOW: usize = 32;
const MESSAGES_SMALL: usize = 50;
const WARM_UP: Duration = Duration::from_millis(500);

const COLUMNS: &[&str] = &["", "messages/s", "of bare", "p50", "p99", "CPU us each"];

fn main() -> Result<()> {
    if yardstick::serve_if_asked()? {
        return Ok(());
    }
    let Some(options) = Options::parse("throughput")? else { return Ok(()) };
    raise_open_files_max()?;
    for contender in Contender::groupcasts(&options) {
        measure(&contender, &options).map_err(|error| format!("{}: {error}", contender.name()))?;
    }
    Ok(())
}

/// Measures a server, then the bare database with the messages that it has stored, and prints the table of both.
fn measure(contender: &Contender, options: &Options) -> Result<()> {
    let (senders, flat_out, paced) = if options.small {
        (SENDERS_SMALL, Span::Messages(MESSAGES_SMALL), Span::Messages(MESSAGES_SMALL))
    } else {
        (SENDERS, Span::Time(options.duration), Span::Time(options.duration))
    };
    let database = &options.database;
    let server = contender.start(None)?;
    let mut load = server.connect(Shape { groups: senders, members: 1, publishers: 1 }, Mode::Text)?;
    let stored_before = database.messages(server.folder.path())?;
    let mut sent = 0;
    if !options.small {
        sent += load.run(Pace::Window(WINDOW), Span::Time(WARM_UP))?.messages;
    }

    let mut run = |pace, span| -> Result<(Outcome, Duration)> {
        let before = server.process.cpu()?;
        let outcome = load.run(pace, span)?;
        sent += outcome.messages;
        Ok((outcome, server.process.cpu()? - before))
    };
    let flat_out = run(Pace::Window(WINDOW), flat_out)?;
    let half = run(Pace::PerSecond(rate(&flat_out.0) / 2.0), paced)?;
    // At half the client, which sends each message by itself, may take a whole core of two.
    let quarter = run(Pace::PerSecond(rate(&flat_out.0) / 4.0), paced)?;

    let stored = database.messages(server.folder.path())? - stored_before;
    if stored != sent {
        return Err(format!("{sent} messages came back, {stored} are stored").into());
    }
    drop(load);
    let folder = server.stop();
    let bare = database.bare_rate(folder.path())?;

    let title = format!("durable messages, {}, {senders} senders", contender.name());
    let table = Table::new(&title, COLUMNS);
    let name = format!("bare, {} rows a commit", thousands(ROWS_PER_TRANSACTION as u64));
    table.row(&[
        name,
        thousands(bare as u64),
        ratio(bare, Some(bare)),
        String::new(),
        String::new(),
        String::new(),
    ]);
    for (name, (outcome, cpu)) in [
        ("groupcast, flat out", flat_out),
        ("groupcast, at half", half),
        ("groupcast, at a quarter", quarter),
    ] {
        table.row(&[
            name.to_owned(),
            thousands(rate(&outcome) as u64),
            ratio(rate(&outcome), Some(bare)),
            milliseconds(outcome.latencies.quantile(0.5)),
            milliseconds(outcome.latencies.quantile(0.99)),
            format!("{:.1}", micros_each(cpu, outcome.messages)),
        ]);
    }
    Ok(())
}

/// Messages a second.
fn rate(outcome: &Outcome) -> f64 {
    per_second(outcome.messages, outcome.elapsed)
}
