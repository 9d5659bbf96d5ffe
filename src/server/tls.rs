//! Where the certificate of a server comes from.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::interval;

use crate::acme::{self, AcmeOptions, CaError, CacheError, Renewal};
use crate::chat;
use crate::config::Config;
use crate::metrics::Metrics;
use crate::transport::{Certificate, CertificateError, TlsAcceptor};

/// How often it is looked whether the files have changed.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Longest file that is read, in bytes.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why a server cannot speak TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {option} {}: {error}", path.display())]
    File {
        /// The option that names it.
        option: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// What is in the files is no certificate with its key.
    #[error("cannot use --tls-cert {} with --tls-key {}: {error}", certificate.display(), key.display())]
    Certificate {
        /// Where the certificate is.
        certificate: PathBuf,
        /// Where its key is.
        key: PathBuf,
        /// Why.
        error: CertificateError,
    },
    /// Who may have signed the certificate of the authority cannot be read.
    #[error("cannot use --acme-ca {}: {error}", path.display())]
    Ca {
        /// Where it is.
        path: PathBuf,
        /// Why.
        error: CaError,
    },
    /// The folder for account and certificate cannot be used.
    #[error("--acme-cache: {0}")]
    Cache(#[from] CacheError),
    /// There are no random numbers.
    #[error("cannot speak TLS: {0}")]
    System(#[from] io::Error),
}

/// TLS of a server that has not started.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    source: Source,
}

/// Where its certificate comes from.
enum Source {
    /// Of files, and it ends to be valid then, in seconds since 1970.
    Files(Files, u64),
    /// Of an authority.
    Acme(AcmeOptions),
}

/// A certificate and its key, in files.
struct Files {
    certificate: PathBuf,
    key: PathBuf,
    /// What was in them when they were last looked at.
    seen: Option<(Vec<u8>, Vec<u8>)>,
}

/// TLS as it is configured; `None` if it is not to be spoken.
///
/// # Errors
/// [`TlsError`].
pub(super) fn open(config: &Config) -> Result<Option<Tls>, TlsError> {
    if !config.acme_domain.is_empty() {
        let options = acme_options(config)?;
        return Ok(Some(Tls { acceptor: TlsAcceptor::new(true)?, source: Source::Acme(options) }));
    }
    let (Some(certificate), Some(key)) = (&config.tls_cert, &config.tls_key) else { return Ok(None) };
    let mut files = Files { certificate: certificate.clone(), key: key.clone(), seen: None };
    let acceptor = TlsAcceptor::new(false)?;
    if let Some(certificate) = files.changed()? {
        acceptor.show(&certificate);
        return Ok(Some(Tls { acceptor, source: Source::Files(files, certificate.expires()) }));
    }
    Ok(None)
}

impl Tls {
    /// Has the certificate follow its files from now on, or be got and renewed.
    ///
    /// # Errors
    /// The folder for a certificate by ACME cannot be used.
    pub(super) fn start(self, metrics: &Arc<Metrics>, background: &Handle) -> Result<TlsAcceptor, TlsError> {
        let Self { acceptor, source } = self;
        let metrics = Arc::clone(metrics);
        match source {
            Source::Files(files, expires) => {
                metrics.note_certificate(expires);
                background.spawn(follow(files, acceptor.clone(), metrics));
            }
            Source::Acme(options) => {
                let noted = Box::new(move |expires| metrics.note_certificate(expires));
                let renewal = Renewal::open(options, acceptor.clone(), chat::unix_seconds, noted)?;
                background.spawn(renewal.run());
            }
        }
        Ok(acceptor)
    }
}

/// What is asked of an authority.
fn acme_options(config: &Config) -> Result<AcmeOptions, TlsError> {
    let ca = match &config.acme_ca {
        Some(path) => {
            let ca = read("--acme-ca", path)?;
            acme::check_ca(&ca).map_err(|error| TlsError::Ca { path: path.clone(), error })?;
            Some(ca)
        }
        None => None,
    };
    Ok(AcmeOptions {
        domains: config.acme_domain.iter().map(ToString::to_string).collect(),
        email: config.acme_email.clone(),
        directory: config.acme_directory.clone(),
        ca,
        cache: config.acme_cache.clone(),
    })
}

impl Files {
    /// The certificate, if the files are not as they were the last time.
    fn changed(&mut self) -> Result<Option<Certificate>, TlsError> {
        let read = (read("--tls-cert", &self.certificate)?, read("--tls-key", &self.key)?);
        if self.seen.as_ref() == Some(&read) {
            return Ok(None);
        }
        let (certificate, key) = self.seen.insert(read);
        Certificate::from_pem(certificate, key).map(Some).map_err(|error| TlsError::Certificate {
            certificate: self.certificate.clone(),
            key: self.key.clone(),
            error,
        })
    }
}

/// Shows what is in the files whenever that changes, which is looked for every [`LOOK_INTERVAL`] and with each
/// `SIGHUP`. While they are no good, the certificate stays as it is.
async fn follow(mut files: Files, acceptor: TlsAcceptor, metrics: Arc<Metrics>) {
    let mut looks = interval(LOOK_INTERVAL);
    let Ok(mut hang_up) = signal(SignalKind::hangup()) else { return };
    // Of files that are away it is told once.
    let mut is_away = false;
    loop {
        tokio::select! {
            _ = looks.tick() => {}
            _ = hang_up.recv() => {}
        }
        let Ok((returned, changed)) = tokio::task::spawn_blocking(move || {
            let changed = files.changed();
            (files, changed)
        })
        .await
        else {
            return;
        };
        files = returned;
        let was_away = std::mem::replace(&mut is_away, matches!(changed, Err(TlsError::File { .. })));
        match changed {
            Ok(None) => {}
            Ok(Some(certificate)) => {
                acceptor.show(&certificate);
                metrics.note_certificate(certificate.expires());
                tracing::info!("there is a new certificate, which is shown from now on");
            }
            Err(_) if was_away && is_away => {}
            Err(error) => tracing::warn!(%error, "the certificate stays the one before"),
        }
    }
}

fn read(option: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    let fault = |error| TlsError::File { option, path: path.to_owned(), error };
    let length = std::fs::metadata(path).map_err(fault)?.len();
    if length > FILE_BYTES_MAX {
        return Err(fault(io::ErrorKind::FileTooLarge.into()));
    }
    std::fs::read(path).map_err(fault)
}
