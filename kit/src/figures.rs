//! What a process uses, as Linux tells it in `/proc`.

use std::fs;
use std::io;
use std::time::Duration;

pub use crate::process::Signal;

use crate::process::Process;

impl Process {
    /// CPU time of all its threads so far, user and system.
    ///
    /// # Errors
    /// If it has ended.
    pub fn cpu(&self) -> io::Result<Duration> {
        let mut nanoseconds = 0;
        for task in fs::read_dir(self.proc("task")?)? {
            // The first field is time on the CPU in nanoseconds; `stat` knows hundredths of a second only.
            let statistics = fs::read_to_string(task?.path().join("schedstat"))?;
            let field = statistics.split(' ').next().unwrap_or_default();
            nanoseconds += field.parse::<u64>().map_err(io::Error::other)?;
        }
        Ok(Duration::from_nanos(nanoseconds))
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
