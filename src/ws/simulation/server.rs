//! One life of the server: the real hub, cores, writer, chat and sockets, over pipes.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use super::pipe::Pipe;
use super::store::ModelStore;
use super::world::World;
use crate::auth::{AccessTokens, LoginGuard, PasswordHasher, TokenAlgorithm};
use crate::chat::{AuthMode, Chat, ChatOptions, Identity, PresenceNotifier};
use crate::cluster::{Heed, Node};
use crate::hub::{Core, CoreLimits, Hub, Recent};
use crate::store::Store;
use crate::writer::{MessageWriter, SubmitBuffer, WriterOptions};
use crate::ws::{Endpoint, UnfinishedBytes, WsOptions};

/// Cores of a server.
const CORES: usize = 2;

const WS_OPTIONS: WsOptions = WsOptions {
    heartbeat: Duration::from_secs(25),
    stall_timeout: Duration::from_secs(30),
    close_timeout: Duration::from_secs(5),
    hello_timeout: Duration::from_secs(10),
    command_limit: None,
};

/// A server under way. Dropped, it is killed.
pub(super) struct Server {
    pub(super) endpoints: Vec<Rc<Endpoint<Pipe>>>,
    pub(super) writer: MessageWriter,
    pub(super) chat: Arc<Chat>,
    /// Permits for open connections.
    pub(super) connections: Arc<Semaphore>,
    /// What is between it and the world.
    pub(super) gate: Gate,
    /// Whether it was.
    pub(super) killed: CancellationToken,
    limits: CoreLimits,
    tasks: Vec<AbortHandle>,
}

impl Server {
    /// Starts it over the world's store, alone.
    pub(super) async fn start(world: &Rc<World>) -> Self {
        Self::start_over(world, &world.store, Gate::new(), |_| None).await
    }

    /// Starts it over a store, perhaps as a node of this hub.
    pub(super) async fn start_over(
        world: &Rc<World>,
        store: &Arc<ModelStore>,
        gate: Gate,
        node: impl FnOnce(&Hub) -> Option<Arc<Node>>,
    ) -> Self {
        let (recent, limits, options) = bounds(world);
        let (hub, inboxes) = Hub::with_recent(CORES, recent);
        let node = node(&hub);
        let (writer, task) = loop {
            let log = Arc::clone(store);
            match MessageWriter::start(log, hub.clone(), node.clone(), options, CancellationToken::new())
                .await
            {
                Ok(started) => break started,
                Err(_) => sleep(Duration::from_millis(1)).await,
            }
        };
        let identity = Identity {
            passwords: PasswordHasher::new(Handle::current(), 1),
            tokens: AccessTokens::new(TokenAlgorithm::Hs256, "key", Duration::from_secs(60)),
            outside: None,
            login_guard: LoginGuard::new(),
        };
        let announce_members_max = if world.random().chance(50) { 0 } else { 100 };
        let options = ChatOptions {
            answer_bytes_max: 1 << 20,
            content_bytes_max: 1 << 20,
            announce_members_max,
            auth: AuthMode::Username,
            is_registration_closed: false,
        };
        let store = Store::new(Arc::clone(store));
        let chat = Chat::new(store, identity, writer.clone(), hub.clone(), options, None, "epoch".into());
        let chat = Arc::new(chat.with_node(node.clone()));
        let unfinished = UnfinishedBytes::new(1 << 20);

        let mut tasks = vec![task.abort_handle()];
        if let Some(node) = node {
            let heed: Arc<dyn Heed> = Arc::<Chat>::clone(&chat);
            node.set_heed(Arc::downgrade(&heed));
            let heeding = Arc::clone(&chat);
            tasks.push(spawn_local(async move { node.run().await }).abort_handle());
            tasks.push(spawn_local(async move { heeding.keep_heeding().await }).abort_handle());
        }
        let mut endpoints = Vec::new();
        for (index, mut events) in inboxes.into_iter().enumerate() {
            let core = Rc::new(Core::new(index as u16, hub.clone(), limits));
            let submit_buffer = Rc::new(SubmitBuffer::new(Rc::clone(&core), writer.clone()));
            // Events come late, so that much can happen between a commit and its delivery.
            let (relay, inbox) = mpsc::channel(1);
            let hub_world = Rc::clone(world);
            let late = async move {
                while let Some(event) = events.recv().await {
                    let delay = { hub_world.random().micros(2_000) };
                    if delay.as_micros() % 2 == 0 {
                        sleep(delay).await;
                    }
                    let _ = relay.send(event).await;
                }
            };
            let notifier = Rc::new(PresenceNotifier::new(Rc::clone(&core), announce_members_max));
            let endpoint = Endpoint::new(
                Rc::clone(&core),
                Rc::clone(&submit_buffer),
                Rc::clone(&notifier),
                Arc::clone(&chat),
                Arc::clone(&unfinished),
                WS_OPTIONS,
            );
            tasks.push(spawn_local(late).abort_handle());
            tasks.push(spawn_local(async move { core.run(inbox).await }).abort_handle());
            tasks.push(spawn_local(async move { submit_buffer.run().await }).abort_handle());
            tasks.push(spawn_local(async move { notifier.run().await }).abort_handle());
            endpoints.push(Rc::new(endpoint));
        }
        let connections = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let killed = CancellationToken::new();
        Self { endpoints, writer, chat, connections, gate, killed, limits, tasks }
    }

    /// Ends it where it stands.
    pub(super) fn kill(&self) {
        self.gate.set_shut(true);
        self.tasks.iter().for_each(AbortHandle::abort);
        self.killed.cancel();
    }

    /// Whether all credit that was taken has come back.
    pub(super) fn has_full_credit(&self) -> bool {
        self.endpoints.iter().all(|endpoint| {
            let (messages, bytes) = (self.limits.in_flight_messages, self.limits.in_flight_bytes);
            let credit = endpoint.core.credit();
            // All but one are there, and not one more.
            (1..messages).for_each(|_| credit.take(0));
            let has_last = credit.available();
            credit.take(bytes - 1);
            let has_more = credit.available();
            credit.give(bytes - 1);
            credit.take(bytes);
            (1..messages).for_each(|_| credit.give(0));
            let has_more_bytes = credit.available();
            credit.give(bytes);
            has_last && !has_more && !has_more_bytes
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

/// Narrow bounds, so that all of them are met.
fn bounds(world: &World) -> (Recent, CoreLimits, WriterOptions) {
    let mut random = world.random();
    let limits = CoreLimits {
        in_flight_messages: 1 + random.size(20),
        in_flight_bytes: 1 + random.size(2_000),
        socket_in_flight: 1 + random.below(8) as u32,
        outbox_bytes: 300 + random.size(4_000),
        members_a_turn: 1 + random.size(4),
    };
    let options = WriterOptions {
        eager: false,
        batch_messages_max: 1 + random.size(12),
        batch_bytes_max: 1 + random.size(4_000),
        unavailable_after: Duration::from_millis(1 + random.below(60)),
    };
    (Recent::new(random.size(10_000)), limits, options)
}
