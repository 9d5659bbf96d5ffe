//! Which certificate a client is shown.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// The protocol over which an authority looks whether a name is this server's (RFC 8737).
pub(super) const CHALLENGE: &[u8] = b"acme-tls/1";

/// The certificate of a server, which may change while it runs, and those that it shows to an authority.
#[derive(Default)]
pub(super) struct Certificates {
    shown: RwLock<Option<Arc<CertifiedKey>>>,
    /// By the name that is to be shown to be this server's; a few at most.
    challenges: RwLock<HashMap<String, Arc<CertifiedKey>>>,
}

impl Certificates {
    /// Shows this one from now on.
    pub(super) fn show(&self, key: Arc<CertifiedKey>) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Some(key);
    }

    /// Shows this one to an authority that asks for the name; none any more without one.
    pub(super) fn answer(&self, name: &str, key: Option<Arc<CertifiedKey>>) {
        let mut challenges = self.challenges.write().unwrap_or_else(PoisonError::into_inner);
        match key {
            Some(key) => drop(challenges.insert(name.to_owned(), key)),
            None => drop(challenges.remove(name)),
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let is_challenge = hello.alpn().is_some_and(|mut protocols| protocols.any(|name| name == CHALLENGE));
        if is_challenge {
            let challenges = self.challenges.read().unwrap_or_else(PoisonError::into_inner);
            return challenges.get(hello.server_name()?).cloned();
        }
        self.shown.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates").finish_non_exhaustive()
    }
}
