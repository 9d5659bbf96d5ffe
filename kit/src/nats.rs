//! A real nats-server for tests, on a free port of 127.0.0.1. It ends with the process that launched it, however that
//! ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "without NATS there is no test of it"
)]

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::figures::{bytes_of, cpu_of};
use crate::watched::{Watched, installed};

/// The words before the address where it listens, and what it says when it does.
const LISTENING: &str = "Listening for client connections on 127.0.0.1:";
const READY: &str = "Server is ready";

/// Has it choose a port.
const ANY_PORT: &str = "-1";

/// A nats-server. Whatever of it fails panics, with what it says.
#[derive(Debug)]
pub struct Nats {
    port: u16,
    options: &'static [&'static str],
    /// `None` while it is stopped.
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    program: Watched,
    port: u16,
}

impl Nats {
    /// The one that all tests of a process share that leave it alone: what is of different databases keeps apart.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Nats> = OnceLock::new();
        SHARED.get_or_init(Self::launch)
    }

    /// One that takes everybody.
    pub fn launch() -> Self {
        Self::launch_with(&[])
    }

    /// One with these options of its command line.
    pub fn launch_with(options: &'static [&'static str]) -> Self {
        let running =
            try_start(ANY_PORT, options).unwrap_or_else(|said| panic!("NATS does not start: {said}"));
        Self { port: running.port, options, running: Mutex::new(Some(running)) }
    }

    /// Where it listens on 127.0.0.1. It keeps the port while it is stopped.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Where it is, without a user.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// CPU time of it so far.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn cpu(&self) -> io::Result<Duration> {
        cpu_of(self.id()?)
    }

    /// Bytes that it has read and written so far, those of its log among them.
    ///
    /// # Errors
    /// If it is stopped.
    pub fn bytes(&self) -> io::Result<(u64, u64)> {
        bytes_of(self.id()?)
    }

    /// Ends it as a crash would, without a word to its clients.
    pub fn stop(&self) {
        self.running().take();
    }

    /// Starts it again where it was.
    pub fn start(&self) {
        let mut running = self.running();
        assert!(running.is_none(), "NATS runs already");
        let port = self.port.to_string();
        let started = try_start(&port, self.options);
        *running = Some(started.unwrap_or_else(|said| panic!("NATS does not start again: {said}")));
    }

    /// Stops it where it is, until the answer is dropped: it takes connections and what is sent to it, and answers
    /// nothing.
    pub fn freeze(&self) -> Frozen {
        let process = self.running().as_ref().expect("NATS is stopped").program.process();
        kill_process(process, Signal::STOP).unwrap();
        Frozen(process)
    }

    fn id(&self) -> io::Result<u32> {
        let running = self.running();
        let process = running.as_ref().ok_or_else(|| io::Error::other("NATS is stopped"))?.program.process();
        Ok(process.as_raw_pid().cast_unsigned())
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A nats-server that stands still.
#[derive(Debug)]
pub struct Frozen(Pid);

impl Drop for Frozen {
    fn drop(&mut self) {
        // One that was stopped meanwhile needs no signal.
        let _ = kill_process(self.0, Signal::CONT);
    }
}

/// Starts one and waits until it listens; else what it said.
fn try_start(port: &str, options: &[&str]) -> Result<Running, String> {
    let words = [&["--addr", "127.0.0.1", "--port", port], options].concat();
    let ready = |said: &str| {
        let (_, rest) = said.split_once(LISTENING).filter(|_| said.contains(READY))?;
        Some(rest.lines().next()?.trim().parse().expect("a port"))
    };
    let (program, port) = Watched::start(program(), &words, ready, "[FTL]")?;
    Ok(Running { program, port })
}

/// Where it is; `go install` has a place of its own.
#[expect(clippy::disallowed_methods, reason = "where Go puts programs is no setting")]
fn program() -> PathBuf {
    installed("nats-server", std::env::var_os("HOME").map(|home| PathBuf::from(home).join("go/bin")))
}
