//! Certificates for tests, made when they are needed.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// Who signs them.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, as PEM.
pub struct Certified {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    /// A new one, with a key of its own.
    pub fn new() -> Self {
        let mut params = params("authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Self(CertifiedIssuer::self_signed(params, key()).unwrap())
    }

    /// Its own certificate, as PEM.
    pub fn certificate(&self) -> String {
        self.0.pem()
    }

    /// Certifies a name: that of a host as a server, that of a user as a client.
    pub fn certify(&self, name: &str) -> Certified {
        self.sign(&params(name))
    }

    /// The same, some years ago.
    pub fn certify_expired(&self, name: &str) -> Certified {
        self.sign(&expired(params(name)))
    }

    /// Certifies the name of a host with this key.
    pub fn certify_key(&self, name: &str, key: KeyPair) -> Certified {
        self.sign_key(&params(name), key)
    }

    fn sign(&self, params: &CertificateParams) -> Certified {
        self.sign_key(params, key())
    }

    fn sign_key(&self, params: &CertificateParams, key: KeyPair) -> Certified {
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Certified { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Certified {
    /// Whether these bytes, in DER, are this certificate.
    pub fn is(&self, der: &[u8]) -> bool {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).unwrap().as_ref() == der
    }

    /// Writes it to `cert.pem` and its key to `key.pem` in this folder.
    pub fn write(&self, folder: &Path) {
        std::fs::write(folder.join("cert.pem"), &self.certificate).unwrap();
        std::fs::write(folder.join("key.pem"), &self.key).unwrap();
    }

    /// One that signs itself, as `openssl req -x509` makes it: an authority's own.
    pub fn self_signed(name: &str) -> Self {
        Self::sign_itself(params(name))
    }

    /// The same, some years ago.
    pub fn self_signed_expired(name: &str) -> Self {
        Self::sign_itself(expired(params(name)))
    }

    fn sign_itself(mut params: CertificateParams) -> Self {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = key();
        Self { certificate: params.self_signed(&key).unwrap().pem(), key: key.serialize_pem() }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn expired(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2021, 1, 1);
    params
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}
