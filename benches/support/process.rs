//! Child processes: on which core they run, what they use.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::Result;

const START_TIME_MAX: Duration = Duration::from_secs(20);
const STOP_TIME_MAX: Duration = Duration::from_secs(10);
/// Less than a fiftieth of this on the CPU counts as idle.
const SETTLE_INTERVAL: Duration = Duration::from_millis(200);
const SETTLE_TIME_MAX: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A child process, ended when dropped.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts it and waits until it accepts connections at `address`.
    pub(crate) fn start(command: &mut Command, address: SocketAddr) -> Result<Process> {
        let child = command.spawn().map_err(|error| format!("{:?}: {error}", command.get_program()))?;
        let mut process = Process { child };
        let started = Instant::now();
        while TcpStream::connect(address).is_err() {
            if let Some(status) = process.child.try_wait()? {
                return Err(format!("{:?} ended at once: {status}", command.get_program()).into());
            }
            if started.elapsed() > START_TIME_MAX {
                return Err(format!("{:?} does not listen", command.get_program()).into());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(process)
    }

    /// CPU time of all its threads so far, user and system.
    pub(crate) fn cpu(&self) -> Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id()))? {
            // The first field is time on the CPU in nanoseconds; `stat` knows hundredths of a second only.
            let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
            nanoseconds += statistics.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanoseconds))
    }

    /// Resident memory in bytes, once the process is idle.
    pub(crate) fn resident(&self) -> Result<u64> {
        self.settle()?;
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<u64>()? * 1024)
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
        if let Some(pid) = Pid::from_raw(self.child.id() as i32) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let asked = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if asked.elapsed() > STOP_TIME_MAX {
                let _ = self.child.kill();
            }
            thread::sleep(POLL_INTERVAL);
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

/// Raises the limit of open files, of this process and its children, as far as it may be, and gives it.
pub(crate) fn raise_open_files_max() -> Result<usize> {
    let maximum = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })?;
    Ok(maximum.map_or(usize::MAX, |files| files as usize))
}
