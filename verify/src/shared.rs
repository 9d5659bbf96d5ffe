//! What all clients of a run share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use groupcast_kit::random::Random;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::event::Event;
use crate::ledger::Ledger;
use crate::socket::{Gone, JSON_MODE, Socket};

/// How long a client waits before it connects again.
const RECONNECT_DELAY: Duration = Duration::from_millis(20);
/// The longest time that a server may ask a client to wait; a longer one is cut short.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(5);

/// What the clients are to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Send, and have sockets cut.
    Sending,
    /// Send no new messages; wait for the acks of those under way.
    Acking,
    /// What is stored is known: wait until all of it was seen.
    Seeing,
}

/// What all clients of a run share.
pub(crate) struct Shared {
    ledger: Mutex<Ledger>,
    /// Where the server listens; `None` while it is down.
    pub(crate) address: watch::Sender<Option<SocketAddr>>,
    /// What to do.
    pub(crate) phase: watch::Sender<Phase>,
    /// The server was killed so many times.
    pub(crate) kills: AtomicU64,
    /// Connections were cut so many times.
    pub(crate) cuts: AtomicU64,
    /// Why the last connection ended, for the case that nothing moves any more.
    last_end: Mutex<String>,
    /// How long an answer may take.
    pub(crate) patience: Duration,
    /// The mean time between two cuts of a socket.
    pub(crate) cut_every: Duration,
}

/// Why the life of a socket ended.
pub(crate) enum End {
    /// It was cut.
    Cut,
    /// It broke or was closed.
    Gone(Gone),
    /// The server asked to come back after this time.
    Later(Duration),
    /// The client has done all it had to.
    Done,
}

impl From<Gone> for End {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone)
    }
}

impl Shared {
    /// What a run begins with.
    pub(crate) fn new(ledger: Ledger, patience: Duration, cut_every: Duration) -> Self {
        Self {
            ledger: Mutex::new(ledger),
            address: watch::Sender::new(None),
            phase: watch::Sender::new(Phase::Sending),
            kills: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
            last_end: Mutex::new("no connection has ended".to_owned()),
            patience,
            cut_every,
        }
    }

    /// The ledger. Not to be held while waiting.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the last connection ended.
    pub(crate) fn last_end(&self) -> String {
        self.last_end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the clients are to do.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Where the server is, as soon as there is one.
    pub(crate) async fn server(&self) -> Option<SocketAddr> {
        let mut address = self.address.subscribe();
        address.wait_for(Option::is_some).await.ok().and_then(|address| *address)
    }

    /// Opens a socket in JSON mode as soon as there is a server.
    pub(crate) async fn connect(&self, path: &str) -> Result<Socket, Gone> {
        self.open(path, Some(JSON_MODE)).await
    }

    /// The same in text mode.
    pub(crate) async fn connect_in_text_mode(&self, path: &str) -> Result<Socket, Gone> {
        self.open(path, None).await
    }

    async fn open(&self, path: &str, protocol: Option<&str>) -> Result<Socket, Gone> {
        let address = self.server().await;
        let Some(address) = address else { return Err(Gone::Broken("there is no server".to_owned())) };
        let opening = timeout(self.patience, Socket::open(address, path, protocol)).await;
        opening.unwrap_or_else(|_| Err(Gone::Refused("the handshake is not answered".to_owned())))
    }

    /// A connection was cut.
    pub(crate) fn cut(&self) {
        self.cuts.fetch_add(1, Ordering::Relaxed);
    }

    /// When a socket that has just been opened is to be cut.
    pub(crate) fn cut_time(&self, random: &mut Random) -> Instant {
        Instant::now() + random.time_below(self.cut_every * 2)
    }

    /// Clears up after a socket. Returns whether the client has to open another one.
    pub(crate) async fn go_on_after(&self, who: &str, end: End) -> bool {
        let delay = match end {
            End::Done => return false,
            End::Later(delay) => delay.min(RETRY_DELAY_MAX),
            End::Cut => {
                self.cut();
                Duration::ZERO
            }
            End::Gone(gone) => {
                let (Gone::Broken(why) | Gone::Refused(why)) = &gone;
                let told = format!("{who}: {why}");
                if matches!(gone, Gone::Refused(_)) {
                    self.ledger().unexpected(&told);
                }
                *self.last_end.lock().unwrap_or_else(PoisonError::into_inner) = told;
                RECONNECT_DELAY
            }
        };
        sleep(delay).await;
        true
    }

    /// Reads a frame; one that can not be read is at fault and says nothing.
    pub(crate) fn read(&self, who: &str, frame: &str) -> Event {
        Event::parse(frame).unwrap_or_else(|reason| {
            self.ledger().unexpected(&format!("{who}: {reason}"));
            Event::Other
        })
    }
}
