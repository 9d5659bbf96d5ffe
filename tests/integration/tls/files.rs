//! The files of the certificate: what they may be, and what becomes of a new one.

use std::path::Path;
use std::process::Stdio;

use groupcast_kit::tunnel::client_config;
use rcgen::{KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use tempfile::TempDir;

use super::{ask, client, connect, figure, start};
use crate::support::authority::{Authority, Certified};
use crate::support::server::{NAME, Signal, command, run};
use crate::support::until;

const FILES: [&str; 4] = ["--tls-cert", "cert.pem", "--tls-key", "key.pem"];

/// What a server says that is started with these files.
async fn complaint(dir: &Path) -> String {
    let mut command = command(dir);
    let output =
        run(command.args(["--port=0"]).args(FILES).stdout(Stdio::piped()).stderr(Stdio::piped())).await;
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[tokio::test]
async fn bad_files_are_told_at_the_start() {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    let good = Certified::self_signed(NAME);
    let text = complaint(dir.path()).await;
    assert!(text.contains("--tls-cert cert.pem: No such file"), "{text}");
    write("cert.pem", &good.certificate);
    let text = complaint(dir.path()).await;
    assert!(text.contains("--tls-key key.pem: No such file"), "{text}");
    for (certificate, key, reason) in [
        ("", &good.key[..], "there is no certificate in PEM"),
        (&good.key, &good.key, "there is no certificate in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &good.key, "cannot be read"),
        (&good.certificate, "", "there is no private key in PEM"),
        (&good.certificate, &good.certificate, "there is no private key in PEM"),
        (&good.certificate, &Certified::self_signed(NAME).key, "not that of the certificate"),
    ] {
        write("cert.pem", certificate);
        write("key.pem", key);
        let text = complaint(dir.path()).await;
        assert!(text.contains(reason) && text.contains("cert.pem") && text.contains("key.pem"), "{text}");
        assert!(!text.contains("BEGIN"), "{text}");
    }
    let mut alone = command(dir.path());
    let output = run(alone.args(["--port=0", "--tls-cert=cert.pem"]).stderr(Stdio::piped())).await;
    assert_eq!(output.status.code(), Some(2));
}

/// New handshakes see the new certificate, open connections stay; what is no good changes nothing.
#[tokio::test]
async fn a_new_certificate_is_shown_without_a_restart() {
    let server = start(&["--idle-timeout=60s"]).await;
    let dir = server.database().dir();
    let mut old = connect(&server, client(&server)).await.unwrap();
    ask(&mut old).await;
    let expiry = figure(&server, "groupcast_tls_certificate_expiry_seconds").await;

    // The key is another's.
    std::fs::write(dir.join("key.pem"), Certified::self_signed(NAME).key).unwrap();
    server.signal(Signal::HUP);
    until("the complaint", async || server.log().contains("not that of the certificate").then_some(())).await;
    ask(&mut connect(&server, client(&server)).await.unwrap()).await;

    let next = Authority::new();
    next.certify_expired(NAME).write(dir);
    server.signal(Signal::HUP);
    until("the new certificate to be counted", async || (old_figure(&mut old).await != expiry).then_some(()))
        .await;
    let next_client = || client_config(&next.certificate()).unwrap();
    let expired = connect(&server, next_client()).await.unwrap_err();
    assert!(expired.to_string().contains("xpired"), "{expired}");
    connect(&server, client(&server)).await.unwrap_err();

    // Without a signal it takes a few seconds.
    next.certify(NAME).write(dir);
    until("the new certificate", async || connect(&server, next_client()).await.ok()).await;
    connect(&server, client(&server)).await.unwrap_err();
    ask(&mut old).await;
    std::fs::remove_file(dir.join("key.pem")).unwrap();
    server.signal(Signal::HUP);
    until("the complaint", async || server.log().contains("cannot read --tls-key").then_some(())).await;
    ask(&mut connect(&server, next_client()).await.unwrap()).await;
}

/// When the certificate expires, asked over a connection that is open.
async fn old_figure(stream: &mut super::TlsStream<tokio::net::TcpStream>) -> f64 {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    stream.write_all(&crate::support::http::request("GET", "/metrics", &[], b"")).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"# EOF\n") {
        assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0);
    }
    let text = String::from_utf8(answer).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("groupcast_tls_certificate_expiry_seconds "));
    line.unwrap().parse().unwrap()
}

#[tokio::test]
async fn keys_of_all_kinds_are_taken() {
    let server = start(&[]).await;
    let authority = server.authority();
    for algorithm in [&PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certified = authority.certify_key(NAME, key);
        certified.write(server.database().dir());
        server.signal(Signal::HUP);
        until("the new certificate", async || {
            let stream = connect(&server, client(&server)).await.unwrap();
            let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
            certified.is(&shown).then_some(())
        })
        .await;
    }
}
