//! The listener, the threads, the life of a connection, draining.
//!
//! Each core has a thread with a single-threaded runtime, a listening socket of its own on the same port, and
//! its own connections. One that asks for a small group's socket moves to the thread of that group before its request
//! is read; then it never moves again. The writer runs on the thread of the connection that stores messages, hashing on
//! a background runtime.

mod claimed_body;
mod cluster;
mod connection;
mod exchange;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod handoff;
mod identity;
mod introduction;
mod linger;
mod listener;
mod metrics_listener;
mod proxy_header;
mod refusal;
mod requests;
mod stream;
mod tls;
mod to_the_end;
mod worker;

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use self::handoff::GroupHomes;
pub use self::tls::TlsError;
use self::worker::Worker;
use crate::auth::{IssuerError, RateLimit};
use crate::chat::{Chat, ChatOptions, Facts, RetainOptions};
use crate::cluster::NatsCarrierError;
use crate::config::{Config, Deliver, Registration};
use crate::http::{AddressLimit, Http, HttpOptions, TrustedProxies};
use crate::hub::{Hub, Inbox};
use crate::metrics::Metrics;
use crate::model::{Rate, Setting};
use crate::store::{Beginning, Lifecycle, Opened, Store, StoreError};
use crate::transport::TlsAcceptor;
use crate::writer::{MessageWriter, WriterOptions};
use crate::ws::UnfinishedBytes;

/// Connections above the bound that are kept until they have read their refusal; a part of the files that are reserved.
const REFUSALS_MAX: usize = 64;
/// Threads of the background runtime.
const BACKGROUND_THREADS: usize = 2;

/// How long a server may take to stop. Its steps have limits of their own, which leave a second for what needs
/// no waiting; whoever runs a server ends the process if it takes longer.
pub const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How long requests under way may take after the server was told to stop.
const REQUESTS_TIMEOUT: Duration = Duration::from_secs(4);
/// How long messages under way may take, those of the requests among them.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);
/// How long clients may take after that to take what waits for them and answer the close.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the store may take after that to be closed.
const STORE_TIMEOUT: Duration = Duration::from_secs(1);
const _: () = assert!(
    FINISH_TIMEOUT.as_secs() + CLOSE_TIMEOUT.as_secs() + STORE_TIMEOUT.as_secs() < STOP_TIMEOUT.as_secs()
);

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address can not be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The store can not be opened.
    #[error("cannot open the store: {0}")]
    Store(#[from] StoreError),
    /// There are no keys of the outside issuer.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// The way to other servers can not be used.
    #[error(transparent)]
    Cluster(#[from] NatsCarrierError),
    /// The certificate cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The system gave no threads or descriptors.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
}

/// A server that listens.
pub struct Server {
    local_addr: SocketAddr,
    listeners: Vec<TcpListener>,
    metrics_listener: Option<TcpListener>,
    inboxes: Vec<Inbox>,
    background: Background,
    store: Store,
    hub: Hub,
    writer: MessageWriter,
    writer_task: JoinHandle<()>,
    chat: Arc<Chat>,
    http: Http,
    shared: Shared,
    /// Cancelled when `/readyz` is to say that the server goes.
    leaving: CancellationToken,
    give_up: CancellationToken,
}

/// What all workers share.
#[derive(Clone)]
struct Shared {
    config: Arc<Config>,
    /// Cancelled when the server begins to stop.
    drain: CancellationToken,
    /// One permit for each connection that may be open.
    connections: Arc<Semaphore>,
    /// One permit for each connection above that which may still read its refusal.
    refusals: Arc<Semaphore>,
    /// How often one address may connect; `None`: as it likes.
    connect_limit: Option<Arc<AddressLimit>>,
    proxies: TrustedProxies,
    /// Counts what has begun to arrive over the sockets.
    unfinished: Arc<UnfinishedBytes>,
    /// Absent if TLS is not spoken.
    tls: Option<TlsAcceptor>,
    metrics: Arc<Metrics>,
}

impl Shared {
    /// Counts a connection from this address; `false` if there are too many. Behind a proxy there are many clients, who
    /// are counted when it is known who they are.
    fn may_connect(&self, address: IpAddr) -> bool {
        let Some(limit) = &self.connect_limit else { return true };
        self.proxies.contains(address) || limit.check(address).is_ok()
    }
}

/// The runtime for all that is not a socket. Dropping it does not wait for its threads, so that may be done
/// on another runtime.
struct Background(Option<Runtime>, Handle);

impl Background {
    fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(BACKGROUND_THREADS)
            .thread_name("groupcast-back")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Self(Some(runtime), handle))
    }

    fn handle(&self) -> &Handle {
        &self.1
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Server {
    /// Opens the store, takes ownership of it, brings it up to date, and listens. Admins of the server are shown
    /// `settings`.
    ///
    /// # Errors
    /// [`ServerError`], worded for the one who starts the server.
    pub async fn bind(config: Config, settings: Vec<Setting>) -> Result<Self, ServerError> {
        let address = SocketAddr::new(config.host, config.port);
        let (local_addr, listeners) =
            listener::bind(address, config.threads).map_err(|error| ServerError::Listen(address, error))?;
        let metrics_listener = bind_metrics(config.metrics_listen)?;
        let tls = tls::open(&config)?;
        let background = Background::start()?;
        let (opened, share) = cluster::open(&config).await?;
        let (hub, inboxes) = Hub::new(listeners.len());
        let hub = hub.deflating(config.deflate);
        let node = match share {
            Some(share) => Some(share.node(&config, &opened, &hub, background.handle()).await?),
            None => None,
        };
        let Opened { store, writer: writer_runtime } = opened;
        let give_up = CancellationToken::new();
        let options = WriterOptions { eager: config.deliver == Deliver::Eager, ..WriterOptions::default() };
        let started =
            MessageWriter::start(Arc::clone(&store.log), hub.clone(), node.clone(), options, give_up.clone());
        let (writer, writer_task) = match writer_runtime.spawn(started).await {
            Ok(started) => started?,
            Err(error) => return Err(ServerError::System(error.into())),
        };
        let send_limit = config.send_limit().map(|limit| Arc::new(RateLimit::new(limit.rate, limit.burst)));
        if let Some(limit) = send_limit.clone() {
            background.handle().spawn(async move { limit.run().await });
        }
        let chat = Chat::new(
            store.clone(),
            identity::identity(&config, &store, background.handle()).await?,
            writer.clone(),
            hub.clone(),
            ChatOptions {
                content_bytes_max: config.content_bytes_max.get(),
                answer_bytes_max: config.answer_bytes_max.get(),
                announce_members_max: config.announce_members_max,
                auth: identity::auth_mode(&config),
                is_registration_closed: config.registration == Registration::Closed,
            },
            send_limit,
            begin(&*store.lifecycle, &config).await?,
        );
        let facts = Facts { settings, store: config.database.kind() };
        let chat = Arc::new(chat.with_facts(facts).with_node(node.clone()));
        if let Some(node) = &node {
            cluster::run(node, &chat, background.handle());
        }
        identity::watch_changes(&chat, &config, background.handle());
        background.handle().spawn(Arc::clone(&chat).keep_marks());
        identity::announce(&chat, &config, local_addr).await;
        let (drain, leaving) = (CancellationToken::new(), CancellationToken::new());
        let retaining = RetainOptions { rule: config.retention(), interval: config.retain_interval };
        background.handle().spawn(Arc::clone(&chat).retain(retaining, drain.clone()));
        let proxies = TrustedProxies::new(config.trusted_proxies.clone());
        let connect_limit = address_limit(config.connect_limit(), background.handle());
        let http_options = HttpOptions {
            body_bytes_max: config.body_bytes_max.get(),
            body_timeout: config.body_timeout,
            cors_origins: config.cors_origins.clone(),
            trusted_proxies: proxies.clone(),
            request_limit: address_limit(config.request_limit(), background.handle()),
            shows_metrics: metrics_listener.is_none(),
            connect_limit: connect_limit.clone(),
            deflates: config.deflate,
            echoes: config.enable_echo,
        };
        let http = Http::new(Arc::clone(&chat), http_options, leaving.clone());
        let connections = Arc::new(Semaphore::new(config.connections_max));
        let refusals = Arc::new(Semaphore::new(REFUSALS_MAX));
        let unfinished = UnfinishedBytes::new(config.unfinished_bytes_max.get());
        let shared = Shared {
            config: Arc::new(config),
            drain,
            connections,
            refusals,
            connect_limit,
            proxies,
            unfinished,
            tls: tls.map(|tls| tls.start(hub.metrics(), background.handle())).transpose()?,
            metrics: Arc::clone(hub.metrics()),
        };
        Ok(Self {
            local_addr,
            listeners,
            metrics_listener,
            inboxes,
            background,
            store,
            hub,
            writer,
            writer_task,
            chat,
            http,
            shared,
            leaving,
            give_up,
        })
    }

    /// Has `/readyz` say from the call on that the server is about to stop, while all else goes on: so that a balancer
    /// sends no more clients here.
    pub fn leave(&self) -> impl FnOnce() + Send + use<> {
        let leaving = self.leaving.clone();
        move || leaving.cancel()
    }

    /// The address listened on; its port is the one that the system chose if the configuration says 0.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Serves until `shutdown` is ready, then stops within [`STOP_TIMEOUT`]: accepts nothing more, finishes the
    /// requests and stores and delivers the messages under way, closes all sockets with 1001.
    ///
    /// # Errors
    /// The system gave no threads.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let mut workers = Vec::new();
        let (homes, handoffs) = GroupHomes::new(self.listeners.len(), Arc::clone(&self.chat));
        let ends = self.listeners.into_iter().zip(self.inboxes).zip(handoffs);
        for (index, ((listener, inbox), handoffs)) in ends.enumerate() {
            let worker = Worker {
                index: index as u16,
                listener,
                inbox,
                handoffs,
                homes: homes.clone(),
                hub: self.hub.clone(),
                writer: self.writer.clone(),
                chat: Arc::clone(&self.chat),
                http: self.http.clone(),
                shared: self.shared.clone(),
            };
            workers.push(worker.start()?);
        }
        if let Some(listener) = self.metrics_listener {
            let chat = Arc::clone(&self.chat);
            self.background.handle().spawn(metrics_listener::serve(listener, chat));
        }
        shutdown.await;

        tracing::info!("stopping");
        self.leaving.cancel();
        self.shared.drain.cancel();
        let deadline = Instant::now() + FINISH_TIMEOUT;
        for worker in &mut workers {
            let _ = timeout_at(deadline, worker.paused()).await;
        }
        if timeout_at(deadline, self.writer.flush()).await.is_err() {
            tracing::warn!(limit = ?FINISH_TIMEOUT, "not all messages could be stored");
        }
        self.give_up.cancel();
        if let Some(node) = self.chat.node() {
            node.say_goodbye();
        }
        let closed = timeout(CLOSE_TIMEOUT, async {
            self.hub.stop().await;
            for worker in &mut workers {
                worker.ended().await;
            }
        });
        if closed.await.is_err() {
            tracing::warn!(limit = ?CLOSE_TIMEOUT, "not all clients took what waited for them");
        }
        let store_closed = timeout(STORE_TIMEOUT, async {
            let ended = self.writer_task.await;
            // What the writer gave up on may have been seen.
            let is_settled = ended.is_ok() && !self.writer.is_failing() && !self.writer.has_misled();
            if self.shared.config.deliver == Deliver::Eager
                && is_settled
                && let Err(error) = self.store.lifecycle.settle().await
            {
                tracing::warn!(%error, "the history could not be marked as settled");
            }
            if let Err(error) = self.store.lifecycle.close().await {
                tracing::warn!(%error, "store not closed cleanly");
            }
        });
        if store_closed.await.is_err() {
            tracing::warn!(limit = ?STORE_TIMEOUT, "the store could not be closed");
        }
        drop(self.background);
        Ok(())
    }
}

/// Listens for who wants the metrics, if they have an address of their own.
fn bind_metrics(address: Option<SocketAddr>) -> Result<Option<TcpListener>, ServerError> {
    let Some(address) = address else { return Ok(None) };
    let bound = metrics_listener::bind(address);
    let (address, listener) = bound.map_err(|error| ServerError::Listen(address, error))?;
    tracing::info!("metrics on http://{address}/metrics");
    Ok(Some(listener))
}

/// A limit that holds for each address, swept in the background.
fn address_limit(rate: Option<Rate>, background: &Handle) -> Option<Arc<AddressLimit>> {
    let limit = Arc::new(AddressLimit::new(rate?));
    let swept = Arc::clone(&limit);
    background.spawn(async move { swept.run().await });
    Some(limit)
}

/// Begins the work on the history, and gives its epoch.
async fn begin(store: &dyn Lifecycle, config: &Config) -> Result<String, StoreError> {
    let eager = config.deliver == Deliver::Eager;
    let was_unsettled = store.begin(Beginning { new_epoch: config.new_epoch, eager }).await?;
    if was_unsettled {
        tracing::warn!(
            "the last server delivered messages before they were stored and did not stop cleanly; some that were \
             seen may be lost, so the history has a new epoch"
        );
    } else if config.new_epoch {
        tracing::info!("the history has a new epoch, as was asked for");
    }
    store.epoch().await
}
