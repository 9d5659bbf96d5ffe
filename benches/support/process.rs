//! Child processes: on which core they run, what they use.

use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use groupcast_kit::figures::Signal;
use groupcast_kit::process;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use tokio::process::Command;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::Result;

const START_TIME_MAX: Duration = Duration::from_secs(20);
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
/// Less than a fiftieth of this on the CPU counts as idle.
const SETTLE_INTERVAL: Duration = Duration::from_millis(200);
const SETTLE_TIME_MAX: Duration = Duration::from_secs(5);

/// A server in a process of its own, ended when dropped.
pub(crate) struct Process {
    process: process::Process,
    /// Runs only while the process is started and stopped, so that nothing runs beside a measurement.
    runtime: Runtime,
}

impl Process {
    /// Starts it and waits until it says where it listens.
    pub(crate) fn start(command: Command) -> Result<Process> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let process = runtime.block_on(process::Process::start(command, START_TIME_MAX))?;
        Ok(Process { process, runtime })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.process.address()
    }

    /// CPU time of all its threads so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        Ok(self.process.cpu()?)
    }

    /// Resident memory in bytes, once the process is idle.
    pub(crate) fn resident(&self) -> Result<u64> {
        self.settle()?;
        Ok(self.process.memory("VmRSS")?)
    }

    /// Waits until the process does next to nothing.
    pub(crate) fn settle(&self) -> Result<()> {
        let started = Instant::now();
        let mut used = self.cpu()?;
        loop {
            thread::sleep(SETTLE_INTERVAL);
            let now = self.cpu()?;
            if now.saturating_sub(used) < SETTLE_INTERVAL / 50 || started.elapsed() > SETTLE_TIME_MAX {
                return Ok(());
            }
            used = now;
        }
    }
}

impl Drop for Process {
    /// Asks it to stop, and kills it if it has not after a while.
    fn drop(&mut self) {
        let _ = self.process.signal(Signal::TERM);
        let stopped = self.runtime.block_on(async { timeout(STOP_TIME_MAX, self.process.exit()).await });
        if stopped.is_err() {
            let _ = self.runtime.block_on(self.process.kill());
        }
    }
}

/// The two cores of a measurement: one for the server, one for the load client.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    server: usize,
    client: usize,
}

impl Cores {
    /// The first two cores this process may use; `None` if there is one only.
    pub(crate) fn pick() -> Result<Option<Cores>> {
        let allowed = sched_getaffinity(None)?;
        let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
        Ok(cores.next().zip(cores.next()).map(|(server, client)| Cores { server, client }))
    }

    /// Runs `start` on the server's core, so that the child started there stays on it, then moves on to the
    /// client's core.
    pub(crate) fn start<T>(self, start: impl FnOnce() -> Result<T>) -> Result<T> {
        move_to(self.server)?;
        let started = start();
        move_to(self.client)?;
        started
    }
}

fn move_to(core: usize) -> Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    Ok(sched_setaffinity(None, &cores)?)
}
