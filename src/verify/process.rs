//! The server as a process that can be killed.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, copy, sink};
use tokio::net::TcpSocket;
use tokio::process::{Child, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::error::VerifyError;

/// The words before the address in the line that a server prints when it listens.
const LISTENING: &str = "listening on http://";
/// How much of its output is searched for them, in bytes.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// How much of what it wrote to standard error is kept, in bytes, and how much of that is told, in lines.
const LAST_WORDS_BYTES_MAX: usize = 16 * 1024;
const LAST_WORDS_LINES_MAX: usize = 20;
/// How long the rest of its output may take to arrive after its end.
const OUTPUT_REST_TIMEOUT: Duration = Duration::from_secs(1);

/// How to start the server.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    /// A command for the shell; else this program.
    pub(super) command: Option<String>,
    /// What `DATABASE_URL` is to be.
    pub(super) database_url: OsString,
    /// How long it may take to listen, and to end.
    pub(super) patience: Duration,
}

/// A port on 127.0.0.1 that is kept for the server while it is down, so that it comes back where it was.
///
/// Linux lets a server listen on a port to which another socket is bound without listening, if both ask for
/// `SO_REUSEADDR`, and gives such a port to nobody who did not ask for it by number. Where that does not
/// hold, the port is only chosen.
pub(super) struct Port {
    number: u16,
    _socket: Option<TcpSocket>,
}

/// A server that listens. Killed when dropped.
pub(super) struct ServerProcess {
    child: Child,
    address: SocketAddr,
    last_words: LastWords,
}

/// The end of what was written to standard error.
struct LastWords {
    text: Arc<Mutex<Vec<u8>>>,
    reader: JoinHandle<()>,
}

impl Port {
    /// Chooses a free one.
    pub(super) fn choose() -> Result<Self, VerifyError> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let number = socket.local_addr()?.port();
        Ok(Self { number, _socket: Some(socket).filter(|_| cfg!(target_os = "linux")) })
    }
}

impl ServerProcess {
    /// Starts one and waits until it listens.
    pub(super) async fn start(launch: &Launch, port: &Port) -> Result<Self, VerifyError> {
        let mut command = match &launch.command {
            // Without exec the shell would be killed in the server's place.
            Some(command) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("exec {command}"));
                shell
            }
            None => Command::new(std::env::current_exe()?),
        };
        command
            .env("HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("PORT", port.number.to_string())
            .env("DATABASE_URL", &launch.database_url)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C is for the checker, which then kills the server.
            .process_group(0)
            .kill_on_drop(true);
        let mut child = command.spawn()?;
        let mut last_words = LastWords::of(child.stderr.take());
        let Some(mut stdout) = child.stdout.take() else {
            return Err(VerifyError::System(std::io::Error::other("the server has no output")));
        };
        let what = match timeout(launch.patience, listening(&mut stdout)).await {
            Ok(Some(address)) => {
                // A full pipe would stop it.
                tokio::spawn(async move { copy(&mut stdout, &mut sink()).await });
                return Ok(Self { child, address, last_words });
            }
            Ok(None) => match timeout(launch.patience, child.wait()).await {
                Ok(Ok(status)) => format!("the server ended before it listened ({status})"),
                _ => format!("the server did not say \"{LISTENING}ADDRESS\""),
            },
            Err(_) => format!("the server does not listen after {:?}", launch.patience),
        };
        drop(child);
        Err(VerifyError::Server { what, last_words: last_words.end().await })
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Kills it with SIGKILL and waits for its end.
    pub(super) async fn kill(&mut self, patience: Duration) -> Result<(), VerifyError> {
        match timeout(patience, self.child.kill()).await {
            Ok(killed) => Ok(killed?),
            Err(_) => {
                Err(VerifyError::Stuck(format!("the server was killed and is there after {patience:?}")))
            }
        }
    }

    /// Waits for it to end, which it should not do by itself.
    pub(super) async fn failed(&mut self) -> VerifyError {
        let what = match self.child.wait().await {
            Ok(status) => format!("the server ended by itself ({status})"),
            Err(error) => format!("the server cannot be waited for: {error}"),
        };
        VerifyError::Server { what, last_words: self.last_words.end().await }
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
        // A process that it has left behind may keep its standard error open.
        let _ = timeout(OUTPUT_REST_TIMEOUT, &mut self.reader).await;
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
