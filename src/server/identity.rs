//! What a server knows people by: passwords, tokens, and the first admin's link.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::ServerError;
use crate::auth::{AccessTokens, IssuerOptions, LoginGuard, OutsideIssuer, PasswordHasher, one_time_secret};
use crate::chat::{AuthMode, Chat, Identity, SETUP_LIFETIME};
use crate::config::{self, Config};
use crate::store::{Database, Store};

/// Passwords hashed at a time.
const HASHES_MAX: usize = 2;

/// The parts that passwords and tokens are made and checked with. Without a configured key access tokens are signed under
/// the one that the database keeps. The keys of an outside issuer are loaded, from a URL for up to 5 s.
///
/// # Errors
/// The database is away, there are no random numbers, or no file with the issuer's keys.
pub(super) async fn identity(
    config: &Config,
    store: &Store,
    background: &Handle,
) -> Result<Identity, ServerError> {
    let key = match &config.jwt_secret_key {
        Some(key) => key.expose().to_owned(),
        None => {
            let fresh = one_time_secret().map_err(|error| io::Error::other(error.to_string()))?;
            store.accounts.signing_secret(fresh).await?
        }
    };
    Ok(Identity {
        passwords: PasswordHasher::new(background.clone(), HASHES_MAX),
        tokens: AccessTokens::new(config.jwt_algorithm, &key, config.access_token_lifetime()),
        outside: match issuer_options(config) {
            Some(options) => Some(start_issuer(options, background).await?),
            None => None,
        },
        login_guard: LoginGuard::new(),
    })
}

/// What is configured about an outside issuer.
fn issuer_options(config: &Config) -> Option<IssuerOptions> {
    Some(IssuerOptions {
        source: config.jwks.clone()?,
        issuer: config.jwt_issuer.clone()?,
        audience: config.jwt_audience.clone(),
        username_claim: config.jwt_username_claim.clone(),
    })
}

async fn start_issuer(
    options: IssuerOptions,
    background: &Handle,
) -> Result<Arc<OutsideIssuer>, ServerError> {
    let runtime = background.clone();
    let started = background.spawn_blocking(move || OutsideIssuer::start(options, &runtime)).await;
    Ok(started.map_err(io::Error::other)??)
}

/// Whether a name is enough, as the chat knows it.
pub(super) fn auth_mode(config: &Config) -> AuthMode {
    match config.auth {
        config::AuthMode::Username => AuthMode::Username,
        config::AuthMode::Token => AuthMode::Token,
    }
}

/// Has the chat notice what operators change beside the server. On SQLite nobody can.
pub(super) fn watch_changes(chat: &Arc<Chat>, config: &Config, background: &Handle) {
    if matches!(config.database, Database::Postgres(_)) {
        background.spawn(Arc::clone(chat).watch_changes());
    }
}

/// Tells the log what an operator should know about who can be whom: that others than this machine can be anybody, or
/// where the first admin is made.
pub(super) async fn announce(chat: &Chat, config: &Config, address: SocketAddr) {
    if config.auth == config::AuthMode::Username {
        if !address.ip().to_canonical().is_loopback() {
            tracing::warn!(
                target: "groupcast",
                "whoever reaches {address} can be any user, for --auth=username believes any name; --auth=token does not",
            );
        }
        return;
    }
    let s = if config.has_tls() { "s" } else { "" };
    match chat.setup_secret().await {
        Ok(Some(secret)) => tracing::info!(
            target: "groupcast",
            "there is no admin yet; make the first one at http{s}://{address}/admin#setup={secret} once and within {} minutes",
            SETUP_LIFETIME.as_secs() / 60,
        ),
        Ok(None) => {}
        Err(error) => {
            tracing::warn!(target: "groupcast", %error, "no link to make the first admin; groupcast user add --admin does too");
        }
    }
}
