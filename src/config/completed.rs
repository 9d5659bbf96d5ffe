//! What concerns more than one setting.

use super::auth_mode::AuthMode;
use super::deliver::Deliver;
use super::secret_key::{self, SecretKey};
use super::settings::{BURST_SECONDS, Config};
use super::{ConfigError, Database};

impl Config {
    /// Checks what concerns more than one setting, and fills in what follows from another.
    pub(super) fn completed(mut self) -> Result<Self, ConfigError> {
        if self.outbox_bytes_max < self.content_bytes_max {
            return Err(ConfigError::new(format!(
                "--outbox-bytes-max ({}) must not be below --content-bytes-max ({}), or a message could not pass",
                self.outbox_bytes_max, self.content_bytes_max,
            )));
        }
        for (what, rate, burst) in [
            ("send", self.send_rate, &mut self.send_burst),
            ("command", self.command_rate, &mut self.command_burst),
            ("request", self.request_rate, &mut self.request_burst),
            ("connect", self.connect_rate, &mut self.connect_burst),
        ] {
            if rate.is_none() && burst.is_some() {
                return Err(ConfigError::new(format!("--{what}-burst has no effect without --{what}-rate")));
            }
            *burst = burst.or(rate.map(|rate| rate.saturating_mul(BURST_SECONDS)));
        }
        if self.proxy_protocol && self.trusted_proxies.is_empty() {
            return Err(ConfigError::new(
                "--proxy-protocol needs --trusted-proxies, or there is nobody whose header would be believed",
            ));
        }
        if self.tls_cert.is_some() != self.tls_key.is_some() {
            return Err(ConfigError::new("--tls-cert and --tls-key need each other"));
        }
        self.check_acme()?;
        if self.cors_origins.iter().any(|origin| origin == "*") {
            self.cors_origins.clear();
        }
        self.jwt_secret_key = SecretKey::from_environment()?;
        self.check_tokens()?;
        self.check_cluster()?;
        Ok(self)
    }

    /// Checks what concerns certificates by ACME.
    fn check_acme(&self) -> Result<(), ConfigError> {
        let reason = match self.acme_domain[..] {
            [] if self.acme_email.is_some() => "--acme-email has no effect without --acme-domain",
            [] if self.acme_ca.is_some() => "--acme-ca has no effect without --acme-domain",
            [] => return Ok(()),
            _ if self.tls_cert.is_some() => {
                "--acme-domain cannot be used with --tls-cert: the certificate is either got or in files"
            }
            _ if self.cluster.is_some() => {
                "--acme-domain cannot be used with --cluster, where an authority may look at another server than the \
                 one that has asked: get the certificate once, and give it to all with --tls-cert"
            }
            _ => return Ok(()),
        };
        Err(ConfigError::new(reason))
    }

    /// Checks what concerns tokens.
    fn check_tokens(&self) -> Result<(), ConfigError> {
        let is_short = |key: &SecretKey| key.expose().len() < secret_key::BYTES_MIN;
        if self.auth == AuthMode::Token && self.deliver == Deliver::Eager {
            return Err(ConfigError::new(
                "--deliver=eager cannot be used with --auth=token, or members would see what is then refused",
            ));
        }
        if self.auth == AuthMode::Token && self.jwt_secret_key.as_ref().is_some_and(is_short) {
            return Err(ConfigError::new(format!(
                "{} must have at least {} bytes with --auth=token; without one a key is made and kept in the database",
                secret_key::VARIABLE,
                secret_key::BYTES_MIN,
            )));
        }
        if self.jwks.is_some() && self.jwt_issuer.is_none() {
            return Err(ConfigError::new("--jwks needs --jwt-issuer, which says whose tokens are taken"));
        }
        let others = [
            ("issuer", &self.jwt_issuer),
            ("audience", &self.jwt_audience),
            ("username-claim", &self.jwt_username_claim),
        ];
        match others.iter().find(|(_, value)| self.jwks.is_none() && value.is_some()) {
            Some((name, _)) => Err(ConfigError::new(format!("--jwt-{name} has no effect without --jwks"))),
            None => Ok(()),
        }
    }

    /// Checks what cannot be with several servers.
    fn check_cluster(&self) -> Result<(), ConfigError> {
        let reason = match self.cluster {
            None => return Ok(()),
            Some(_) if matches!(self.database, Database::Sqlite(_)) => {
                "--cluster needs a Postgres database: several servers cannot share SQLite; set DATABASE_URL"
            }
            Some(_) if self.deliver == Deliver::Eager => {
                "--deliver=eager cannot be used with --cluster, where the database gives the numbers"
            }
            Some(_) if self.new_epoch => {
                "--new-epoch cannot be used with --cluster: start one server alone with it first, then all others"
            }
            Some(_) => return Ok(()),
        };
        Err(ConfigError::new(reason))
    }
}
