//! Certificates by ACME, from a real authority.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use groupcast_kit::pebble::{Pebble, free_ports};
use groupcast_kit::tunnel::{Tunnel, client_config};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::support::authority::Authority;
use crate::support::database::{Database, Store};
use crate::support::http::Connection;
use crate::support::server::Server;
use crate::support::{off_thread, until};

const HOST: &str = "localhost";

struct Scene {
    pebble: Pebble,
    /// Who has signed the certificate of the authority's own API.
    api: Authority,
    port: u16,
}

impl Scene {
    async fn new(validity_seconds: u64) -> Self {
        let [port] = free_ports();
        let api = Authority::new();
        let own = api.certify(HOST);
        let pebble =
            off_thread(move || Pebble::launch(port, validity_seconds, &own.certificate, &own.key)).await;
        Self { pebble, api, port }
    }

    fn options(&self, dir: &Path) -> Vec<String> {
        std::fs::write(dir.join("api.pem"), self.api.certificate()).unwrap();
        [
            format!("--port={}", self.port),
            format!("--acme-domain={HOST}"),
            "--acme-email=admin@example.com".to_owned(),
            format!("--acme-directory={}", self.pebble.directory()),
            "--acme-ca=api.pem".to_owned(),
        ]
        .to_vec()
    }

    async fn start(&self) -> Server {
        let database = Database::create(Store::Sqlite).await;
        let options = self.options(database.dir());
        Server::start_on(database, &options.iter().map(String::as_str).collect::<Vec<_>>()).await
    }

    /// The certificate by which the authority signs.
    async fn root(&self) -> String {
        let address = ([127, 0, 0, 1], self.pebble.management_port()).into();
        let tunnel = Tunnel::start(address, &self.api.certificate(), HOST).unwrap();
        let answer = Connection::open(tunnel.address()).await.get("/roots/0").await;
        String::from_utf8(answer.body.to_vec()).unwrap()
    }

    /// A connection to the server, which shows a certificate of this root.
    async fn connect(&self, root: &str) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        let connector = TlsConnector::from(std::sync::Arc::new(client_config(root)?));
        connector.connect(ServerName::try_from(HOST).unwrap(), stream).await
    }

    /// The certificate that the server shows, once it shows one of this root.
    async fn shown(&self, root: &str) -> Vec<u8> {
        until("a certificate by ACME", async || {
            let mut stream = self.connect(root).await.ok()?;
            let shown = stream.get_ref().1.peer_certificates()?[0].to_vec();
            stream.shutdown().await.ok()?;
            Some(shown)
        })
        .await
    }
}

/// It is got over the server's own port, kept for the next start in files of its own, and renewed when it is old.
#[tokio::test]
async fn a_certificate_is_got_and_kept_and_renewed() {
    let scene = Scene::new(3_600).await;
    let mut server = scene.start().await;
    let root = scene.root().await;
    let first = scene.shown(&root).await;
    let mut stream = scene.connect(&root).await.unwrap();
    super::ask(&mut stream).await;

    let cache = server.database().dir().join("acme");
    for name in ["account.json", "certificate.json"] {
        let mode = std::fs::metadata(cache.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert!(!server.log().contains("PRIVATE KEY"));

    server.terminate().await;
    server.restart().await;
    assert_eq!(scene.shown(&root).await, first, "the one that was kept");

    // Of a certificate for other names nothing is left.
    server.terminate().await;
    let kept = std::fs::read_to_string(cache.join("certificate.json")).unwrap();
    std::fs::write(cache.join("certificate.json"), kept.replace("\"localhost\"", "\"elsewhere\"")).unwrap();
    server.restart().await;
    assert_ne!(scene.shown(&root).await, first, "a new one");
}

/// One that has less than a third of its time left is not waited for.
#[tokio::test]
async fn an_old_certificate_is_renewed() {
    let scene = Scene::new(6).await;
    let mut server = scene.start().await;
    let kept = server.database().dir().join("acme/certificate.json");
    let first = until("a first certificate", async || std::fs::read(&kept).ok()).await;
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    server.terminate().await;
    server.restart().await;
    until("another certificate", async || std::fs::read(&kept).ok().filter(|now| *now != first)).await;
}

/// Without a certificate there is no connection, and the log says why; the server lives.
#[tokio::test]
async fn an_authority_that_is_away_is_told_of() {
    let [port, nobody] = free_ports();
    let options = [
        format!("--port={port}"),
        format!("--acme-domain={HOST}"),
        format!("--acme-directory=https://localhost:{nobody}/dir"),
    ];
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let mut server = Server::start_with(Store::Sqlite, &options).await;
    until("the complaint", async || server.log().contains("no new certificate by ACME").then_some(())).await;
    let config = client_config(&Authority::new().certificate()).unwrap();
    let connector = TlsConnector::from(std::sync::Arc::new(config));
    connector.connect(ServerName::try_from(HOST).unwrap(), server.tcp().await).await.unwrap_err();
    assert_eq!(server.terminate().await.code(), Some(0));
}
