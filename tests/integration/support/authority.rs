//! Certificates for tests, made when they are needed.

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

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

    fn sign(&self, params: &CertificateParams) -> Certified {
        let key = key();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        Certified { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}

impl Certified {
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
