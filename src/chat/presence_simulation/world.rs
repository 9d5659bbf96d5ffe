//! The nodes, what carries between them, and the database that sees who lives.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use groupcast_kit::random::Random;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::{Instant, sleep};

use super::node::{Node, Outgoing, Traffic};
use super::socket::Socket;
use crate::model::{GroupId, NodeId, UserId};
use crate::protocol::Mode;

pub(super) const GROUPS: i64 = 2;
/// How long the database takes a node for alive after its last sign.
const ALIVE: Duration = Duration::from_secs(10);

pub(super) struct World {
    pub(super) nodes: Rc<RefCell<Vec<Rc<Node>>>>,
    pub(super) random: Rc<RefCell<Random>>,
    /// Whether payloads are lost, doubled and late.
    pub(super) is_faulty: Rc<Cell<bool>>,
    /// Whether nothing is carried.
    pub(super) is_away: Rc<Cell<bool>>,
    members_max: usize,
    next_id: Cell<i64>,
    outgoing: Outgoing,
    tasks: Vec<AbortHandle>,
}

impl World {
    pub(super) fn new(seed: u64, members_max: usize) -> Self {
        let (outgoing, mut carried) = mpsc::channel::<(NodeId, Traffic)>(1 << 16);
        let nodes: Rc<RefCell<Vec<Rc<Node>>>> = Rc::default();
        let random = Rc::new(RefCell::new(Random::new(seed)));
        let (is_faulty, is_away): (Rc<Cell<bool>>, Rc<Cell<bool>>) = Default::default();
        let (to, chance, faulty) = (Rc::clone(&nodes), Rc::clone(&random), Rc::clone(&is_faulty));
        let away = Rc::clone(&is_away);
        let carrying = spawn_local(async move {
            while let Some((from, traffic)) = carried.recv().await {
                let nodes = to.borrow().clone();
                // What comes of one that is gone by now was under way.
                if away.get() || nodes.iter().any(|node| node.id == from && node.is_cut.get()) {
                    continue;
                }
                for node in nodes {
                    let mut random = chance.borrow_mut();
                    if !faulty.get() {
                        node.hear(from, traffic.clone());
                        continue;
                    }
                    let copies = [0, 1, 1, 1, 1, 1, 1, 2][random.size(8)];
                    for _ in 0..copies {
                        let late = if random.chance(20) { random.below(3_000) } else { 0 };
                        let (node, traffic) = (Rc::downgrade(&node), traffic.clone());
                        spawn_local(async move {
                            sleep(Duration::from_millis(late)).await;
                            if let Some(node) = node.upgrade() {
                                node.hear(from, traffic);
                            }
                        });
                    }
                }
            }
        });
        let watched = Rc::clone(&nodes);
        let watching = spawn_local(async move {
            let mut signs: HashMap<NodeId, Instant> = HashMap::new();
            loop {
                let (nodes, now) = (watched.borrow().clone(), Instant::now());
                let reached = || nodes.iter().filter(|node| !node.is_cut.get());
                signs.extend(reached().map(|node| (node.id, now)));
                signs.retain(|_, sign| now < *sign + ALIVE);
                let alive: Vec<NodeId> = signs.keys().copied().collect();
                reached().for_each(|node| node.presence.alive(&alive));
                drop(nodes);
                sleep(Duration::from_millis(300)).await;
            }
        });
        let tasks = vec![carrying.abort_handle(), watching.abort_handle()];
        Self { nodes, random, is_faulty, is_away, members_max, next_id: Cell::new(1), outgoing, tasks }
    }

    /// Another node, with a socket in each group that is told all in JSON mode.
    pub(super) async fn start(&self) -> (Rc<Node>, Vec<Rc<Socket>>) {
        let id = self.next_id.replace(self.next_id.get() + 1);
        let node = Node::start(NodeId(id), self.members_max, self.outgoing.clone());
        self.nodes.borrow_mut().push(Rc::clone(&node));
        let mut observers = Vec::new();
        for group in 1..=GROUPS {
            observers.push(node.enter(group, 100 + id, Mode::Json, false).await);
        }
        (node, observers)
    }

    /// Ends a node without a word.
    pub(super) fn kill(&self, node: &Rc<Node>) {
        self.nodes.borrow_mut().retain(|other| !Rc::ptr_eq(other, node));
        node.end();
    }

    /// Ends it with a word.
    pub(super) fn stop(&self, node: &Rc<Node>) {
        for payload in node.presence.goodbye() {
            self.outgoing.try_send((node.id, Traffic::Presence(payload))).unwrap();
        }
        self.kill(node);
    }

    /// Who is online.
    pub(super) fn truth(&self, group: GroupId) -> BTreeSet<UserId> {
        let nodes = self.nodes.borrow();
        let sockets = nodes.iter().flat_map(|node| node.sockets.borrow().clone());
        sockets.filter(|socket| socket.group() == group).map(|socket| socket.member.user.id).collect()
    }

    /// What any node knows that is not so.
    pub(super) fn fault(&self) -> Option<String> {
        for (node, group) in
            self.nodes.borrow().iter().flat_map(|node| (1..=GROUPS).map(move |group| (node, group)))
        {
            let truth = self.truth(GroupId(group));
            let (online, users) = node.hub.online(GroupId(group), usize::MAX);
            let users: BTreeSet<UserId> = users.unwrap().into_iter().collect();
            if (online, &users) != (truth.len(), &truth) {
                return Some(format!("{}: in {group} are {truth:?}, not {users:?} ({online})", node.id));
            }
            let sockets: usize = self.nodes.borrow().iter().map(|node| count(node, group)).sum();
            if node.hub.listeners(GroupId(group)).total() != sockets {
                let listeners = node.hub.listeners(GroupId(group));
                return Some(format!("{}: in {group} are {sockets} sockets, not {listeners:?}", node.id));
            }
        }
        None
    }

    /// What any socket in JSON mode was told that is not so.
    pub(super) fn told_wrongly(&self, is_settled: bool) -> Option<String> {
        for node in self.nodes.borrow().iter() {
            for socket in node.sockets.borrow().iter().filter(|socket| socket.member.user.id.0 > 100) {
                let mut believed = match socket.belief() {
                    Ok(believed) => believed,
                    Err(fault) => return Some(fault),
                };
                believed.insert(socket.member.user.id);
                let truth = self.truth(socket.group());
                if is_settled && truth != believed {
                    return Some(format!("{}: {truth:?} are online, not {believed:?}", node.id));
                }
            }
        }
        None
    }
}

fn count(node: &Node, group: i64) -> usize {
    node.sockets.borrow().iter().filter(|socket| socket.group() == GroupId(group)).count()
}

impl Drop for World {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.nodes.borrow_mut().clear();
    }
}
