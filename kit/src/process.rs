//! A server as a process that can be waited for and killed.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use tokio::io::{AsyncRead, AsyncReadExt, copy, sink};
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// The words before the address in the line that a server prints when it listens.
const LISTENING: &str = "listening on http";
/// How much of its output is searched for them, in bytes.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// How much of what it wrote to standard error is kept, in bytes, and how much of that is told, in lines.
const LAST_WORDS_BYTES_MAX: usize = 16 * 1024;
const LAST_WORDS_LINES_MAX: usize = 20;
/// How long the rest of its output may take to arrive after its end.
const OUTPUT_REST_TIMEOUT: Duration = Duration::from_secs(1);

/// A server that listens. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    address: SocketAddr,
    last_words: LastWords,
}

/// Why there is no server, or no longer one.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It did not listen, not in time, or ended.
    #[error("{what}{}", told(last_words))]
    Server {
        /// What it did.
        what: String,
        /// The end of what it wrote to standard error.
        last_words: String,
    },
    /// It could not be started.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// The end of what was written to standard error.
#[derive(Debug)]
struct LastWords {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Process {
    /// Starts one and waits until it says where it listens. Its standard output is read and dropped from then on;
    /// the end of its standard error is kept if `command` pipes it.
    ///
    /// # Errors
    /// If it ends or is silent for longer than `patience`; then it is killed.
    pub async fn start(mut command: Command, patience: Duration) -> Result<Self, ProcessError> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut last_words = LastWords::of(child.stderr.take());
        let Some(mut stdout) = child.stdout.take() else {
            return Err(io::Error::other("the server has no output").into());
        };
        let what = match timeout(patience, listening(&mut stdout)).await {
            Ok(Some(address)) => {
                // A full pipe would stop it.
                tokio::spawn(async move { copy(&mut stdout, &mut sink()).await });
                return Ok(Self { child, address, last_words });
            }
            Ok(None) => match timeout(patience, child.wait()).await {
                Ok(Ok(status)) => format!("the server ended before it listened ({status})"),
                _ => format!("the server did not say \"{LISTENING}://ADDRESS\""),
            },
            Err(_) => format!("the server does not listen after {patience:?}"),
        };
        drop(child);
        Err(ProcessError::Server { what, last_words: last_words.end().await })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its number; `None` once its end was waited for.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Kills it with SIGKILL and waits for its end.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn kill(&mut self) -> io::Result<()> {
        self.child.kill().await
    }

    /// Sends it a signal.
    ///
    /// # Errors
    /// If its end was waited for.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = self.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or_else(Self::ended)?;
        Ok(kill_process(pid, signal)?)
    }

    /// Waits for its end. Nothing is lost when this is dropped while it waits.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn exit(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// Waits for its end, which it should not come to by itself.
    pub async fn failed(&mut self) -> ProcessError {
        let what = match self.exit().await {
            Ok(status) => format!("the server ended by itself ({status})"),
            Err(error) => format!("the server cannot be waited for: {error}"),
        };
        ProcessError::Server { what, last_words: self.last_words.end().await }
    }

    /// What asking for something of it says after its end.
    pub(crate) fn ended() -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, "the process has ended")
    }
}

/// Reads the address from the output; `None` if the output ends or is long without having it.
async fn listening(stdout: &mut ChildStdout) -> Option<SocketAddr> {
    let mut output = Vec::new();
    while output.len() < OUTPUT_BYTES_MAX && stdout.read_buf(&mut output).await.ok()? > 0 {
        if let Some(address) = address(&String::from_utf8_lossy(&output)) {
            return Some(address);
        }
    }
    None
}

/// The address in a whole line of `output`; where it stands for any, that of the loopback.
fn address(output: &str) -> Option<SocketAddr> {
    let (_, rest) = output.split_once(LISTENING)?;
    let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix("://")?;
    let word = rest.split_inclusive(char::is_whitespace).next()?.strip_suffix(char::is_whitespace)?;
    let mut address: SocketAddr = word.trim_end_matches('/').parse().ok()?;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
    Some(address)
}

fn told(last_words: &str) -> String {
    match last_words {
        "" => ", and wrote nothing to standard error".to_owned(),
        words => format!("; the end of its standard error:\n{words}"),
    }
}

impl LastWords {
    fn of(stderr: Option<impl AsyncRead + Send + Unpin + 'static>) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&text);
        let reader = tokio::spawn(async move {
            let Some(mut stderr) = stderr else { return };
            let mut piece = [0; 4096];
            while let Ok(size @ 1..) = stderr.read(&mut piece).await {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&piece[..size]);
                let excess = kept.len().saturating_sub(LAST_WORDS_BYTES_MAX);
                kept.drain(..excess);
            }
        });
        Self { text, reader }
    }

    /// The last lines, once the process has ended.
    async fn end(&mut self) -> String {
        if !self.reader.is_finished() {
            // A process that it has left behind may keep its standard error open.
            let _ = timeout(OUTPUT_REST_TIMEOUT, &mut self.reader).await;
        }
        let text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LAST_WORDS_LINES_MAX)..].join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_stands_in_the_line() {
        for (output, expected) in [
            ("groupcast 1.0 listening on http://127.0.0.1:80 (store: x)\n", Some("127.0.0.1:80")),
            ("noise\nlistening on http://[::1]:8000/\n", Some("[::1]:8000")),
            ("groupcast 1.0 listening on https://127.0.0.1:443 (store: x)\n", Some("127.0.0.1:443")),
            ("listening on http://0.0.0.0:1\n", Some("127.0.0.1:1")),
            ("listening on http://[::]:1\n", Some("[::1]:1")),
            // The rest of the port may be yet to come.
            ("listening on http://127.0.0.1:80", None),
            ("listening on port 80\n", None),
        ] {
            assert_eq!(address(output), expected.map(|address| address.parse().unwrap()), "{output}");
        }
    }
}
