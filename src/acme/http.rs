//! Requests to an authority.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use ureq::http::{Method, Request, Response};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};

/// How long an answer may take, name look-up included.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Longest answer, in bytes.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;

/// Asks an authority, over HTTPS alone. Each request waits on a thread of its own.
pub(super) struct Client(ureq::Agent);

/// Whoever may have signed the certificate of a directory cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("there is no certificate in PEM")]
pub struct CaError;

impl Client {
    /// One that trusts whoever is in `ca`, in PEM; without it whom browsers trust.
    pub(super) fn new(ca: Option<&[u8]>) -> Result<Self, CaError> {
        let roots = match ca {
            None => RootCerts::WebPki,
            Some(pem) => {
                let mut certificates = Vec::new();
                for item in parse_pem(pem) {
                    if let PemItem::Certificate(certificate) = item.map_err(|_| CaError)? {
                        certificates.push(certificate);
                    }
                }
                if certificates.is_empty() {
                    return Err(CaError);
                }
                RootCerts::Specific(Arc::new(certificates))
            }
        };
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .https_only(true)
            .http_status_as_error(false)
            // It would be taken from the environment, which only the settings read.
            .proxy(None)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Self(agent))
    }
}

/// Whether these are certificates, in PEM.
///
/// # Errors
/// They are not.
pub fn check_ca(pem: &[u8]) -> Result<(), CaError> {
    Client::new(Some(pem)).map(drop)
}

impl HttpClient for Client {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let agent = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(other)?.to_bytes();
            let answer = tokio::task::spawn_blocking(move || {
                let response = match parts.method {
                    Method::GET | Method::HEAD => agent.run(Request::from_parts(parts, ())),
                    _ => agent.run(Request::from_parts(parts, body.to_vec())),
                };
                let (parts, mut body) = response?.into_parts();
                let body = body.with_config().limit(ANSWER_BYTES_MAX).read_to_vec()?;
                Ok(Response::from_parts(parts, Bytes::from(body)))
            });
            let answer: Result<Response<Bytes>, ureq::Error> = answer.await.map_err(other)?;
            let (parts, body) = answer.map_err(other)?.into_parts();
            Ok(BytesResponse { parts, body: Box::new(body) })
        })
    }
}

fn other(error: impl StdError + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}
