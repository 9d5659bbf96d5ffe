//! How a server is started, again and again at the same place.

use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;
use std::time::Duration;

use groupcast_kit::process::{Process, ProcessError};
use tokio::net::TcpSocket;
use tokio::process::Command;

use crate::options::Options;

/// How to start the server.
pub(crate) struct Launch {
    /// A command for the shell; else this program.
    command: Option<String>,
    /// What `DATABASE_URL` is to be.
    database_url: OsString,
    /// What `CLUSTER` is to be, if the server is one of several.
    cluster: Option<String>,
    port: Port,
    /// How long it may take to listen.
    patience: Duration,
}

/// A port on 127.0.0.1 that is kept for the server while it is down, so that it comes back where it was.
///
/// Linux lets a server listen on a port to which another socket is bound without listening, if both ask for
/// `SO_REUSEADDR`, and gives such a port to nobody who did not ask for it by number. Where that does not
/// hold, the port is only chosen.
struct Port {
    number: u16,
    _socket: Option<TcpSocket>,
}

impl Launch {
    /// Chooses a port for a server on this database.
    pub(crate) fn new(
        options: &Options,
        database_url: OsString,
        cluster: Option<String>,
    ) -> io::Result<Self> {
        Ok(Self {
            command: options.server.clone(),
            database_url,
            cluster,
            port: Port::choose()?,
            patience: options.patience,
        })
    }

    /// Starts the server and waits until it listens.
    pub(crate) async fn start(&self) -> Result<Process, ProcessError> {
        let mut command = match &self.command {
            // Without exec the shell would be killed in the server's place.
            Some(command) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(format!("exec {command}"));
                shell
            }
            None => Command::new(std::env::current_exe()?),
        };
        command
            // Its clients here speak none.
            .env_remove("GROUPCAST_TLS_CERT")
            .env_remove("GROUPCAST_TLS_KEY")
            .env_remove("GROUPCAST_ACME_DOMAIN")
            .env("HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("PORT", self.port.number.to_string())
            .env("DATABASE_URL", &self.database_url)
            .stderr(Stdio::piped())
            // Ctrl-C is for the checker, which then kills the server.
            .process_group(0);
        if let Some(cluster) = &self.cluster {
            command.env("CLUSTER", cluster);
        }
        Process::start(command, self.patience).await
    }
}

impl Port {
    fn choose() -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
        let number = socket.local_addr()?.port();
        Ok(Self { number, _socket: Some(socket).filter(|_| cfg!(target_os = "linux")) })
    }
}
