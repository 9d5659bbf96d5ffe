//! The client's address, by the rate of requests that each has for itself.

use super::{PROXY, STRANGER, Tally, http_from};
use crate::support::database::Store;
use crate::support::http::Connection;
use crate::support::server::Server;

const TRIES: usize = 30;
const PATH: &str = "/api/v1/groups/";

async fn start(proxies: &str) -> Server {
    let options = ["--trusted-proxies", proxies, "--request-rate=1", "--request-burst=1"];
    Server::start_with(Store::Sqlite, &options).await
}

/// Makes requests, each with the header that `value` gives for its number.
async fn ask(connection: &mut Connection, name: &str, value: impl Fn(usize) -> String) -> Tally {
    let mut tally = Tally::start();
    for number in 1..=TRIES {
        let answer = connection.request("GET", PATH, &[(name, &value(number))], b"").await;
        tally.count(&answer, 200, "Too many requests");
    }
    tally
}

#[tokio::test]
async fn a_trusted_proxy_tells_whom_a_request_is_from() {
    let server = start("127.0.0.2,10.0.0.0/8").await;
    let mut proxy = http_from(&server, PROXY).await;
    let all = TRIES as u64;
    assert_eq!(ask(&mut proxy, "X-Forwarded-For", |n| format!("192.0.2.{n}")).await.taken, all);
    assert_eq!(ask(&mut proxy, "Forwarded", |n| format!("for=\"198.51.100.{n}:80\"")).await.taken, all);
    assert_eq!(ask(&mut proxy, "X-Forwarded-For", |n| format!("2001:db8:0:{n}::1")).await.taken, all);
    // Behind proxies in a row it is the first that is none of them; what a client makes up stands left of it.
    let row = |n| format!("192.0.2.99, 203.0.113.{n}, 10.0.0.{n}, 127.0.0.2");
    assert_eq!(ask(&mut proxy, "X-Forwarded-For", row).await.taken, all);

    ask(&mut proxy, "X-Forwarded-For", |_| "192.0.2.200".to_owned()).await.assert_one_rate();
    ask(&mut proxy, "X-Forwarded-For", |n| format!("192.0.2.{n}, 192.0.2.201")).await.assert_one_rate();
    // All addresses of a /64 are one client's.
    ask(&mut proxy, "X-Forwarded-For", |n| format!("2001:db8:1:1::{n}")).await.assert_one_rate();
    // What is no address is nobody but the proxy.
    ask(&mut proxy, "X-Forwarded-For", |n| format!("192.0.2.{n}, unknown")).await.assert_one_rate();
}

#[tokio::test]
async fn nobody_else_is_believed() {
    let server = start("127.0.0.2").await;
    for (source, name) in [(STRANGER, "X-Forwarded-For"), ("127.0.0.4", "Forwarded")] {
        let mut stranger = http_from(&server, source).await;
        let value = |n| if name == "Forwarded" { format!("for=192.0.2.{n}") } else { format!("192.0.2.{n}") };
        ask(&mut stranger, name, value).await.assert_one_rate();
    }
}
