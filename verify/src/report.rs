//! What a check has found.

use std::fmt;
use std::time::Duration;

use crate::fault::{Fault, Faults};
use crate::ledger::Counts;
use crate::samples::Samples;
use crate::timing::Timing;
use crate::trouble::Trouble;

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
    /// What there is to say of several servers.
    pub(crate) several: Option<Several>,
}

/// How several servers stood it.
#[derive(Clone, Debug)]
pub(crate) struct Several {
    nodes: usize,
    cluster: String,
    /// What befell them beside kills, by kinds.
    troubles: Vec<(Trouble, usize)>,
    acks: Samples,
    with_nats: Samples,
    without_nats: Samples,
    reconnections: Samples,
    /// How long after all was acked each of them knew who is there.
    presence: Duration,
}

impl Several {
    pub(crate) fn of(timing: &Timing, nodes: usize, cluster: String, presence: Duration) -> Self {
        let count = |kind| timing.troubles.iter().filter(|trouble| **trouble == kind).count();
        let troubles = Trouble::DRAWN.into_iter().map(|kind| (kind, count(kind)));
        let (with_nats, without_nats) = timing.deliveries();
        Self {
            nodes,
            cluster,
            troubles: troubles.filter(|(_, count)| *count > 0).collect(),
            acks: timing.acks.clone(),
            with_nats,
            without_nats,
            reconnections: timing.reconnections.clone(),
            presence,
        }
    }
}

impl fmt::Display for Several {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count: usize = self.troubles.iter().map(|(_, count)| count).sum();
        writeln!(f, "{:<24}{:>10}   by {}", "nodes", self.nodes, self.cluster)?;
        writeln!(f, "{:<24}{count:>10}   beside kills", "troubles")?;
        for (trouble, count) in &self.troubles {
            writeln!(f, "  {:<32}{count:>2}", trouble.name())?;
        }
        writeln!(f)?;
        let by_nats = self.cluster != "postgres";
        writeln!(f, "ack of a node without trouble       {}", self.acks)?;
        writeln!(f, "ack to the last reader elsewhere    {}", self.with_nats)?;
        if by_nats {
            writeln!(f, "  while NATS was away               {}", self.without_nats)?;
        }
        writeln!(f, "kill to another node                {}", self.reconnections)?;
        writeln!(f, "presence right everywhere after     {:.1} s", self.presence.as_secs_f64())?;
        writeln!(f)
    }
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
        if let Some(several) = &self.several {
            several.fmt(f)?;
        }
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
