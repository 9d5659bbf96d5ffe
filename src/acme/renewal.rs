//! Having a certificate at all times.

use std::fmt;
use std::time::Duration;

use tokio::time::sleep;

use super::cache::{Cache, CacheError};
use super::options::AcmeOptions;
use super::order::order;
use crate::transport::{Certificate, TlsAcceptor};

/// How long it is waited after a first failure, and at most. Authorities let a name fail some five times an hour.
const RETRY_MIN: Duration = Duration::from_secs(60);
const RETRY_MAX: Duration = Duration::from_secs(60 * 60);
/// How many times as long it is waited after each further failure.
const RETRY_GROWTH: u32 = 4;
/// The longest sleep: the clock may be set meanwhile.
const SLEEP_MAX: Duration = Duration::from_secs(10 * 60);

/// Tells the time, in seconds since 1970.
pub type Clock = fn() -> u64;

/// Is told when a new certificate ends to be valid, in seconds since 1970.
pub type Noted = Box<dyn Fn(u64) + Send + Sync>;

/// Keeps a certificate that is good.
pub struct Renewal {
    options: AcmeOptions,
    cache: Cache,
    acceptor: TlsAcceptor,
    clock: Clock,
    noted: Noted,
}

impl Renewal {
    /// One that has asked nobody yet.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(
        options: AcmeOptions,
        acceptor: TlsAcceptor,
        clock: Clock,
        noted: Noted,
    ) -> Result<Self, CacheError> {
        let cache = Cache::open(&options.cache)?;
        Ok(Self { options, cache, acceptor, clock, noted })
    }

    /// Shows the certificate that is kept from before, and gets a new one whenever a third of its validity is left. As
    /// long as there is none, no handshake succeeds.
    pub async fn run(self) {
        let mut renew_at = self.begin();
        let mut retry = RETRY_MIN;
        loop {
            while let Some(left) = renew_at.checked_sub((self.clock)()).filter(|left| *left > 0) {
                sleep(Duration::from_secs(left).min(SLEEP_MAX)).await;
            }
            match order(&self.options, &self.cache, &self.acceptor).await {
                Ok(certificate) => {
                    renew_at = self.show(&certificate);
                    retry = RETRY_MIN;
                    tracing::info!(domains = ?self.options.domains, "there is a new certificate by ACME");
                    // Whatever the clock says of it: authorities count.
                    sleep(RETRY_MIN).await;
                }
                Err(error) => {
                    tracing::warn!(%error, again_in = ?retry, "there is no new certificate by ACME");
                    sleep(retry).await;
                    retry = (retry * RETRY_GROWTH).min(RETRY_MAX);
                }
            }
        }
    }

    /// Shows what is kept, if it is what is wanted; answers when the next one is to be got.
    fn begin(&self) -> u64 {
        let Some(kept) = self.cache.certificate() else { return 0 };
        if kept.directory != self.options.directory || kept.domains != self.options.domains {
            return 0;
        }
        match Certificate::from_pem(kept.certificate.as_bytes(), kept.key.as_bytes()) {
            Ok(certificate) => self.show(&certificate),
            Err(error) => {
                tracing::warn!(%error, "the certificate that was kept is not used");
                0
            }
        }
    }

    fn show(&self, certificate: &Certificate) -> u64 {
        self.acceptor.show(certificate);
        (self.noted)(certificate.expires());
        certificate.renew_at()
    }
}

impl fmt::Debug for Renewal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Renewal").field("domains", &self.options.domains).finish_non_exhaustive()
    }
}
