//! A program of others beside a test, which ends with the process that launched it, however that ends.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "without the program there is no test of what needs it"
)]

use std::io::{self, BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::process::Pid;

/// Tells which process it is. Ends it when the process that launched it closes its end of the pipe, be it by dying; a
/// frozen one too.
const WATCHDOG: &str = r#""$@" & program=$!; echo "$program"; read _; kill -KILL "$program"; wait"#;

/// A program that runs. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Watched {
    process: Pid,
    watchdog: Child,
}

impl Watched {
    /// Starts a program with these words, and waits until `ready` finds in all that it has written to standard error that
    /// it can be used. Else what it wrote until it ended, or until it wrote `fatal`.
    pub(crate) fn start<T>(
        program: PathBuf,
        words: &[&str],
        ready: impl Fn(&str) -> Option<T>,
        fatal: &str,
    ) -> Result<(Self, T), String> {
        let mut command = Command::new("sh");
        // Out of reach of Ctrl-C.
        command.args(["-c", WATCHDOG, "sh"]).arg(program).args(words).process_group(0);
        let mut watchdog =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(watchdog.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let process = first.trim().parse().ok().and_then(Pid::from_raw).expect("the number of a process");
        let mut log = BufReader::new(watchdog.stderr.take().unwrap());
        let watched = Self { process, watchdog };
        let mut said = String::new();
        while log.read_line(&mut said).unwrap() > 0 {
            if let Some(found) = ready(&said) {
                // A full pipe would stop it.
                thread::spawn(move || io::copy(&mut log, &mut io::sink()));
                return Ok((watched, found));
            }
            if said.contains(fatal) {
                break;
            }
        }
        Err(said)
    }

    /// Which process it is.
    pub(crate) fn process(&self) -> Pid {
        self.process
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        _ = self.watchdog.wait();
    }
}

/// Where a program is that Debian has in the package of its name: in the PATH, where Debian has what is for
/// administrators, or elsewhere.
#[expect(clippy::disallowed_methods, reason = "the PATH is no setting")]
pub(crate) fn installed(name: &str, elsewhere: Option<PathBuf>) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .chain(elsewhere)
        .map(|folder| folder.join(name))
        .find(|program| program.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; on Debian: apt-get install {name}"))
}
