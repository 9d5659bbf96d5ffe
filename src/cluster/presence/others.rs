//! All other nodes: who they are, and which of them are gone.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::other::{Other, Step};
use super::wire::Said;
use crate::model::NodeId;

/// How often a node says what all that it has said comes to.
pub(super) const DIGEST_PERIOD: Duration = Duration::from_secs(3);
/// A node that has missed three of them, and not just by a moment, is silent.
const SILENCE: Duration = Duration::from_secs(10);
/// Nodes that are known at a time; others are not listened to.
const NODES_MAX: usize = 256;
/// Nodes that have said goodbye of which it is remembered; nothing of them can be under way for that long.
const GOODBYES_MAX: usize = 256;

/// The nodes that were heard.
#[derive(Debug, Default)]
pub(super) struct Others {
    nodes: HashMap<NodeId, Other>,
    /// Those who have said goodbye: what comes of them is late.
    goodbyes: VecDeque<NodeId>,
    /// Those who live as the database has it; `None` while nobody has said.
    alive: Option<HashSet<NodeId>>,
}

/// What follows from what a node said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Heard {
    /// It was not known before.
    pub(super) is_new: bool,
    /// All that it had is lost.
    pub(super) is_lost: bool,
}

impl Others {
    /// Takes in what a node says.
    pub(super) fn take(&mut self, node: NodeId, said: Said, now: Instant, steps: &mut Vec<Step>) -> Heard {
        if self.goodbyes.contains(&node) {
            return Heard::default();
        }
        if said == Said::Goodbye {
            self.goodbyes.push_back(node);
            if self.goodbyes.len() > GOODBYES_MAX {
                self.goodbyes.pop_front();
            }
            let lost = self.nodes.remove(&node).into_iter();
            steps.extend(lost.flat_map(Other::lose));
            return Heard { is_new: false, is_lost: true };
        }
        let is_new = !self.nodes.contains_key(&node);
        if is_new && self.nodes.len() >= NODES_MAX {
            return Heard::default();
        }
        self.nodes.entry(node).or_insert_with(|| Other::new(now)).take(said, now, steps);
        Heard { is_new, is_lost: false }
    }

    /// Which nodes live, as the database has it.
    pub(super) fn set_alive(&mut self, alive: &[NodeId]) {
        self.alive = Some(alive.iter().copied().collect());
    }

    /// Forgets those who neither live nor speak; all that they had is lost. Answers how many.
    pub(super) fn bury(&mut self, now: Instant, steps: &mut Vec<Step>) -> usize {
        let Some(alive) = &self.alive else { return 0 };
        let is_dead =
            |node: &NodeId, other: &mut Other| !alive.contains(node) && now >= other.heard() + SILENCE;
        let dead: Vec<Other> = self.nodes.extract_if(is_dead).map(|(_, other)| other).collect();
        let count = dead.len();
        steps.extend(dead.into_iter().flat_map(Other::lose));
        count
    }

    /// The nodes that are to be asked for all that they have. A silent one would not hear it.
    pub(super) fn asks(&mut self, now: Instant) -> Vec<NodeId> {
        let nodes = self.nodes.iter_mut().filter(|(_, other)| now < other.heard() + SILENCE);
        nodes.filter_map(|(&node, other)| other.ask(now).then_some(node)).collect()
    }

    /// Whether of each node but `own` that lives all is known; not before it is known which live.
    pub(super) fn are_whole(&self, own: NodeId) -> bool {
        let is_whole = |node: &NodeId| *node == own || self.nodes.get(node).is_some_and(Other::is_whole);
        self.alive.as_ref().is_some_and(|alive| alive.iter().all(is_whole))
    }

    /// How many are known.
    pub(super) fn count(&self) -> usize {
        self.nodes.len()
    }

    /// At how many places they have sockets, each by itself.
    pub(super) fn places(&self) -> usize {
        self.nodes.values().map(Other::places).sum()
    }
}
