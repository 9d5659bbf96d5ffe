//! A model of what carries between nodes: payloads are lost, doubled, late and out of order, and nodes are cut off.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use groupcast_kit::random::Random;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use crate::cluster::{Arrived, Carrier, Subject};
use crate::model::NodeId;
use crate::ws::simulation::gate::Gate;

/// How long a payload takes when nothing is wrong.
const CALM_DELAY: Duration = Duration::from_millis(1);

/// How a node is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// It is not.
    No,
    /// It knows that it is.
    Known,
    /// Nothing comes or goes, and nobody says so.
    Silent,
}

/// What lies between all nodes.
pub(super) struct Net(Mutex<State>);

struct State {
    random: Random,
    ends: BTreeMap<NodeId, End>,
    /// Whether nothing is lost, late or out of order.
    is_calm: bool,
    /// Payloads so far, so that those of one moment have an order.
    count: u64,
}

struct End {
    listens: HashSet<i64>,
    cut: Cut,
    /// By the time of their arrival.
    coming: BTreeMap<(Instant, u64), Arrived>,
    came: Arc<Notify>,
}

impl Net {
    pub(super) fn new(random: Random) -> Arc<Self> {
        let state = State { random, ends: BTreeMap::new(), is_calm: false, count: 0 };
        Arc::new(Self(Mutex::new(state)))
    }

    /// From now on nothing is lost, late or out of order, but for those that are cut off.
    pub(super) fn calm(&self) {
        self.state().is_calm = true;
    }

    /// Cuts a node off, or not any more.
    pub(super) fn cut(&self, node: NodeId, cut: Cut) {
        if let Some(end) = self.state().ends.get_mut(&node) {
            end.cut = cut;
        }
    }

    /// A node has gone.
    pub(super) fn leave(&self, node: NodeId) {
        self.state().ends.remove(&node);
    }

    fn send(&self, from: NodeId, subject: Subject, payload: &Bytes) {
        let State { random, ends, is_calm, count } = &mut *self.state();
        if ends.get(&from).is_none_or(|end| end.cut != Cut::No) {
            return;
        }
        for end in ends.values_mut().filter(|end| end.cut == Cut::No) {
            if matches!(subject, Subject::Shard(shard) if !end.listens.contains(&shard)) {
                continue;
            }
            let copies = match random.below(100) {
                _ if *is_calm => 1,
                0..=7 => 0,
                8..=14 => 2,
                _ => 1,
            };
            for _ in 0..copies {
                let delay = match random.below(20) {
                    _ if *is_calm => CALM_DELAY,
                    0 => random.micros(400_000),
                    1..=8 => random.micros(3_000),
                    _ => Duration::ZERO,
                };
                *count += 1;
                let arrived = Arrived { subject, payload: payload.clone() };
                end.coming.insert((Instant::now() + delay, *count), arrived);
                end.came.notify_one();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A node's way to the others.
pub(super) struct ModelCarrier {
    net: Arc<Net>,
    node: NodeId,
    gate: Gate,
    came: Arc<Notify>,
    /// Published while the gate was shut.
    held: Mutex<Vec<(Subject, Bytes)>>,
    /// So many payloads from now one is the last that is published, unless this is 0.
    until_doomed: AtomicU64,
    /// Told when that has come to pass.
    doomed: Notify,
    bytes_max: usize,
}

impl ModelCarrier {
    pub(super) fn new(net: &Arc<Net>, node: NodeId, gate: Gate) -> Arc<Self> {
        let came = Arc::<Notify>::default();
        let end =
            End { listens: HashSet::new(), cut: Cut::No, coming: BTreeMap::new(), came: Arc::clone(&came) };
        let bytes_max = {
            let mut state = net.state();
            state.ends.insert(node, end);
            if state.random.chance(50) { 4_096 } else { 1 << 20 }
        };
        let (held, until_doomed, doomed) = Default::default();
        Arc::new(Self { net: Arc::clone(net), node, gate, came, held, until_doomed, doomed, bytes_max })
    }

    /// Has the node stand still for ever when so many payloads more are published; 0 for never.
    pub(super) fn doom_after(&self, payloads: u64) {
        self.until_doomed.store(payloads, Ordering::Relaxed);
    }

    /// Ready when that has come to pass.
    pub(super) async fn doomed(&self) {
        self.doomed.notified().await;
    }

    /// Publishes what was held by the gate.
    pub(super) fn let_go(&self) {
        let held = std::mem::take(&mut *self.held.lock().unwrap_or_else(PoisonError::into_inner));
        held.iter().for_each(|(subject, payload)| self.net.send(self.node, *subject, payload));
    }

    /// What has come, or when to look again.
    fn take(&self) -> Result<Arrived, Option<Instant>> {
        let mut state = self.net.state();
        let end = state.ends.get_mut(&self.node).ok_or(None)?;
        let first = end.coming.first_entry().ok_or(None)?;
        let at = first.key().0;
        if at > Instant::now() {
            return Err(Some(at));
        }
        Ok(first.remove())
    }
}

impl Carrier for ModelCarrier {
    fn publish(&self, subject: Subject, payload: Bytes) {
        if self.gate.is_shut() {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).push((subject, payload));
            return;
        }
        self.net.send(self.node, subject, &payload);
        let left = self.until_doomed.load(Ordering::Relaxed);
        self.until_doomed.store(left.saturating_sub(1), Ordering::Relaxed);
        if left == 1 {
            self.gate.set_shut(true);
            self.doomed.notify_one();
        }
    }

    fn listen(&self, shard: i64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let delay = {
                let State { random, ends, is_calm, .. } = &mut *self.net.state();
                let is_cut = ends.get(&self.node).is_none_or(|end| end.cut != Cut::No);
                match *is_calm && !is_cut {
                    true => Duration::ZERO,
                    false => random.micros(if is_cut { 500_000 } else { 2_000 }),
                }
            };
            sleep(delay).await;
            if let Some(end) = self.net.state().ends.get_mut(&self.node) {
                end.listens.insert(shard);
            }
        })
    }

    fn unlisten(&self, shard: i64) {
        if let Some(end) = self.net.state().ends.get_mut(&self.node) {
            end.listens.remove(&shard);
        }
    }

    fn next(&self) -> BoxFuture<'_, Arrived> {
        Box::pin(async move {
            loop {
                self.gate.pass().await;
                match self.take() {
                    Ok(arrived) => return arrived,
                    Err(Some(at)) => _ = timeout_at(at, self.came.notified()).await,
                    Err(None) => self.came.notified().await,
                }
            }
        })
    }

    fn is_up(&self) -> bool {
        self.net.state().ends.get(&self.node).is_some_and(|end| end.cut != Cut::Known)
    }

    fn payload_bytes_max(&self) -> usize {
        self.bytes_max
    }

    fn dropped(&self) -> u64 {
        0
    }
}
