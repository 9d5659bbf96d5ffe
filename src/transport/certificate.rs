//! A certificate with its key.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_cert::der::Decode;

/// What a server shows of itself: a certificate, those of who signed it, and its key.
#[derive(Clone)]
pub struct Certificate {
    key: Arc<CertifiedKey>,
    validity: Validity,
}

/// When a certificate is valid, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Validity {
    begins: u64,
    ends: u64,
}

/// Why a certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// In the text of certificates there is none.
    #[error("there is no certificate in PEM")]
    NoCertificate,
    /// A certificate is none.
    #[error("a certificate cannot be read: {0}")]
    BadCertificate(String),
    /// In the text of the key there is none.
    #[error("there is no private key in PEM (PKCS#8, PKCS#1 or SEC1, without a password)")]
    NoKey,
    /// The key is none, or of a kind that is not known.
    #[error("the private key cannot be used: {0}")]
    BadKey(rustls::Error),
    /// The one is not of the other.
    #[error("the private key is not that of the certificate")]
    Mismatch,
}

impl Certificate {
    /// Reads a certificate, behind it those of who signed it, and its key in PKCS#8, PKCS#1 or SEC1, all as PEM.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let certificate = Self::made_together(certificates, key)?;
        match certificate.key.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
                Ok(certificate)
            }
            Err(rustls::Error::InconsistentKeys(_)) => Err(CertificateError::Mismatch),
            Err(error) => Err(CertificateError::BadCertificate(error.to_string())),
        }
    }

    /// The same of a certificate that was made together with its key. What it says is not looked at, which may be for
    /// authorities alone.
    ///
    /// # Errors
    /// Those of [`from_pem`](Self::from_pem), but for a key of another certificate.
    pub fn made_together(certificates: &[u8], key: &[u8]) -> Result<Self, CertificateError> {
        let chain: Vec<_> = CertificateDer::pem_slice_iter(certificates)
            .collect::<Result<_, pem::Error>>()
            .map_err(|error| CertificateError::BadCertificate(error.to_string()))?;
        let first = chain.first().ok_or(CertificateError::NoCertificate)?;
        let validity =
            validity(first).map_err(|error| CertificateError::BadCertificate(error.to_string()))?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| CertificateError::NoKey)?;
        let key =
            ring::default_provider().key_provider.load_private_key(key).map_err(CertificateError::BadKey)?;
        Ok(Self { key: Arc::new(CertifiedKey::new(chain, key)), validity })
    }

    /// When it ends to be valid, in seconds since 1970.
    pub fn expires(&self) -> u64 {
        self.validity.ends
    }

    /// When a third of its validity is left, in seconds since 1970.
    pub fn renew_at(&self) -> u64 {
        let Validity { begins, ends } = self.validity;
        ends - ends.saturating_sub(begins) / 3
    }

    pub(super) fn key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("validity", &self.validity).finish_non_exhaustive()
    }
}

/// The validity of a certificate (RFC 5280, section 4.1.2.5).
fn validity(certificate: &[u8]) -> Result<Validity, x509_cert::der::Error> {
    let validity = x509_cert::Certificate::from_der(certificate)?.tbs_certificate.validity;
    let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
    Ok(Validity { begins: seconds(validity.not_before), ends: seconds(validity.not_after) })
}
