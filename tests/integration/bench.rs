//! `groupcast bench`: a quick measurement.

use std::process::Output;

use serde_json::{Value, json};

use crate::support::database::{Database, Store};
use crate::support::server::{command, run};

async fn bench(database: &Database, options: &[&str]) -> Output {
    run(command(database.dir()).arg("bench").args(options)).await
}

#[tokio::test]
async fn every_message_reaches_every_socket() {
    for store in [Store::Sqlite, Store::Postgres] {
        let database = Database::create(store).await;
        let options = ["--sockets=10", "--groups=2", "--rate=50", "--seconds=1", "--json"];
        let database_url = ["--database-url", database.url()];
        let output = bench(&database, &[&options[..], &database_url].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!((&report["sockets"], &report["groups"]), (&json!(10), &json!(2)));
        let phases = report["phases"].as_array().expect("a list");
        assert_eq!([&phases[0]["pace"], &phases[1]["pace"]], ["steady", "flat out"]);
        for phase in phases {
            let [messages, deliveries] = ["messages", "deliveries"].map(|name| phase[name].as_u64().unwrap());
            assert!(messages > 0 && deliveries == messages * 5, "{phase}");
            assert!(phase["latency_us"]["max"].as_u64() >= phase["latency_us"]["p50"].as_u64(), "{phase}");
        }
    }
}

#[tokio::test]
async fn people_get_a_table_and_bars() {
    let database = Database::create(Store::Sqlite).await;
    let output = bench(&database, &["--sockets=2", "--rate=50", "--seconds=1"]).await;
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["2 sockets in 1 group", "deliveries a second", "latency, p99", "█", "flat out"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[tokio::test]
async fn what_cannot_be_measured_is_one_clear_line() {
    let database = Database::create(Store::Sqlite).await;
    for (options, status, reason) in [
        (["--sockets=0"], 2, "0 is not in 1..=15000"),
        (["--database-url=mysql://u:secret@h/d"], 2, "must start with postgres://"),
        (["--database-url=sqlite:/nowhere/at/all.sqlite"], 1, "/nowhere/at/all.sqlite"),
    ] {
        let output = bench(&database, &options).await;
        let line = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{line}");
        assert!(line.lines().count() == 1 && line.contains(reason) && !line.contains("secret"), "{line}");
    }
}
