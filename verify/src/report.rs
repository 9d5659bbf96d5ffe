//! What a check has found.

use std::fmt;
use std::time::Duration;

use crate::fault::{Fault, Faults};
use crate::ledger::Counts;

/// What a check has found. Its text is for people.
#[derive(Clone, Debug)]
pub struct Report {
    pub(crate) store: String,
    pub(crate) seed: u64,
    pub(crate) took: Duration,
    pub(crate) kills: u64,
    pub(crate) cuts: u64,
    /// The longest time from a kill until the server listened again.
    pub(crate) longest_outage: Duration,
    pub(crate) counts: Counts,
    pub(crate) faults: Faults,
}

impl Report {
    /// Whether nothing is at fault.
    pub fn is_clean(&self) -> bool {
        self.faults.total() == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { messages, changes, denied, idle, seen, lines, sent_again, known_before } = self.counts;
        writeln!(f, "{}, seed {}, {:.1} s", self.store, self.seed, self.took.as_secs_f64())?;
        writeln!(f)?;
        let rows = [
            ("kills", self.kills, format!("back after {:.2} s at most", self.longest_outage.as_secs_f64())),
            ("cut sockets", self.cuts, String::new()),
            ("messages sent", messages.sent, String::new()),
            ("messages acked", messages.acked, String::new()),
            ("messages stored", messages.stored, String::new()),
            ("changes sent", changes.sent, "edits, deletions and reactions".to_owned()),
            ("changes acked", changes.acked, format!("{idle} that changed nothing as they should")),
            ("changes refused", denied, "of messages deleted before".to_owned()),
            ("changes stored", changes.stored, String::new()),
            ("sent again", sent_again, format!("{known_before} of it already stored")),
            ("entries seen", seen, "by all receivers together".to_owned()),
            ("lines seen", lines, "in text mode".to_owned()),
        ];
        for (name, count, remark) in rows {
            writeln!(f, "{}", format!("{name:<24}{count:>10}   {remark}").trim_end())?;
        }
        writeln!(f)?;
        for fault in Fault::ALL {
            writeln!(f, "{:<24}{:>10}", fault.name(), self.faults.count(fault))?;
        }
        for example in self.faults.examples() {
            writeln!(f, "  {example}")?;
        }
        writeln!(f)?;
        let verdict = if self.is_clean() { "Nothing is at fault." } else { "FAULTS WERE FOUND." };
        f.write_str(verdict)
    }
}
