//! How often one address may connect.

use super::{PROXY, STRANGER, Tally, handshake, http_from, tcp_from};
use crate::support::database::Store;
use crate::support::http::{Connection, request};
use crate::support::server::Server;

const TRIES: usize = 30;
const REFUSED: &str = "Too many connections";

async fn start(options: &[&str]) -> Server {
    let limit = ["--trusted-proxies=127.0.0.2", "--connect-rate=1", "--connect-burst=1"];
    Server::start_with(Store::Sqlite, &[&limit[..], options].concat()).await
}

#[tokio::test]
async fn a_connection_above_the_rate_is_told_so_and_closed() {
    let server = start(&[]).await;
    let mut tally = Tally::start();
    for _ in 0..TRIES {
        let mut connection = http_from(&server, STRANGER).await;
        let answer = connection.get("/healthz").await;
        tally.count(&answer, 200, REFUSED);
        if answer.status == 429 {
            assert_eq!(answer.header("connection"), Some("close"));
            assert_eq!(connection.closed().await, "");
        }
    }
    tally.assert_one_rate();
    // Requests of a connection that is there are not counted, nor are other addresses.
    let mut other = http_from(&server, "127.0.0.4").await;
    for _ in 0..TRIES {
        assert_eq!(other.get("/healthz").await.status, 200);
    }
}

#[tokio::test]
async fn through_a_proxy_the_sockets_of_each_client_count() {
    let server = start(&[]).await;
    for number in 1..=TRIES {
        assert_eq!(http_from(&server, PROXY).await.get("/healthz").await.status, 200);
        let client = format!("192.0.2.{number}");
        assert_eq!(handshake(&server, PROXY, &[("X-Forwarded-For", &client)]).await.status, 101);
        // The proxy itself is not limited.
        assert_eq!(handshake(&server, PROXY, &[]).await.status, 101);
    }
    let mut tally = Tally::start();
    for _ in 0..TRIES {
        let answer = handshake(&server, PROXY, &[("Forwarded", "for=192.0.2.200")]).await;
        tally.count(&answer, 101, REFUSED);
    }
    tally.assert_one_rate();
    // Requests are no connections.
    let mut proxy = http_from(&server, PROXY).await;
    for _ in 0..TRIES {
        let answer = proxy.request("GET", "/healthz", &[("X-Forwarded-For", "192.0.2.200")], b"").await;
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn through_the_proxy_protocol_the_connections_of_each_client_count() {
    let server = start(&["--proxy-protocol"]).await;
    let connect = async |client: &str| {
        let mut connection = Connection::over(tcp_from(&server, PROXY).await);
        let header = format!("PROXY TCP4 {client} 127.0.0.1 4711 80\r\n");
        connection.send([header.as_bytes(), &request("GET", "/healthz", &[], b"")].concat()).await;
        connection.receive().await
    };
    for number in 1..=TRIES {
        assert_eq!(connect(&format!("192.0.2.{number}")).await.status, 200);
    }
    let mut tally = Tally::start();
    for _ in 0..TRIES {
        tally.count(&connect("192.0.2.200").await, 200, REFUSED);
    }
    tally.assert_one_rate();
}
