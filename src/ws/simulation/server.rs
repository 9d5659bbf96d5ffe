//! One life of the server: the real hub, cores, writer and chat, without a socket.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, spawn_local};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::pipe::Pipe;
use super::world::World;
use crate::auth::PasswordHasher;
use crate::chat::{Chat, ChatOptions};
use crate::hub::{Core, CoreLimits, Hub, Recent};
use crate::model::UserId;
use crate::protocol::event;
use crate::store::Store;
use crate::writer::{MessageWriter, SubmitBuffer, WriterOptions};

/// Cores of a server.
const CORES: usize = 2;

/// A server under way. Dropped, it is killed.
pub(super) struct Server {
    pub(super) cores: Vec<Rc<Core<Pipe>>>,
    pub(super) submit_buffers: Vec<Rc<SubmitBuffer<Pipe>>>,
    pub(super) writer: MessageWriter,
    pub(super) chat: Arc<Chat>,
    limits: CoreLimits,
    tasks: Vec<AbortHandle>,
}

impl Server {
    /// Starts it over the world's store.
    pub(super) async fn start(world: &Rc<World>) -> Self {
        let (recent, limits, options) = bounds(world);
        let (hub, inboxes) = Hub::with_recent(CORES, recent);
        let (writer, task) = loop {
            let log = Arc::clone(&world.store);
            match MessageWriter::start(log, hub.clone(), options, CancellationToken::new()).await {
                Ok(started) => break started,
                Err(_) => sleep(Duration::from_millis(1)).await,
            }
        };
        let hasher = PasswordHasher::new(Handle::current(), 1);
        let options = ChatOptions { content_bytes_max: 1 << 20, announce_members_max: 0 };
        let store = Store::new(Arc::clone(&world.store));
        let chat = Chat::new(store, hasher, writer.clone(), hub.clone(), options, None, "epoch".into());

        let mut tasks = vec![task.abort_handle()];
        let (mut cores, mut submit_buffers) = (Vec::new(), Vec::new());
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
            let (running, collector) = (Rc::clone(&core), Rc::clone(&submit_buffer));
            tasks.push(spawn_local(late).abort_handle());
            tasks.push(spawn_local(async move { running.run(inbox).await }).abort_handle());
            tasks.push(spawn_local(async move { collector.run().await }).abort_handle());
            cores.push(core);
            submit_buffers.push(submit_buffer);
        }
        Self { cores, submit_buffers, writer, chat: Arc::new(chat), limits, tasks }
    }

    /// Whether all credit that was taken has come back.
    pub(super) fn has_full_credit(&self) -> bool {
        self.cores.iter().all(|core| {
            let (messages, bytes) = (self.limits.in_flight_messages, self.limits.in_flight_bytes);
            let credit = core.credit();
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
            credit.give(0);
            has_last && !has_more && !has_more_bytes
        })
    }

    /// Someone in a group types.
    pub(super) async fn type_something(&self, core: usize, frames: crate::hub::Broadcast) {
        let core = &self.cores[core];
        let elsewhere = core.hub().elsewhere(core.index(), frames.group);
        core.flush(&frames);
        core.hub().deliver_to(elsewhere, frames).await;
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

/// The frames of a user's typing.
pub(super) fn typing(world: &World, user: &crate::model::User) -> crate::hub::Broadcast {
    let group = world.group();
    let json = event::typing(group, user, true);
    crate::hub::Broadcast::ephemeral(group, bytes::Bytes::new(), json, Some(UserId(0)))
}
