//! Connections and the settings of their sessions.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};

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

/// Where to connect to.
#[derive(Clone)]
pub(super) struct Target {
    /// What the driver needs.
    pub(super) config: Config,
    /// How the database is named in messages: without the password.
    pub(super) place: String,
}

impl Target {
    /// Reads a connection URL.
    pub(super) fn parse(url: &str) -> StoreResult<Self> {
        let mut config: Config = url.parse().map_err(|error| StoreError::Refused(describe(&error).into()))?;
        if config.get_ssl_mode() == SslMode::Require {
            return Err(StoreError::Refused(
                "sslmode=require: connections to Postgres are not encrypted; use a tunnel or a private \
                 network, with sslmode=disable"
                    .into(),
            ));
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
        Ok(Self { config, place })
    }

    /// Opens a connection. Its I/O runs in the task until the client is dropped or the database goes away.
    pub(super) async fn connect(&self) -> StoreResult<(Client, Connection)> {
        let (client, connection) =
            self.config.connect(NoTls).await.map_err(|error| self.unreachable(&error))?;
        let place = self.place.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!("connection to {place} lost: {}", describe(&error));
            }
        });
        Ok((client, task))
    }

    fn unreachable(&self, error: &tokio_postgres::Error) -> StoreError {
        unavailable(format!("{}: {}", self.place, describe(error)))
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
            "postgres://u:secret@h/db?sslmode=require",
            "postgres://u:secret@h/db?sslmode=verify-full",
            "postgres://u:secret@h:port/db",
            "postgres://u:secret@h/db?nonsense=1",
            "mysql://u:secret@h/db",
        ] {
            let message = Target::parse(url).err().unwrap().to_string();
            assert!(!message.contains("secret") && !message.contains('\n'), "{message}");
        }
    }
}
