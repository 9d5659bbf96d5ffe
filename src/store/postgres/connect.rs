//! Connections and the settings of their sessions.

use std::error::Error;
use std::future::poll_fn;
use std::time::Duration;

use deadpool_postgres::Connect;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc::Sender;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio_postgres::config::{Host, SslNegotiation};
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::TlsStream;
use tokio_postgres::{AsyncMessage, Client, Config, NoTls, Socket, config};

use super::certificates::{self, Connector};
use super::encryption::{self, Encryption, SslMode};
use super::error::{describe, unavailable};
use crate::store::{StoreError, StoreResult};

/// How long a connection may take to come about, unless the URL says otherwise.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Settings of every session. A commit waits for the disk whatever the database's default (a stricter
/// setting stays), and a peer that vanished is noticed within half a minute, so that its transactions and its
/// ownership end.
pub(super) const SESSION_SETTINGS: &str =
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
     SET tcp_keepalives_idle = 15;
     SET tcp_keepalives_interval = 5;
     SET tcp_keepalives_count = 3;";

/// The task of a connection, which ends when that does.
pub(super) type Connection = JoinHandle<()>;

/// A connection, and the task of its I/O.
type Connected = (Client, Connection);

/// Where to connect to, and how.
#[derive(Clone)]
pub(super) struct Target {
    /// What the driver needs.
    pub(super) config: Config,
    encryption: Encryption,
    /// How the database is named in messages: without the password.
    pub(super) place: String,
}

impl Target {
    /// Reads a connection URL, and the files that it names.
    pub(super) fn parse(url: &str) -> StoreResult<Self> {
        let refused = |reason: String| StoreError::Refused(reason.into());
        let (url, mut encryption) = encryption::take(url).map_err(refused)?;
        let mut config: Config = url.parse().map_err(|error| refused(describe(&error)))?;
        if config.get_ssl_negotiation() == SslNegotiation::Direct && encryption.mode < SslMode::Require {
            return Err(refused(
                "sslnegotiation=direct needs sslmode=require, verify-ca or verify-full".into(),
            ));
        }
        // As with libpq, a socket of the file system needs no protection.
        if !config.get_hosts().is_empty() && config.get_hosts().iter().all(is_local) {
            encryption.mode = SslMode::Disable;
        }
        if encryption.mode != SslMode::Disable {
            certificates::check(&encryption).map_err(refused)?;
        }
        config.ssl_mode(match encryption.mode {
            SslMode::Disable => config::SslMode::Disable,
            SslMode::Prefer => config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => config::SslMode::Require,
        });
        if config.get_hosts().is_empty() {
            // The driver needs a name for TLS.
            for address in config.get_hostaddrs().to_vec() {
                config.host(address.to_string());
            }
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("groupcast");
        }
        config
            .keepalives_idle(Duration::from_secs(15))
            .keepalives_interval(Duration::from_secs(5))
            .keepalives_retries(3);
        let place = place(&config);
        Ok(Self { config, encryption, place })
    }

    /// Opens a connection. Its I/O runs in the task until the client is dropped or the database goes away.
    pub(super) async fn connect(&self) -> StoreResult<Connected> {
        self.open(None).await.map_err(|error| self.unavailable(&error))
    }

    /// The same of a connection that hands on what it hears; what there is no room for is lost.
    pub(super) async fn connect_to_hear(&self, heard: Sender<String>) -> StoreResult<Connected> {
        self.open(Some(heard)).await.map_err(|error| self.unavailable(&error))
    }

    fn unavailable(&self, error: &tokio_postgres::Error) -> StoreError {
        unavailable(format!("{}: {}", self.place, describe(error)))
    }

    /// The same, with the driver's own error.
    async fn open(&self, heard: Option<Sender<String>>) -> Result<Connected, tokio_postgres::Error> {
        if self.encryption.mode == SslMode::Disable {
            return self.open_plain(heard).await;
        }
        let encryption = self.encryption.clone();
        // Anew each time: its files may have been renewed.
        let connector = spawn_blocking(move || Connector::new(&encryption)).await;
        let connector = connector.unwrap_or_else(|error| Connector::failed(&error));
        let error = match self.config.connect(connector).await {
            Ok((client, connection)) => return Ok((client, self.spawn(connection, heard))),
            Err(error) => error,
        };
        if self.encryption.mode != SslMode::Prefer || !is_for_tls(&error) {
            return Err(error);
        }
        // As libpq does it. If that fails too, what was wrong with TLS is more to the point.
        let Ok(connected) = self.open_plain(heard).await else { return Err(error) };
        tracing::warn!(
            "connected to {} without TLS: {}; sslmode=disable in DATABASE_URL does not try it",
            self.place,
            describe(&error)
        );
        Ok(connected)
    }

    async fn open_plain(&self, heard: Option<Sender<String>>) -> Result<Connected, tokio_postgres::Error> {
        let mut config = self.config.clone();
        let (client, connection) = config.ssl_mode(config::SslMode::Disable).connect(NoTls).await?;
        Ok((client, self.spawn(connection, heard)))
    }

    fn spawn<S>(
        &self,
        connection: tokio_postgres::Connection<Socket, S>,
        heard: Option<Sender<String>>,
    ) -> Connection
    where
        S: TlsStream + Unpin + Send + 'static,
    {
        let place = self.place.clone();
        tokio::spawn(async move {
            let ended = match heard {
                Some(heard) => hear(connection, heard).await,
                None => connection.await,
            };
            if let Err(error) = ended {
                tracing::warn!("connection to {place} lost: {}", describe(&error));
            }
        })
    }
}

async fn hear<S>(
    mut connection: tokio_postgres::Connection<Socket, S>,
    heard: Sender<String>,
) -> Result<(), tokio_postgres::Error>
where
    S: TlsStream + Unpin + Send + 'static,
{
    while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
        if let AsyncMessage::Notification(said) = message? {
            _ = heard.try_send(said.payload().to_owned());
        }
    }
    Ok(())
}

impl Connect for Target {
    fn connect(&self, _: &Config) -> BoxFuture<'_, Result<Connected, tokio_postgres::Error>> {
        Box::pin(self.open(None))
    }
}

/// Whether a database might be reached without TLS that was not with it: it failed, or `pg_hba.conf` has no line for it.
fn is_for_tls(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref());
    cause.is_some_and(certificates::is_failure)
        || error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

fn is_local(host: &Host) -> bool {
    match host {
        #[cfg(unix)]
        Host::Unix(_) => true,
        Host::Tcp(_) => false,
    }
}

fn place(config: &Config) -> String {
    let host = match config.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        #[cfg(unix)]
        Some(Host::Unix(path)) => path.display().to_string(),
        None => "?".into(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let user = config.get_user().unwrap_or_default();
    format!("postgres://{user}@{host}:{port}/{}", config.get_dbname().unwrap_or(user))
}

#[cfg(test)]
mod tests {
    use super::Target;

    #[test]
    fn a_place_does_not_name_the_password() {
        let target = Target::parse("postgres://u:secret@db.example:6432/chat").unwrap();
        assert_eq!(target.place, "postgres://u@db.example:6432/chat");
    }

    #[test]
    fn what_cannot_be_kept_is_refused_in_one_line_without_the_password() {
        for url in [
            "postgres://u:secret@h/db?sslmode=always",
            "postgres://u:secret@h/db?sslmode=verify-full",
            "postgres://u:secret@h/db?sslmode=require&sslrootcert=no/such/file",
            "postgres://u:secret@h/db?sslnegotiation=direct",
            "postgres://u:secret@h:port/db",
            "postgres://u:secret@h/db?nonsense=1",
            "mysql://u:secret@h/db",
        ] {
            let message = Target::parse(url).err().unwrap().to_string();
            assert!(!message.contains("secret") && !message.contains('\n'), "{message}");
        }
    }
}
