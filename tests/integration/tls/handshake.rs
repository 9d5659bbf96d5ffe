//! Handshakes: versions, protocols, resumption, and what is no handshake.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{
    AlertDescription, ClientConfig, Error, HandshakeKind, ProtocolVersion, RootCertStore,
    SupportedProtocolVersion, version,
};

use super::{ask, bare, client, connect, connect_with, figure, start};
use crate::support::patiently;
use crate::support::server::Server;
use groupcast_kit::tunnel::roots;

fn client_of(server: &Server, versions: &[&'static SupportedProtocolVersion]) -> ClientConfig {
    let roots: RootCertStore = roots(&server.authority().certificate()).unwrap();
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

#[tokio::test]
async fn both_versions_are_spoken_and_resumed() {
    let server = start(&[]).await;
    for (spoken, version) in
        [(&version::TLS12, ProtocolVersion::TLSv1_2), (&version::TLS13, ProtocolVersion::TLSv1_3)]
    {
        let config = Arc::new(client_of(&server, &[spoken]));
        for kind in [HandshakeKind::Full, HandshakeKind::Resumed, HandshakeKind::Resumed] {
            let mut stream = connect_with(&server, &config).await.unwrap();
            ask(&mut stream).await;
            ask(&mut stream).await;
            let (_, connection) = stream.get_ref();
            assert_eq!(connection.protocol_version(), Some(version));
            assert_eq!(connection.handshake_kind(), Some(kind), "{version:?}");
        }
    }
    assert_eq!(figure(&server, r#"groupcast_tls_handshakes_total{result="failed"}"#).await, 0.0);
    assert!(figure(&server, r#"groupcast_tls_handshakes_total{result="done"}"#).await >= 6.0);
}

#[tokio::test]
async fn the_protocol_is_http_1_1_or_none() {
    let server = start(&[]).await;
    for (offered, chosen) in
        [(&["h2", "http/1.1"][..], Some(&b"http/1.1"[..])), (&["http/1.1"], Some(b"http/1.1")), (&[], None)]
    {
        let mut config = client(&server);
        config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
        let mut stream = connect(&server, config).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), chosen);
        ask(&mut stream).await;
    }
    let mut config = client(&server);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let error = connect(&server, config).await.unwrap_err();
    let error = error.get_ref().and_then(|error| error.downcast_ref::<Error>());
    assert_eq!(error, Some(&Error::AlertReceived(AlertDescription::NoApplicationProtocol)));
    // Only who gets certificates by ACME speaks with authorities.
    let mut config = client(&server);
    config.alpn_protocols = vec![b"acme-tls/1".to_vec()];
    connect(&server, config).await.unwrap_err();
}

#[tokio::test]
async fn who_speaks_http_is_told() {
    let server = start(&[]).await;
    let mut stream = bare(&server).await;
    stream.write_all(b"GET / HTTP/1.1\r\nHost: groupcast.test\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    patiently("the answer", stream.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, "This port speaks TLS: use https:// or wss://\n");
    assert!(head.contains(&format!("Content-Length: {}", body.len())), "{head}");
    assert_eq!(figure(&server, r#"groupcast_tls_handshakes_total{result="failed"}"#).await, 1.0);
}
