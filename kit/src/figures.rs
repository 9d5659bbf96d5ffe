//! What a process uses, as Linux tells it in `/proc`.
//!
//! Processes that were not started here are known by their numbers.

use std::fs;
use std::io;
use std::time::Duration;

pub use crate::process::Signal;

use crate::process::Process;

/// In what `/proc/*/stat` counts, on all machines (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

impl Process {
    /// CPU time of all its threads so far, user and system.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu(&self) -> io::Result<Duration> {
        cpu_of(self.id().ok_or_else(Self::ended)?)
    }

    /// A figure of its memory in bytes, by its name in `/proc/*/status`, such as `VmRSS`.
    ///
    /// # Errors
    /// If it has ended or the figure is unknown.
    pub fn memory(&self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(self.proc("status")?)?;
        let kib =
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.strip_suffix(" kB"));
        let kib = kib.ok_or_else(|| io::Error::other(format!("no {name}")))?;
        Ok(kib.trim().parse::<u64>().map_err(io::Error::other)? * 1024)
    }

    /// Has the figure `VmHWM`, the most memory that it has had, begin anew with what it has now.
    ///
    /// # Errors
    /// If it has ended.
    pub fn forget_memory_peak(&self) -> io::Result<()> {
        fs::write(self.proc("clear_refs")?, "5")
    }

    /// How many files it has open, its connections among them.
    ///
    /// # Errors
    /// If it has ended.
    pub fn open_files(&self) -> io::Result<usize> {
        Ok(fs::read_dir(self.proc("fd")?)?.count())
    }

    fn proc(&self, file: &str) -> io::Result<String> {
        Ok(format!("/proc/{}/{file}", self.id().ok_or_else(Self::ended)?))
    }
}

/// CPU time so far of all threads of a process, user and system.
///
/// # Errors
/// If there is no such process.
pub fn cpu_of(process: u32) -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(format!("/proc/{process}/task"))? {
        // The first field is time on the CPU in nanoseconds; `stat` knows hundredths of a second only.
        let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
        let field = statistics.split(' ').next().unwrap_or_default();
        nanoseconds += field.parse::<u64>().map_err(io::Error::other)?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// CPU time of those children of a process whose end it has waited for, to a hundredth of a second.
///
/// # Errors
/// If there is no such process.
pub fn cpu_of_ended_children(process: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, which may hold anything, ends with the last bracket. Fields 16 and 17 are those of the children.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(13).take(2);
    let ticks: u64 = fields.map(|field| field.parse::<u64>().unwrap_or_default()).sum();
    Ok(TICK * u32::try_from(ticks).map_err(io::Error::other)?)
}

/// Bytes that a process has read and written so far, of files and sockets.
///
/// # Errors
/// If there is no such process, or it is another user's.
pub fn bytes_of(process: u32) -> io::Result<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{process}/io"))?;
    let field = |name: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        value.and_then(|value| value.parse().ok()).ok_or_else(|| io::Error::other(format!("no {name}")))
    };
    Ok((field("rchar")?, field("wchar")?))
}
