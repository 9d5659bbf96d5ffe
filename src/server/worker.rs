//! The thread of one core.

use std::io;
use std::net::{IpAddr, TcpListener as StdListener};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::spawn_local;
use tokio::time::{Instant, interval, sleep};

use super::connection::Acceptor;
use super::handoff::{GroupHomes, HandoffReceiver};
use super::refusal::{FULL, TOO_FAST, refuse};
use super::{REQUESTS_TIMEOUT, Shared};
use crate::chat::{Chat, PresenceNotifier};
use crate::http::Http;
use crate::hub::{Core, CoreLimits, Hub, Inbox};
use crate::transport::Transport;
use crate::writer::{MessageWriter, SubmitBuffer};
use crate::ws::{Endpoint, WsOptions, heartbeat};

/// Messages of sockets that the writer may have at a time, over all cores, of which each has an equal part. While the
/// database is away all of them wait, so this bounds what the server grows by meanwhile.
const IN_FLIGHT_MESSAGES: usize = 32 * 1024;
/// Bytes of content of these messages, shared in the same way.
const IN_FLIGHT_BYTES: usize = 32 * 1024 * 1024;
/// The least part of a core: what one socket may have under way.
const CORE_IN_FLIGHT_MESSAGES_MIN: usize = SOCKET_IN_FLIGHT as usize;
const CORE_IN_FLIGHT_BYTES_MIN: usize = 256 * 1024;
/// Messages of one socket that the writer may have at a time.
const SOCKET_IN_FLIGHT: u32 = 256;
/// Members that are served before a core's other tasks get their turn: about a millisecond of work.
const MEMBERS_A_TURN: usize = 256;
/// How long a peer may take to answer a close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);
/// Wait before accepting again when the system is out of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// How often a stopping worker looks whether all is done.
const DRAIN_CHECK: Duration = Duration::from_millis(5);
/// What a worker needs.
pub(super) struct Worker {
    pub(super) index: u16,
    pub(super) listener: StdListener,
    pub(super) inbox: Inbox,
    pub(super) handoffs: HandoffReceiver,
    pub(super) homes: GroupHomes,
    pub(super) hub: Hub,
    pub(super) writer: MessageWriter,
    pub(super) chat: Arc<Chat>,
    pub(super) http: Http,
    pub(super) shared: Shared,
}

/// A worker that runs.
pub(super) struct WorkerHandle {
    paused: Option<oneshot::Receiver<()>>,
    ended: Option<oneshot::Receiver<()>>,
}

impl WorkerHandle {
    /// Waits until the worker takes no more messages, its requests are finished, and all it took is with
    /// the writer.
    pub(super) async fn paused(&mut self) {
        if let Some(paused) = self.paused.take() {
            let _ = paused.await;
        }
    }

    /// Waits until all its sockets are closed.
    pub(super) async fn ended(&mut self) {
        if let Some(ended) = self.ended.take() {
            let _ = ended.await;
        }
    }
}

impl Worker {
    /// Starts the thread.
    pub(super) fn start(self) -> io::Result<WorkerHandle> {
        let (paused_sender, paused) = oneshot::channel();
        let (ended_sender, ended) = oneshot::channel();
        let name = format!("groupcast-{}", self.index);
        thread::Builder::new().name(name).spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
            match runtime {
                Ok(runtime) => runtime.block_on(self.run(paused_sender)),
                Err(error) => tracing::error!(%error, "no runtime for a core"),
            }
            let _ = ended_sender.send(());
        })?;
        Ok(WorkerHandle { paused: Some(paused), ended: Some(ended) })
    }

    async fn run(self, paused: oneshot::Sender<()>) {
        let listener = match TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(error) => return tracing::error!(%error, "no listener for a core"),
        };
        let config = Arc::clone(&self.shared.config);
        let cores = self.hub.cores().max(1);
        let core = Rc::new(Core::new(
            self.index,
            self.hub,
            CoreLimits {
                in_flight_messages: (IN_FLIGHT_MESSAGES / cores).max(CORE_IN_FLIGHT_MESSAGES_MIN),
                in_flight_bytes: (IN_FLIGHT_BYTES / cores).max(CORE_IN_FLIGHT_BYTES_MIN),
                socket_in_flight: SOCKET_IN_FLIGHT,
                outbox_bytes: config.outbox_bytes_max.get(),
                members_a_turn: MEMBERS_A_TURN,
            },
        ));
        let submit_buffer = Rc::new(SubmitBuffer::new(Rc::clone(&core), self.writer));
        let notifier = Rc::new(PresenceNotifier::new(Rc::clone(&core), config.announce_members_max));
        let options = WsOptions {
            heartbeat: config.heartbeat,
            stall_timeout: config.stall_timeout,
            close_timeout: CLOSE_TIMEOUT,
            hello_timeout: config.hello_timeout,
            command_limit: config.command_limit(),
        };
        let endpoint = Endpoint::new(
            Rc::clone(&core),
            Rc::clone(&submit_buffer),
            Rc::clone(&notifier),
            self.chat,
            Arc::clone(&self.shared.unfinished),
            options,
        );
        let acceptor = Rc::new(Acceptor::new(self.http, Rc::new(endpoint), self.homes, self.shared.clone()));

        let (events, inbox) = (Rc::clone(&core), self.inbox);
        spawn_local(async move { events.run(inbox).await });
        let collector = Rc::clone(&submit_buffer);
        spawn_local(async move { collector.run().await });
        spawn_local(async move { notifier.run().await });
        spawn_local(heartbeat(Rc::clone(&core), config.heartbeat));
        spawn_local(receive(self.handoffs, Rc::clone(&acceptor)));

        tokio::select! {
            () = accept(&listener, &acceptor, &self.shared) => {}
            () = self.shared.drain.cancelled() => {}
        }
        drop(listener);
        core.pause();
        let mut checks = interval(DRAIN_CHECK);
        let deadline = Instant::now() + REQUESTS_TIMEOUT;
        while acceptor.requests() > 0 && Instant::now() < deadline {
            checks.tick().await;
        }
        if acceptor.requests() > 0 {
            tracing::warn!(limit = ?REQUESTS_TIMEOUT, "not all requests could be finished");
        }
        submit_buffer.flush();
        let _ = paused.send(());
        while !core.is_stopping() || core.open_sockets() > 0 {
            checks.tick().await;
        }
    }
}

/// Accepts until dropped.
async fn accept(listener: &TcpListener, acceptor: &Rc<Acceptor>, shared: &Shared) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let address = peer.ip().to_canonical();
                match admit(shared, address) {
                    Ok(permit) => {
                        // Without this, small frames would wait for the peer's delayed acknowledgement.
                        let _ = stream.set_nodelay(true);
                        let stream = Transport::Plain(stream);
                        spawn_local(Rc::clone(acceptor).serve(stream, address, permit, true));
                    }
                    // Without a handshake, which is dear, there is no answer.
                    Err(_) if shared.tls.is_some() => {}
                    Err(answer) => {
                        if let Some(refusal) = refuse(Transport::Plain(stream), answer, &shared.refusals) {
                            spawn_local(refusal.finish());
                        }
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

/// The permit of a connection from this address, or what it is told if there is none for it.
fn admit(shared: &Shared, address: IpAddr) -> Result<OwnedSemaphorePermit, &'static [u8]> {
    if !shared.may_connect(address) {
        return Err(TOO_FAST);
    }
    Arc::clone(&shared.connections).try_acquire_owned().map_err(|_| FULL)
}

/// Takes in the connections that other threads hand over, until dropped.
async fn receive(mut handoffs: HandoffReceiver, acceptor: Rc<Acceptor>) {
    while let Some(handoff) = handoffs.recv().await {
        match handoff.enter() {
            Ok((stream, address, permit)) => {
                spawn_local(Rc::clone(&acceptor).serve(stream, address, permit, false));
            }
            Err(error) => tracing::warn!(%error, "cannot take a connection over"),
        }
    }
}
