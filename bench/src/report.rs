//! What was measured.

use std::fmt;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::error::BenchError;
use crate::phase::{Pace, Phase};

/// Cells of the longest bar.
const BAR_CELLS: u64 = 40;
/// Eighths of a cell.
const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/// What was measured. Its text is for people.
#[derive(Debug)]
pub struct Report {
    pub(crate) store: &'static str,
    pub(crate) sockets: usize,
    pub(crate) groups: usize,
    /// The most memory that the server has had, in bytes; `None` where the system does not tell.
    pub(crate) memory: Option<u64>,
    pub(crate) phases: Vec<Phase>,
}

/// What programs read.
#[derive(Serialize)]
struct Json {
    store: &'static str,
    sockets: usize,
    groups: usize,
    memory_bytes: Option<u64>,
    phases: Vec<JsonPhase>,
}

#[derive(Serialize)]
struct JsonPhase {
    pace: &'static str,
    messages: u64,
    deliveries: u64,
    seconds: f64,
    messages_per_second: f64,
    deliveries_per_second: f64,
    latency_us: JsonLatency,
    server_cpu_seconds: Option<f64>,
    server_cpu_seconds_per_million_deliveries: Option<f64>,
}

#[derive(Serialize)]
struct JsonLatency {
    p50: u64,
    p90: u64,
    p99: u64,
    max: u64,
}

impl Report {
    /// The report as one line of JSON.
    ///
    /// # Errors
    /// Never so far: all names are strings.
    pub fn json(&self) -> Result<String, BenchError> {
        let phases = self.phases.iter().map(|phase| JsonPhase {
            pace: match phase.pace {
                Pace::PerSecond(_) => "steady",
                Pace::Window(_) => "flat out",
            },
            messages: phase.messages,
            deliveries: phase.deliveries,
            seconds: phase.elapsed.as_secs_f64(),
            messages_per_second: phase.rate(phase.messages),
            deliveries_per_second: phase.rate(phase.deliveries),
            latency_us: JsonLatency {
                p50: phase.latencies.value_at_quantile(0.5),
                p90: phase.latencies.value_at_quantile(0.9),
                p99: phase.latencies.value_at_quantile(0.99),
                max: phase.latencies.max(),
            },
            server_cpu_seconds: phase.cpu.map(|cpu| cpu.as_secs_f64()),
            server_cpu_seconds_per_million_deliveries: phase.cpu_per_million(),
        });
        let Self { store, sockets, groups, memory, .. } = *self;
        let json = Json { store, sockets, groups, memory_bytes: memory, phases: phases.collect() };
        serde_json::to_string(&json).map_err(|error| BenchError::Answer(error.to_string()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { store, sockets, groups, memory, phases } = self;
        let in_groups =
            if *groups == 1 { "1 group".to_owned() } else { format!("{} groups", grouped(*groups as f64)) };
        writeln!(f, "{store}, {} sockets in {in_groups}, contents of 64 bytes", grouped(*sockets as f64))?;
        writeln!(f)?;
        let row = |f: &mut fmt::Formatter<'_>, name: &str, cell: &dyn Fn(&Phase) -> String| {
            write!(f, "{name:<36}")?;
            phases.iter().try_for_each(|phase| write!(f, "{:>16}", cell(phase)))?;
            writeln!(f)
        };
        row(f, "", &|phase| match phase.pace {
            Pace::PerSecond(rate) => format!("{} a second", grouped(f64::from(rate))),
            Pace::Window(_) => "flat out".to_owned(),
        })?;
        row(f, "messages a second", &|phase| grouped(phase.rate(phase.messages)))?;
        row(f, "deliveries a second", &|phase| grouped(phase.rate(phase.deliveries)))?;
        for (name, quantile) in [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("longest", 1.0)] {
            let name = format!("latency, {name}");
            row(f, &name, &|phase| milliseconds(phase.latencies.value_at_quantile(quantile)))?;
        }
        row(f, "server's CPU, a million deliveries", &|phase| {
            phase.cpu_per_million().map_or_else(|| "unknown".to_owned(), |cpu| format!("{cpu:.2} s"))
        })?;
        if let Some(memory) = memory {
            writeln!(
                f,
                "{:<36}{:>16}",
                "server's memory at most",
                format!("{:.1} MiB", *memory as f64 / 1_048_576.0)
            )?;
        }
        for phase in phases {
            let pace = match phase.pace {
                Pace::PerSecond(rate) => format!("at {} messages a second", grouped(f64::from(rate))),
                Pace::Window(_) => "flat out".to_owned(),
            };
            writeln!(f, "\nfrom the sender to each socket, {pace}, up to")?;
            bars(f, &phase.latencies)?;
        }
        f.write_str(
            "\nServer and client share this machine. Each message was stored before it was delivered.",
        )
    }
}

/// Writes a bar for each doubling of the time that has something in it.
fn bars(f: &mut fmt::Formatter<'_>, latencies: &Histogram<u64>) -> fmt::Result {
    let mut counts = [0_u64; 64];
    for value in latencies.iter_recorded() {
        counts[value.value_iterated_to().max(1).ilog2() as usize] += value.count_at_value();
    }
    let Some(first) = counts.iter().position(|&count| count > 0) else { return Ok(()) };
    let last = counts.iter().rposition(|&count| count > 0).unwrap_or(first);
    let most = counts.iter().max().copied().unwrap_or(1).max(1);
    for (doubling, &count) in counts.iter().enumerate().take(last + 1).skip(first) {
        let eighths = (count * BAR_CELLS * 8).div_ceil(most);
        let mut bar = "█".repeat((eighths / 8) as usize);
        bar.push(EIGHTHS[(eighths % 8) as usize]);
        let share = count as f64 * 100.0 / latencies.len().max(1) as f64;
        writeln!(f, "{:>12}  {bar:<41}{share:>6.2} %", milliseconds(2 << doubling))?;
    }
    Ok(())
}

fn milliseconds(microseconds: u64) -> String {
    format!("{:.2} ms", microseconds as f64 / 1_000.0)
}

/// A whole number with its thousands set apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [(0.0, "0"), (999.4, "999"), (1_000.0, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
