//! All nodes of a simulated world: those that are there, and new ones in the places of those that were killed.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use groupcast_kit::random::Random;

use super::net::{Cut, ModelCarrier, Net};
use crate::cluster::Node;
use crate::model::NodeId;
use crate::ws::simulation::Connections;
use crate::ws::simulation::gate::Gate;
use crate::ws::simulation::server::Server;
use crate::ws::simulation::store::ModelStore;
use crate::ws::simulation::world::World;

/// A node under way.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) id: NodeId,
    pub(super) server: Rc<Server>,
    pub(super) store: Arc<ModelStore>,
    pub(super) carrier: Arc<ModelCarrier>,
}

/// All nodes.
pub(super) struct Fleet {
    world: Rc<World>,
    net: Arc<Net>,
    members: RefCell<Vec<Member>>,
    /// Nodes that were ever started.
    started: Cell<i64>,
    /// All connections of clients, whatever node they are to.
    pub(super) connections: Connections,
}

impl Fleet {
    /// Starts so many nodes.
    pub(super) async fn start(world: &Rc<World>, count: usize, random: Random) -> Self {
        let fleet = Self {
            world: Rc::clone(world),
            net: Net::new(random),
            members: RefCell::default(),
            started: Cell::new(0),
            connections: Connections::default(),
        };
        for _ in 0..count {
            let member = fleet.start_one().await;
            fleet.members.borrow_mut().push(member);
        }
        fleet
    }

    async fn start_one(&self) -> Member {
        self.started.set(self.started.get() + 1);
        let (id, gate) = (NodeId(self.started.get()), Gate::new());
        let store = Arc::new(self.world.store.seat(id, gate.clone()));
        let carrier = ModelCarrier::new(&self.net, id, gate.clone());
        let (log, shared, way) = (Arc::clone(&store), Arc::clone(&store), Arc::clone(&carrier));
        let node = |hub: &crate::hub::Hub| Some(Node::new(id, hub.clone(), log, shared, way));
        let server = Rc::new(Server::start_over(&self.world, &store, gate, node).await);
        Member { id, server, store, carrier }
    }

    pub(super) fn len(&self) -> usize {
        self.members.borrow().len()
    }

    pub(super) fn member(&self, index: usize) -> Member {
        self.members.borrow()[index].clone()
    }

    pub(super) fn servers(&self) -> Vec<Rc<Server>> {
        self.members.borrow().iter().map(|member| Rc::clone(&member.server)).collect()
    }

    /// Any of them; it may just have been killed.
    pub(super) fn any(&self) -> Rc<Server> {
        let index = { self.world.random().size(self.len()) };
        self.member(index).server
    }

    /// Kills a node where it stands, and starts another one in its place.
    pub(super) async fn replace(&self, index: usize) {
        let old = self.member(index);
        if old.server.killed.is_cancelled() {
            return;
        }
        old.server.kill();
        self.net.leave(old.id);
        let is_of_it = |other: &Rc<Server>| Rc::ptr_eq(other, &old.server);
        self.connections.borrow_mut().retain(|connection| {
            let is_over = is_of_it(connection.server());
            if is_over {
                connection.abort();
            }
            !is_over
        });
        let new = self.start_one().await;
        self.members.borrow_mut()[index] = new;
    }

    /// Stops a node where it stands, or lets it go on. One that was killed stays so.
    pub(super) fn set_frozen(&self, member: &Member, is_frozen: bool) {
        if member.server.killed.is_cancelled() {
            return;
        }
        member.server.gate.set_shut(is_frozen);
        if !is_frozen {
            member.carrier.let_go();
            let connections = self.connections.borrow();
            let of_it = connections.iter().filter(|it| Rc::ptr_eq(it.server(), &member.server));
            of_it.for_each(|connection| connection.stir());
        }
    }

    /// Cuts a node off from the others, or not any more.
    pub(super) fn cut(&self, member: &Member, cut: Cut) {
        self.net.cut(member.id, cut);
    }

    /// Nothing goes wrong any more with what carries.
    pub(super) fn calm(&self) {
        self.net.calm();
    }
}
