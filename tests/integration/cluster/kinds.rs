//! Which servers share a database, and what they show of it.

use std::process::Stdio;

use super::scene::{By, Nodes, figure, node};
use crate::support::database::{Database, Store, postgres_url};
use crate::support::server::{Server, command, run};

/// How a server is started.
const ALONE: &str = "";
const POSTGRES: &str = "postgres";

async fn start(url: &str, carrier: &str) -> Server {
    match carrier {
        ALONE => Server::start_on(Database::at(url.to_owned()), &[]).await,
        carrier => node(url, carrier, &[]).await,
    }
}

/// Tries to start one, which is to be refused, and gives what it says.
async fn refused(url: &str, options: &[&str]) -> String {
    let directory = Database::at(url.to_owned());
    let mut command = command(directory.dir());
    command.env("DATABASE_URL", url).args(["--port", "0"]).args(options);
    let output = run(command.stdout(Stdio::piped()).stderr(Stdio::piped())).await;
    assert_ne!(output.status.code().unwrap_or_default(), 0, "{output:?}");
    let said = String::from_utf8(output.stderr).expect("text");
    let reasons: Vec<&str> =
        said.lines().filter(|line| line.starts_with("groupcast: ") || line.starts_with("error: ")).collect();
    assert_eq!(reasons.len(), 1, "{said}");
    reasons[0].to_owned()
}

#[tokio::test]
async fn servers_of_different_kinds_refuse_each_other() {
    let nats = By::Nats.carrier().await;
    for (running, others) in
        [(ALONE, [&*nats, POSTGRES]), (&*nats, [ALONE, POSTGRES]), (POSTGRES, [ALONE, &*nats])]
    {
        let url = postgres_url().await;
        let mut server = start(&url, running).await;
        let group = server.public_group("g").await;
        server.user("alice").await;
        for other in others {
            let options = if other == ALONE { vec![] } else { vec!["--cluster", other] };
            let reason = refused(&url, &options).await;
            let how = match running {
                ALONE => "without --cluster",
                POSTGRES => "with --cluster=postgres",
                _ => "with --cluster=nats",
            };
            assert!(reason.contains(how), "{reason}");
        }
        let mut alice = crate::support::json::JsonSocket::join(&server, group, "alice").await;
        assert_eq!(alice.store(group, "undisturbed").await["seq"], 1);
        alice.vanish();
        // The others come in at once after a clean stop, and after a kill once the database has noticed.
        let mut sent = 1;
        for other in others {
            assert_eq!(server.terminate().await.code(), Some(0));
            server = start(&url, other).await;
            let mut alice = crate::support::json::JsonSocket::join(&server, group, "alice").await;
            sent += 1;
            assert_eq!(alice.store(group, "goes on").await["seq"], sent);
            alice.vanish();
        }
        server.kill9().await;
        let server = start(&url, running).await;
        let mut alice = crate::support::json::JsonSocket::join(&server, group, "alice").await;
        assert_eq!(alice.store(group, "goes on").await["seq"], sent + 1);
        assert_eq!(server.messages(group).await.len() as u64, sent + 1);
    }
}

#[tokio::test]
async fn what_nodes_cannot_do_is_refused() {
    let sqlite = Database::create(Store::Sqlite).await;
    let reason = refused(sqlite.url(), &["--cluster", POSTGRES]).await;
    assert!(reason.contains("--cluster needs a Postgres database"), "{reason}");
    let url = postgres_url().await;
    let reason = refused(&url, &["--cluster", POSTGRES, "--deliver", "eager"]).await;
    assert!(reason.contains("--deliver=eager"), "{reason}");
    let reason = refused(&url, &["--cluster", "nats://user:secret@127.0.0.1:port"]).await;
    assert!(reason.contains("--cluster") && !reason.contains("secret"), "{reason}");
}

#[tokio::test]
async fn nodes_are_counted() {
    const NAMES: [&str; 5] = [
        "groupcast_cluster_nodes",
        "groupcast_cluster_up",
        "groupcast_cluster_lag_entries",
        "groupcast_cluster_filled_entries_total",
        "groupcast_cluster_dropped_payloads_total",
    ];
    for by in [By::Nats, By::Postgres] {
        let mut nodes = Nodes::start(by, 2).await;
        for name in NAMES {
            assert!(figure(&nodes[0], name).await.is_some(), "{name}");
        }
        // Of those who stop the others know soon.
        nodes[1].terminate().await;
        crate::support::until("one node", async || {
            (figure(&nodes[0], NAMES[0]).await == Some(1.0)).then_some(())
        })
        .await;
    }
    let alone = Server::start(Store::Postgres).await;
    let metrics = alone.http().await.get("/metrics").await;
    assert!(!String::from_utf8_lossy(&metrics.body).contains("groupcast_cluster"));
}
