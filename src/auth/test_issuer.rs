//! An issuer for tests: private keys, the tokens they sign, and a server of their public keys.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// PKCS #1. Made for these tests, like those below.
const RSA_2048: &str = "\
    MIIEowIBAAKCAQEAqyGF/fJI6xacTTC9QB820FURBnYWBbcImiypOFLQi/GowbUomfLEfBuQOb6Nj6rL7i41Cr6/Ctnzqda4Djxm\
    d8lNm3qSArlV8I4QfwyVFdRVMRk0UGNxypTtTIZ3TSWtnE/ti0JeE+dmEtvy77fTfBB9V6VtfQxm9ANSObd4s3V8UoHSK3CfE6iE\
    Ac7M8py48ip/W5OdW4oaCgiYyi0SlZhMhX+yyKxwYxnTvSWjKfURZU76+GrMacs2CQArM5JTE86UJo0ZdMGoXz5FuC/bh0XuiVuB\
    9S0ZyWcJi9aCvuSodQtn+PcB+XoYvJ9KdffOLIGTgjYKPLMs1nADnUjCyQIDAQABAoIBADh6AUr8NUVkemPdJG/vfTsG/+3mdcEg\
    FTYwbA5bAllVAREglMwtutuMiy4LbZOO1et+k2G+7rSJlmkkJC0KkPSSWkroChzdBngzok0TnXYNU6o2+7VWBF1Lhf7914x91Uxj\
    cm1Fk1+1O9IYhZXIUIK+vGb7AOXGfImmOPI0UyDCJyp8A86kcvl1mtZsP07945L7+wyKUe6WPRKfUz99qibSED9ar1g0LJBjF5qT\
    RC99xtDYul9MoSmvw++sMW8givG8JkuP+T195mrs8MAy4OkZ/h9bNgPtEK5cEJeJeu0zOM/6/32NWeDBwtnoXX6PbGE0lsmdLMbR\
    iqdLUcUDirsCgYEA8LavKJNzt/xpcFwu8zP6V0kuEF5WYobdMLZDxj3EZZgBE3iYJBvKsqwVsOsL9dvgxpzZ7W9aY8bQIN21f7fT\
    o0qVozVGtRToBzedIqZ9JqXXZugoLxXFWK83J9oXKymI0sUZZGS3rTX22YfUzBZuK78HiRJRTqZ/QiTfxlsKJMcCgYEAtf+ft0M/\
    z8G6iXhuw1FuTSAwKdX0zeEbfVRC4UBSGLBMLKWiWTfhYgBJWTfSi0XUcZ9HSRVLOrbXxJCpXUiTvPBPe6GMgBzwLz0w2bflIKxl\
    DWAAp4GMhbV+R4zCIsqsXMWXFRujVhaN1sv6g7BEhHr+e36QoDKgcAfeHvdFK+8CgYAYpTut1dsFPWy2Oln8QJgjE7UJq/8AO3qu\
    IBs0UuKm3DdP/Qrmt4m7XW8jHA2vcIHFFA4kB0Cj8pkgpFKO7w1WLK7BdRT2OVvAUWtfPtiVemlheeeTWpFIETh+dg/lNW1y1wdQ\
    hhdgPqQ1hXi+JJXHGNn2qM92VAm3hfr7XhrdxQKBgHIxx2Q05PgVxVZ2Y4FYOc5Y0P+fCPCZOydjVGeDdT+aduFYuEokvt0/8sXx\
    OcE7enYki5T2sHJRwYbLgglO/awCWMzo64CDJ81sJpelRDZBFVLUFvUDW0mWPHrmffVYl9fJ/uc2pUDh+/N3n2M7mXJKvhx8qIBr\
    47EHrr5dRmCvAoGBAKp2YaSKKINq6VR/R1MunhFaY1xqIjI2BAghtWAoU13L+38p3a0K5BABpgdAFtQ6BP33dbsMhfpFpHLqlDl2\
    VmQCxYM9/15P/Z3ujNiAU09R1A/oYZW2nF0z1yJ3vWcdKjkg7W0R/RCr0V0sYBjKK0WPoz+3KgFaGsAtRZNUVhKa";

/// PKCS #1, shorter than is taken.
const RSA_1024: &str = "\
    MIICXAIBAAKBgQC61MH6Ew+Sg8evDCvTcewI5KeA5sGOAqhSqlJNhLWfIzsCbAGYdP/9+pcduVRR5VXmfaez4p/b2kJo2QUMrgTt\
    Dnp3g0wTxf7cv7ZZ8P3fZDQ9XPt92dOxDXI6nREfN72+hMlb8irDyQT/C/noMHLXwXLoRiIAzQ2m+Fh1ccZL+QIDAQABAoGAb6Fr\
    /XWiGlLu3uKQ1Rf+hhnJE7XM9IMV+76Uyoh+1IUCXyIVmfhedGxkGnh/rycuOjfeGhdQmNZCU89HuxnHCrABFMRHZaz8FYMc5vJP\
    rZBt273OlPxAMK/uFMQZJrCmCV1ROvhRybntADpYAw4o3K/96apzlzboTM1FarQyyuECQQDbc9McjvaPsFR9d/Zeu6ktKpjvNH6f\
    TSdwE/w+z0C/CPko8nHTix9sh0TSRh2HtnKreLiQf0rTI/MLXeyEuCl9AkEA2fIl9HXJ/Fvg+r7g/n3IigsDmwqrUcP/g2iln0SV\
    YdvkVpRSC2XmyQzPCEoYappawDaBMSYr4qsWYpATlArVLQJAdJUTkhhg4/TI7d7NA4auWVBH7sv0eKyERwZW+wcfXl1mAFrMHZXL\
    G9zAsvSMu4wxXubDJgB5v7FZbLB49gjgAQJAdOtYvTprb3yCx0GbRiuIZ7Xc61Hf8m9pJcAACd8rHGJwrpnHIeI62uSKNHI7gwTn\
    ZnJXAFzv8hvCWIHeXu8oyQJBAKR+pnob8D3O/KwrvQeMCzgLprHknSmYCROPDFm8GITs0b6pg5cNLUiCUS0FEnmmLjER/I2PzTBm\
    LciaTv7KzkQ=";

/// PKCS #8.
const P_256: &str = "\
    MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgSqOK+KAzAqcLZBwnBB0dsTNDIVMBiLy8csfVnTbDAyehRANCAASm\
    PaBdbcd8/DxQWLxQh+vGsy73oSDeSezU92GNNNvECy398YOMskqzEJiWv3XQ7VpXQoYJ66A2Mrq1GZDR8OZv";

/// PKCS #8.
const ED25519: &str = "MC4CAQAwBQYDK2VwBCIEILj111RpvwtkjqBBj8kX8/gewqaPXXC8fTGW1+Kc6rxu";

/// A private key.
pub(super) struct Signer {
    pub(super) algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    pub(super) fn rsa() -> Self {
        Self { algorithm: Algorithm::RS256, key: EncodingKey::from_rsa_der(&der(RSA_2048)) }
    }

    pub(super) fn short_rsa() -> Self {
        Self { algorithm: Algorithm::RS256, key: EncodingKey::from_rsa_der(&der(RSA_1024)) }
    }

    pub(super) fn ec() -> Self {
        Self { algorithm: Algorithm::ES256, key: EncodingKey::from_ec_der(&der(P_256)) }
    }

    pub(super) fn ed() -> Self {
        Self { algorithm: Algorithm::EdDSA, key: EncodingKey::from_ed_der(&der(ED25519)) }
    }

    /// The public key with these members in the place of its own; a null takes one away.
    pub(super) fn jwk(&self, members: Value) -> Value {
        let jwk = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        let mut jwk = serde_json::to_value(jwk).unwrap();
        let object = jwk.as_object_mut().unwrap();
        object.extend(members.as_object().unwrap().clone());
        object.retain(|_, value| !value.is_null());
        jwk
    }

    pub(super) fn sign(&self, kid: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(self.algorithm) };
        self.sign_with(&header, claims)
    }

    pub(super) fn sign_with(&self, header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &self.key).unwrap()
    }
}

fn der(text: &str) -> Vec<u8> {
    STANDARD.decode(text).unwrap()
}

/// A document of these keys.
pub(super) fn key_set(keys: &[Value]) -> String {
    json!({ "keys": keys }).to_string()
}

/// An answer with this body.
pub(super) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Answers on a loopback port as it was told, each time on a connection of its own.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    state: Arc<Mutex<Answers>>,
}

#[derive(Default)]
struct Answers {
    /// By path; what is not there is closed without a word.
    answers: Vec<(String, String)>,
    requests: usize,
}

impl Server {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(Answers::default()));
        let shared = Arc::clone(&state);
        // It ends with the process, as the tests' other threads do.
        thread::spawn(move || {
            for mut stream in listener.incoming().map(Result::unwrap) {
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap_or(0) == 0 {
                        break;
                    }
                    request.push(byte[0]);
                }
                let request = String::from_utf8(request).unwrap();
                let path = request.split(' ').nth(1).unwrap_or_default();
                let mut answers = shared.lock().unwrap();
                answers.requests += 1;
                if let Some((_, answer)) = answers.answers.iter().rev().find(|(of, _)| of == path) {
                    // Whoever has read enough may close.
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        });
        Self { address, state }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// From now on what is asked for `path` gets this answer.
    pub(super) fn answer(&self, path: &str, answer: String) {
        self.state.lock().unwrap().answers.push((path.to_owned(), answer));
    }

    /// Requests so far.
    pub(super) fn requests(&self) -> usize {
        self.state.lock().unwrap().requests
    }
}
