//! `groupcast healthcheck`, as a container runs it beside its server.

use std::net::SocketAddr;
use std::process::Output;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::database::Store;
use crate::support::server::{Server, command, run};

/// What the check comes to with the port of `address` and these variables.
async fn check(address: SocketAddr, variables: &[(&str, &str)]) -> Output {
    let dir = TempDir::new().unwrap();
    let mut command = command(dir.path());
    command.env("PORT", address.port().to_string()).envs(variables.iter().copied()).arg("healthcheck");
    run(&mut command).await
}

async fn assert_well(address: SocketAddr, variables: &[(&str, &str)]) {
    let output = check(address, variables).await;
    assert_eq!(output.status.code(), Some(0), "{variables:?}: {output:?}");
    assert!(output.stdout.is_empty() && output.stderr.is_empty(), "{output:?}");
}

/// The one line of a check that finds a server ill.
async fn complaint(address: SocketAddr, variables: &[(&str, &str)]) -> String {
    let output = check(address, variables).await;
    assert_eq!(output.status.code(), Some(1), "{variables:?}: {output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("groupcast: http://") && text.lines().count() == 1, "{text}");
    text
}

#[tokio::test]
async fn it_tells_whether_the_server_lives() {
    let mut server = Server::start_with(Store::Sqlite, &["--auth=token"]).await;
    let address = server.address();
    assert_well(address, &[]).await;
    assert_well(address, &[("HOST", "0.0.0.0")]).await;
    server.kill9().await;
    let refused = complaint(address, &[]).await;
    assert!(refused.contains("refused"), "{refused}");
}

#[tokio::test]
async fn it_finds_a_server_that_listens_on_all_addresses() {
    for host in ["0.0.0.0", "::"] {
        let server = Server::start_with(Store::Sqlite, &["--host", host]).await;
        assert_well(server.address(), &[("HOST", host)]).await;
    }
}

#[tokio::test]
async fn it_speaks_the_proxy_protocol_where_the_server_expects_that_of_it() {
    for proxies in ["127.0.0.0/8", "192.0.2.1"] {
        let trust = format!("--trusted-proxies={proxies}");
        let server = Server::start_with(Store::Sqlite, &["--proxy-protocol", &trust]).await;
        let variables = [("GROUPCAST_PROXY_PROTOCOL", "true"), ("GROUPCAST_TRUSTED_PROXIES", proxies)];
        assert_well(server.address(), &variables).await;
    }
}

/// Behind the header of the PROXY protocol, if there is one.
#[tokio::test]
async fn it_speaks_tls_where_the_server_does() {
    const TLS: [(&str, &str); 2] = [("GROUPCAST_TLS_CERT", "cert.pem"), ("GROUPCAST_TLS_KEY", "key.pem")];
    let mut server = Server::start_with(Store::SqliteOverTls, &[]).await;
    let address = server.bare_address();
    assert_well(address, &TLS).await;
    let plain = complaint(address, &[]).await;
    assert!(plain.contains("it answers HTTP/1.1 400"), "{plain}");
    server.kill9().await;
    let output = check(address, &TLS).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.starts_with("groupcast: https://") && text.contains("refused"), "{text}");

    let trust = ["--proxy-protocol", "--trusted-proxies=127.0.0.0/8"];
    let server = Server::start_with(Store::SqliteOverTls, &trust).await;
    let proxy = [("GROUPCAST_PROXY_PROTOCOL", "true"), ("GROUPCAST_TRUSTED_PROXIES", "127.0.0.0/8")];
    assert_well(server.bare_address(), &[TLS, proxy].concat()).await;
}

#[tokio::test]
async fn it_does_not_wait_for_a_server_that_says_nothing() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let asked = Instant::now();
    let text = complaint(silent.local_addr().unwrap(), &[]).await;
    assert!(text.contains("no answer within 1 s"), "{text}");
    assert!(asked.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn any_other_answer_is_a_fault() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap();
    let answering = async {
        let (mut stream, _) = other.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 503 Service Unavailable\r\n\r\n").await.unwrap();
        stream
    };
    let (text, _) = tokio::join!(complaint(address, &[]), answering);
    assert!(text.contains("it answers HTTP/1.1 503"), "{text}");
}

#[tokio::test]
async fn settings_that_cannot_be_read_are_a_usage_error() {
    let dir = TempDir::new().unwrap();
    let output = run(command(dir.path()).env("PORT", "http").arg("healthcheck")).await;
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
