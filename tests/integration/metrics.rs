//! What the server counts, as a scraper sees it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::frame::coding::Data;

use crate::support::database::Store;
use crate::support::http::Connection;
use crate::support::json::JsonSocket;
use crate::support::server::Server;
use crate::support::socket::Socket;
use crate::support::until;

both_stores!(
    what_happens_is_counted,
    series_do_not_grow_with_users,
    log_ins_are_counted,
    metrics_may_have_an_address_of_their_own,
);

/// The series of a scrape by name and labels.
struct Scrape(BTreeMap<String, f64>);

impl Scrape {
    async fn of(server: &Server) -> Self {
        let response = server.http().await.get("/metrics").await;
        assert_eq!(response.status, 200);
        let kind = response.header("content-type").unwrap();
        assert_eq!(kind, "application/openmetrics-text; version=1.0.0; charset=utf-8");
        Self::parse(std::str::from_utf8(&response.body).unwrap())
    }

    fn parse(text: &str) -> Self {
        assert!(text.ends_with("# EOF\n"), "{text}");
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self(
            lines
                .map(|line| {
                    let (series, value) = line.rsplit_once(' ').unwrap();
                    (series.to_owned(), value.parse().unwrap())
                })
                .collect(),
        )
    }

    fn get(&self, series: &str) -> f64 {
        *self.0.get(series).unwrap_or_else(|| panic!("{series} is not among {:?}", self.0.keys()))
    }

    fn is(&self, series: &str, value: f64) -> bool {
        self.0.get(series) == Some(&value)
    }
}

async fn what_happens_is_counted(store: Store) {
    let server = Server::start(store).await;
    server.users(&["alice", "bob"]).await;
    let group = server.public_group("g").await;
    let before = Scrape::of(&server).await;
    assert_eq!(before.get("groupcast_connections{mode=\"text\"}"), 0.0);
    assert_eq!(before.get("groupcast_connections{mode=\"json\"}"), 0.0);
    assert_eq!(before.get("groupcast_deliveries_total"), 0.0);

    let mut alice = JsonSocket::join(&server, group, "alice").await;
    let mut bob = Socket::open(&server, "/ws/group/g/bob").await;
    bob.expect("bob joined g.").await;
    for content in ["one", "two", "three"] {
        alice.store_as(group, content, content).await;
        bob.expect(&format!("alice: {content}")).await;
    }
    // A repeat is delivered to nobody; an edit and what is not stored are no stored messages.
    let first = alice.store_as(group, "one", "one").await;
    assert_eq!(first["duplicate"], true);
    let edit = json!({
        "type": "edit", "group_id": group, "message_id": first["message_id"], "content": "1",
    });
    assert_eq!(alice.ask(edit).await["duplicate"], false);
    bob.expect("alice (edited): 1").await;
    let ephemeral = json!({ "type": "send", "group_id": group, "content": "psst", "ephemeral": true });
    assert_eq!(alice.ask(ephemeral).await["ephemeral"], true);
    bob.expect("alice: psst").await;

    let scrape = Scrape::of(&server).await;
    assert_eq!(scrape.get("groupcast_connections{mode=\"text\"}"), 1.0);
    assert_eq!(scrape.get("groupcast_connections{mode=\"json\"}"), 1.0);
    assert_eq!(scrape.get("groupcast_messages_committed_total"), 3.0);
    // Three messages and the one that is not stored, to two sockets each.
    assert_eq!(scrape.get("groupcast_deliveries_total"), 8.0);
    // Three sends and the edit.
    assert_eq!(scrape.get("groupcast_commit_seconds_count"), 4.0);
    assert_eq!(scrape.get("groupcast_batch_messages_sum"), 4.0);
    assert_eq!(scrape.get("groupcast_lagged_total"), 0.0);
    let created = "groupcast_http_requests_total{method=\"POST\",route=\"/api/v1/users/\",status=\"200\"}";
    assert_eq!(scrape.get(created), 2.0);
    let upgraded = "groupcast_http_requests_total{method=\"GET\",route=\"/ws/group/{group_name}/{username}\",status=\"101\"}";
    assert_eq!(scrape.get(upgraded), 1.0);
    assert!(scrape.get("process_resident_memory_bytes") > 1e6);
    assert!(scrape.get("process_start_time_seconds") > 1.7e9);
    assert!(scrape.0.keys().any(|series| series.starts_with("groupcast_build_info{version=")));

    // A replay is no live delivery; a batch is counted as delivered when its last core has let go of it, and what was
    // queued or in an outbox as gone once somebody has seen it.
    let mut late = JsonSocket::hello(&server, "bob").await;
    late.send(json!({ "type": "subscribe", "group_id": group, "after": 0 })).await;
    late.until("caught_up").await;
    bob.send_frame(b"no text", Data::Binary, true).await;
    until("the socket to be gone", async || {
        let scrape = Scrape::of(&server).await;
        let is_gone = scrape.is("groupcast_deliveries_total", 8.0)
            && scrape.is("groupcast_delivery_seconds_count", 4.0)
            && scrape.is("groupcast_queue_messages", 0.0)
            && scrape.is("groupcast_outbox_bytes", 0.0)
            && scrape.is("groupcast_connections{mode=\"text\"}", 0.0)
            && scrape.is("groupcast_connections{mode=\"json\"}", 2.0)
            && scrape.is("groupcast_dropped_sockets_total{reason=\"unsupported_data\"}", 1.0);
        is_gone.then_some(())
    })
    .await;
}

async fn series_do_not_grow_with_users(store: Store) {
    let server = Server::start(store).await;
    let group = server.public_group("g").await;
    let mut sizes = Vec::new();
    for round in 0..2 {
        for user in 0..5 {
            let name = format!("user-{round}-{user}");
            let id = server.user(&name).await;
            let mut socket = JsonSocket::join(&server, group, &name).await;
            socket.store(group, &name).await;
            let mut http = server.http().await;
            http.get(&format!("/api/v1/users/{id}")).await.ok();
            http.get(&format!("/nothing/{name}")).await;
            http.request(&format!("X{user}"), "/healthz", &[], b"").await;
        }
        let text = String::from_utf8(server.http().await.get("/metrics").await.body.to_vec()).unwrap();
        assert!(!text.contains("user-") && !text.contains("nothing"), "{text}");
        sizes.push(Scrape::parse(&text).0.len());
    }
    // The scrape itself is counted after it was written.
    assert!(sizes[1] <= sizes[0] + 1, "{sizes:?}");
}

async fn log_ins_are_counted(store: Store) {
    let server = Server::start(store).await;
    let user = json!({ "username": "alice", "email": "alice@example.org", "password": "right" });
    let mut http = server.http().await;
    http.post("/api/v1/users/", &user).await.ok();
    for password in ["right", "wrong", "wrong"] {
        http.post("/api/v1/sessions/", &json!({ "username": "alice", "password": password })).await;
    }
    let scrape = Scrape::of(&server).await;
    for (result, count) in [("ok", 1.0), ("wrong", 2.0), ("locked", 0.0), ("unavailable", 0.0)] {
        assert_eq!(scrape.get(&format!("groupcast_logins_total{{result=\"{result}\"}}")), count);
    }
}

async fn metrics_may_have_an_address_of_their_own(store: Store) {
    let server = Server::start_with(store, &["--metrics-listen=127.0.0.1:0"]).await;
    server.http().await.get("/metrics").await.detail(404);
    let log = server.log();
    let (_, rest) = log.split_once("metrics on http://").unwrap_or_else(|| panic!("{log}"));
    let (address, _) = rest.split_once("/metrics").unwrap();
    let mut http = Connection::open(address.parse().unwrap()).await;
    let response = http.get("/metrics").await;
    let scrape = Scrape::parse(std::str::from_utf8(&response.body).unwrap());
    assert_eq!(scrape.get("groupcast_connections{mode=\"json\"}"), 0.0);
    assert_eq!(http.get("/healthz").await.status, 404);
    let refused = http.post("/metrics", &Value::Null).await;
    assert_eq!((refused.status, refused.header("allow")), (405, Some("GET")));
}

/// The names of series in these texts: words that begin as those of this server do.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("groupcast_") || word.starts_with("process_"))
}

#[tokio::test]
async fn dashboards_and_alerts_name_what_there_is() {
    let server = Server::start(Store::Sqlite).await;
    server.users(&["alice"]).await;
    let group = server.public_group("g").await;
    let mut alice = JsonSocket::join(&server, group, "alice").await;
    alice.store(group, "one").await;
    let mut binary = Socket::open(&server, "/ws/group/g/alice").await;
    binary.send_frame(b"no text", Data::Binary, true).await;
    let scrape = until("a dropped socket", async || {
        let scrape = Scrape::of(&server).await;
        let is_counted = scrape.0.keys().any(|series| series.starts_with("groupcast_dropped_sockets_total"));
        is_counted.then_some(scrape)
    })
    .await;
    // One of several servers has some more.
    let node = Server::start_with(Store::Postgres, &["--cluster=postgres"]).await;
    let shared = Scrape::of(&node).await;
    // And so has one that speaks TLS.
    let secure = Scrape::of(&Server::start(Store::SqliteOverTls).await).await;
    let series = scrape.0.keys().chain(shared.0.keys()).chain(secure.0.keys());
    let known: Vec<&str> = series.filter_map(|series| series.split('{').next()).collect();
    for file in ["ops/grafana.json", "ops/alerts.yml"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        assert!(names(&text).next().is_some(), "{file} names nothing");
        for name in names(&text) {
            assert!(known.contains(&name), "{file} names {name}, which is not there: {known:?}");
        }
    }
}
