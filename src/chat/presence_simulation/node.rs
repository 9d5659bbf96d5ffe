//! One node: hub, core, notifier and presence as in a server.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local};

use super::socket::Socket;
use crate::chat::{Membership, PresenceNotifier};
use crate::cluster::{GroupNames, Presence, PresenceOptions};
use crate::hub::{Broadcast, Core, CoreLimits, Hub, MemorySink, Outlet, Reading};
use crate::model::{
    Group, GroupId, JoinPolicy, MemberState, NodeId, Role, Scope, Seq, Standing, User, UserId,
};
use crate::protocol::Mode;

const LIMITS: CoreLimits = CoreLimits {
    in_flight_messages: 1,
    in_flight_bytes: 1,
    socket_in_flight: 1,
    outbox_bytes: 1 << 20,
    members_a_turn: 2,
};

/// What a node gives to the others.
#[derive(Clone, Debug)]
pub(super) enum Traffic {
    Presence(Bytes),
    Shared(Broadcast),
}

pub(super) type Outgoing = mpsc::Sender<(NodeId, Traffic)>;

struct Way(NodeId, Outgoing);

impl Outlet for Way {
    fn share(&self, frames: Broadcast) {
        self.1.try_send((self.0, Traffic::Shared(frames))).unwrap();
    }

    fn notify(&self, _: UserId, _: Bytes) {
        unreachable!("nobody is notified")
    }
}

struct Names;

impl GroupNames for Names {
    fn group_name(&self, id: GroupId) -> BoxFuture<'_, Option<Arc<str>>> {
        Box::pin(async move { Some(Arc::clone(&group(id.0).name)) })
    }
}

pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) hub: Hub,
    core: Rc<Core<MemorySink>>,
    notifier: Rc<PresenceNotifier<MemorySink>>,
    pub(super) presence: Arc<Presence>,
    /// Nothing goes in or out, not to the database either.
    pub(super) is_cut: Cell<bool>,
    arriving: mpsc::Sender<Traffic>,
    pub(super) sockets: RefCell<Vec<Rc<Socket>>>,
    tasks: Vec<AbortHandle>,
}

impl Node {
    pub(super) fn start(id: NodeId, members_max: usize, outgoing: Outgoing) -> Rc<Self> {
        let (hub, mut inboxes) = Hub::new(1);
        let options = PresenceOptions { announce_members_max: members_max, payload_bytes_max: 4_096 };
        let presence = Presence::new(hub.clone(), id, options, Arc::new(Names));
        assert!(hub.set_outlet(Arc::new(Way(id, outgoing.clone()))));
        let core = Rc::new(Core::new(0, hub.clone(), LIMITS));
        let notifier = Rc::new(PresenceNotifier::new(Rc::clone(&core), members_max));
        let (arriving, mut arrived) = mpsc::channel(1 << 16);
        let (events, inbox) = (Rc::clone(&core), inboxes.remove(0));
        let (announcing, speaking, hearing) =
            (Rc::clone(&notifier), Arc::clone(&presence), Arc::clone(&presence));
        let listeners = hub.clone();
        let tasks = vec![
            spawn_local(async move { events.run(inbox).await }).abort_handle(),
            spawn_local(async move { announcing.run().await }).abort_handle(),
            spawn_local(async move {
                speaking.run(|payload| outgoing.try_send((id, Traffic::Presence(payload))).unwrap()).await;
            })
            .abort_handle(),
            spawn_local(async move {
                while let Some(traffic) = arrived.recv().await {
                    match traffic {
                        Traffic::Presence(payload) => hearing.take(payload).await,
                        Traffic::Shared(frames) => {
                            listeners.deliver_to(listeners.cores_of(frames.group), frames).await;
                        }
                    }
                }
            })
            .abort_handle(),
        ];
        let (is_cut, sockets) = Default::default();
        Rc::new(Self { id, hub, core, notifier, presence, is_cut, arriving, sockets, tasks })
    }

    /// Does nothing more.
    pub(super) fn end(&self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }

    /// Something comes from a node; this one hears itself too.
    pub(super) fn hear(&self, from: NodeId, traffic: Traffic) {
        let is_own = from == self.id && matches!(traffic, Traffic::Shared(_));
        if !self.is_cut.get() && !is_own {
            self.arriving.try_send(traffic).unwrap();
        }
    }

    /// Opens a socket of a user in a group.
    pub(super) async fn enter(
        &self,
        group_id: i64,
        user: i64,
        mode: Mode,
        is_private_chat: bool,
    ) -> Rc<Socket> {
        let username = format!("user{user}").into();
        let user = User { id: UserId(user), username, email: "".into(), is_admin: false };
        let member = Membership {
            group: Arc::new(group(group_id)),
            user: Arc::new(user),
            state: Arc::new(MemberState::new(Standing { role: Some(Role::Member), ..Standing::default() })),
            scope: Scope::Write,
            governs: false,
            is_private_chat,
        };
        let subscriber = self.core.open(MemorySink::default(), mode);
        let (subscription, arrival) = member.join(&self.core, &subscriber, Reading::Live, Seq(0));
        member.announce(&self.notifier, &subscriber, &arrival).await;
        let socket = Rc::new(Socket::new(member, subscriber, subscription));
        self.sockets.borrow_mut().push(Rc::clone(&socket));
        socket
    }

    /// Closes it.
    pub(super) async fn leave(&self, socket: &Rc<Socket>) {
        self.sockets.borrow_mut().retain(|other| !Rc::ptr_eq(other, socket));
        let departure = self.core.leave(&socket.subscription);
        self.core.close(&socket.subscriber);
        socket.member.announce_departure(&self.notifier, departure).await;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.end();
    }
}

fn group(id: i64) -> Group {
    let name = format!("group{id}").into();
    Group { id: GroupId(id), name, is_private: false, topic: "".into(), join: JoinPolicy::Open }
}
