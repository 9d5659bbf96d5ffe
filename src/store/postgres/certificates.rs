//! TLS as a URL asks for it: the files that it names, and what is asked of the database's certificate.

use std::borrow::Cow;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{self, CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres::Socket;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::encryption::{Encryption, Identity, Roots, SslMode};

/// What Postgres, from version 17, wants to hear where TLS begins without being asked for (`sslnegotiation=direct`);
/// older ones do not mind.
const ALPN: &[u8] = b"postgresql";

/// Begins TLS, or says why it cannot.
#[derive(Clone)]
pub(super) struct Connector(Result<MakeRustlsConnect, Arc<str>>);

impl Connector {
    /// Reads the files, which may have been renewed since the last connection. May block on them.
    pub(super) fn new(encryption: &Encryption) -> Self {
        Self(configured(encryption).map(MakeRustlsConnect::new).map_err(Into::into))
    }

    /// One that there is not, for this reason.
    pub(super) fn failed(reason: &dyn std::error::Error) -> Self {
        Self(Err(reason.to_string().into()))
    }
}

impl MakeTlsConnect<Socket> for Connector {
    type Stream = <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream;
    type TlsConnect = <MakeRustlsConnect as MakeTlsConnect<Socket>>::TlsConnect;
    type Error = io::Error;

    fn make_tls_connect(&mut self, host: &str) -> io::Result<Self::TlsConnect> {
        match &mut self.0 {
            Ok(tls) => {
                let Ok(connect) = MakeTlsConnect::<Socket>::make_tls_connect(tls, host);
                Ok(connect)
            }
            Err(reason) => Err(io::Error::other(&**reason)),
        }
    }
}

/// Checks that the files can be used. May block on them.
///
/// # Errors
/// Which cannot, and why.
pub(super) fn check(encryption: &Encryption) -> Result<(), String> {
    configured(encryption).map(drop)
}

/// Whether a connection has failed for TLS itself.
pub(super) fn is_failure(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|cause| cause.is::<Error>() || cause.is::<InvalidDnsNameError>())
}

/// What went wrong, in an operator's words where the library's are not.
pub(super) fn in_words(error: &io::Error) -> Option<Cow<'static, str>> {
    // The library says that it expected a goodbye, and where to read about that.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return Some("the connection was closed".into());
    }
    let Error::InvalidCertificate(objection) = error.get_ref()?.downcast_ref()? else { return None };
    Some(match objection {
        CertificateError::UnknownIssuer => {
            "no authority in sslrootcert has signed the database's certificate".into()
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the database's certificate has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the database's certificate is not valid yet".into()
        }
        CertificateError::Other(reason) => format!("the database's certificate is refused: {reason}").into(),
        _ => return None,
    })
}

fn configured(encryption: &Encryption) -> Result<ClientConfig, String> {
    let provider = Arc::new(crypto::ring::default_provider());
    let verifier = Verifier::new(encryption, &provider)?;
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &encryption.identity {
        Some(Identity { certificate, key }) => {
            let chain = certificates("sslcert", certificate)?;
            let secret =
                PrivateKeyDer::from_pem_file(key).map_err(|error| unusable("sslkey", key, &error))?;
            let shown = config.with_client_auth_cert(chain, secret);
            shown.map_err(|error| format!("sslkey={}: {error}", key.display()))?
        }
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(config)
}

/// The certificates in a file, at least one.
fn certificates(parameter: &str, file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    match found {
        Ok(found) if found.is_empty() => Err(unusable(parameter, file, &pem::Error::NoItemsFound)),
        found => found.map_err(|error| unusable(parameter, file, &error)),
    }
}

/// Says nothing of what is in the file, which may be a key.
fn unusable(parameter: &str, file: &Path, error: &pem::Error) -> String {
    let place = format!("{parameter}={}", file.display());
    match error {
        pem::Error::Io(error) => format!("{place}: {error}"),
        pem::Error::NoItemsFound if parameter == "sslkey" => {
            format!("{place}: no key without a password in it")
        }
        pem::Error::NoItemsFound => format!("{place}: no certificate in it"),
        _ => format!("{place}: it is not well-formed PEM"),
    }
}

/// What is asked of the database's certificate. That the database has its key is asked always: else it would not be
/// the certificate that SCRAM binds the password to.
#[derive(Debug)]
struct Verifier {
    /// `None` if whose it is is not asked.
    roots: Option<RootCertStore>,
    /// Those of `sslrootcert=FILE` as they are: a certificate that stands there itself needs no signature.
    trusted: Vec<CertificateDer<'static>>,
    names_host: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    fn new(encryption: &Encryption, provider: &CryptoProvider) -> Result<Self, String> {
        let mut trusted = Vec::new();
        let roots = match &encryption.roots {
            None => None,
            Some(Roots::File(file)) => {
                trusted = certificates("sslrootcert", file)?;
                let mut roots = RootCertStore::empty();
                for certificate in &trusted {
                    let added = roots.add(certificate.clone());
                    added.map_err(|error| format!("sslrootcert={}: {error}", file.display()))?;
                }
                Some(roots)
            }
            Some(Roots::System) => {
                let mut roots = RootCertStore::empty();
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                if roots.is_empty() {
                    return Err("sslrootcert=system: this system has no certificates of authorities; \
                                set sslrootcert=FILE"
                        .to_owned());
                }
                Some(roots)
            }
        };
        Ok(Self {
            roots,
            trusted,
            names_host: encryption.mode == SslMode::VerifyFull,
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(roots) = &self.roots else { return Ok(ServerCertVerified::assertion()) };
        let parsed = ParsedCertificate::try_from(certificate)?;
        let signed = verify_server_cert_signed_by_trust_anchor(
            &parsed,
            roots,
            intermediates,
            now,
            self.algorithms.all,
        );
        match signed {
            // The library refuses one that signs itself, as `openssl req -x509` makes it, for being an authority's.
            // It has looked at the time before that.
            Err(error) if !is_of_time(&error) && self.trusted.contains(certificate) => {}
            // Signed by another authority of the same name.
            Err(Error::InvalidCertificate(CertificateError::BadSignature)) => {
                return Err(CertificateError::UnknownIssuer.into());
            }
            signed => signed?,
        }
        if self.names_host {
            verify_server_name(&parsed, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        crypto::verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// Whether a certificate was refused for the time at which it is valid.
fn is_of_time(error: &Error) -> bool {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        Error::InvalidCertificate(Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. })
    )
}
