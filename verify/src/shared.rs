//! What all clients of a run share.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use groupcast_kit::random::Random;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

use crate::event::Event;
use crate::fault::Fault;
use crate::ids::{GroupId, Seq};
use crate::ledger::Ledger;
use crate::seat::{Seat, Standing};
use crate::socket::{Gone, JSON_MODE, Socket};
use crate::timing::Timing;

/// How long a client waits before it connects again.
const RECONNECT_DELAY: Duration = Duration::from_millis(20);
/// The longest time that a server may ask a client to wait; a longer one is cut short.
const RETRY_DELAY_MAX: Duration = Duration::from_secs(5);

/// How long a client waits for a handshake where there are other servers to go to.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(2);

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
    timing: Mutex<Timing>,
    /// Where the servers listen.
    pub(crate) servers: watch::Sender<Vec<Standing>>,
    /// What to do.
    pub(crate) phase: watch::Sender<Phase>,
    /// Servers were killed so many times.
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
    pub(crate) fn new(ledger: Ledger, servers: usize, patience: Duration, cut_every: Duration) -> Self {
        Self {
            ledger: Mutex::new(ledger),
            timing: Mutex::new(Timing::new(servers)),
            servers: watch::Sender::new(vec![Standing::Leaving; servers]),
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

    /// The times that were measured. Not to be held while waiting, or while the ledger is taken.
    pub(crate) fn timing(&self) -> MutexGuard<'_, Timing> {
        self.timing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why the last connection ended.
    pub(crate) fn last_end(&self) -> String {
        self.last_end.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the clients are to do.
    pub(crate) fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Whether there is more than one server.
    pub(crate) fn are_several(&self) -> bool {
        self.servers.borrow().len() > 1
    }

    /// Takes a place at a server, as soon as there is one.
    pub(crate) async fn server(&self, seat: &mut Seat, random: &mut Random) -> Option<SocketAddr> {
        let mut servers = self.servers.subscribe();
        let is_up = |servers: &Vec<Standing>| servers.iter().any(|one| one.address().is_some());
        servers.wait_for(is_up).await.ok().and_then(|servers| seat.choose(&servers, random))
    }

    /// Opens a socket in JSON mode as soon as there is a server.
    pub(crate) async fn connect(
        &self,
        path: &str,
        seat: &mut Seat,
        random: &mut Random,
    ) -> Result<Socket, Gone> {
        self.open(path, Some(JSON_MODE), seat, random).await
    }

    /// The same in text mode.
    pub(crate) async fn connect_in_text_mode(
        &self,
        path: &str,
        seat: &mut Seat,
        random: &mut Random,
    ) -> Result<Socket, Gone> {
        self.open(path, None, seat, random).await
    }

    async fn open(
        &self,
        path: &str,
        protocol: Option<&str>,
        seat: &mut Seat,
        random: &mut Random,
    ) -> Result<Socket, Gone> {
        let address = self.server(seat, random).await;
        let Some(address) = address else { return Err(Gone::Broken("there is no server".to_owned())) };
        let are_several = self.are_several();
        let patience = if are_several { self.patience.min(HANDSHAKE_TIMEOUT) } else { self.patience };
        let opening = timeout(patience, Socket::open(address, path, protocol)).await;
        let no_answer = || "the handshake is not answered".to_owned();
        let socket = opening.unwrap_or_else(|_| {
            // The server may be in trouble, and others may not. The kill of the one before is not what that time tells of.
            seat.lost_at = None;
            Err(if are_several { Gone::Broken(no_answer()) } else { Gone::Refused(no_answer()) })
        })?;
        if let Some(lost_at) = seat.lost_at.take() {
            self.timing().reconnections.add(lost_at.elapsed());
        }
        Ok(socket)
    }

    /// Something that was sent to the server at this moment is acked, as this entry if that is known.
    pub(crate) fn acked(&self, seat: Seat, sent: Instant, entry: Option<(GroupId, Seq)>) {
        if let (Some(server), Some((group, seq))) = (seat.server, entry) {
            self.timing().acked(server, group, seq, Instant::now());
        }
        self.waited(seat, sent);
    }

    /// Something that was sent to the server at this moment is acked, or no longer waited for.
    pub(crate) fn waited(&self, seat: Seat, sent: Instant) {
        let Some(server) = seat.server else { return };
        let late = self.timing().waited(server, sent, Instant::now());
        if let Some(took) = late {
            let told = format!("server {server}, which had no trouble, took {:.1} s", took.as_secs_f64());
            self.ledger().at_fault(Fault::Late, told);
        }
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
    pub(crate) async fn go_on_after(&self, who: &str, end: End, seat: &mut Seat) -> bool {
        let delay = match end {
            End::Done => return false,
            End::Later(delay) => delay.min(RETRY_DELAY_MAX),
            End::Cut => {
                self.cut();
                Duration::ZERO
            }
            End::Gone(gone) => {
                let standing = seat.server.and_then(|server| self.servers.borrow().get(server).copied());
                if let (Some(Standing::Killed(at)), None) = (standing, seat.lost_at) {
                    seat.lost_at = Some(at);
                }
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
