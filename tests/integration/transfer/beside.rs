//! Beside a running server.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;

use super::program::{complaint, export, imported, other};
use crate::support::database::Store;
use crate::support::json::JsonSocket;
use crate::support::server::Server;

both_stores!(an_export_beside_a_running_server_is_of_one_moment, nothing_is_imported_beside_a_running_server,);

/// Exports that are made while messages come.
const EXPORTS: usize = 5;

async fn an_export_beside_a_running_server_is_of_one_moment(store: Store) {
    let server = Server::start(store).await;
    server.user("alice").await;
    let group = server.public_group("g").await;
    let mut socket = JsonSocket::join(&server, group, "alice").await;
    let is_over = AtomicBool::new(false);
    let talking = async {
        let mut seq = 0;
        while !is_over.load(Ordering::Relaxed) {
            seq = socket.store(group, "x").await["seq"].as_u64().unwrap();
        }
        seq
    };
    let exporting = async {
        let mut exports = Vec::new();
        for _ in 0..EXPORTS {
            exports.push(export(server.database()).await);
        }
        is_over.store(true, Ordering::Relaxed);
        exports
    };
    let (last, exports) = tokio::join!(talking, exporting);
    let mut before = 0;
    for export in &exports {
        let records = |kind: &str| -> Vec<Value> {
            let lines = export.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
            lines.filter_map(|mut line| line.get_mut(kind).map(Value::take)).collect()
        };
        let messages = records("message");
        for (index, message) in messages.iter().enumerate() {
            assert_eq!(message["seq"], index + 1, "no message is left out");
        }
        let head = messages.len() as u64;
        assert_eq!(records("membership")[0]["read_seq"], head, "marks are of the same moment");
        assert!((before..=last).contains(&head), "{head}");
        before = head;
    }
    assert!(before > 0, "messages came while exports were made");
    imported(other(store), exports.last().unwrap()).await;
}

async fn nothing_is_imported_beside_a_running_server(store: Store) {
    let server = Server::start(store).await;
    let export = export(server.database()).await;
    let complaint = complaint(server.database(), &["import"], export.as_bytes()).await;
    assert!(complaint.contains("another groupcast server is using "), "{complaint}");
    assert!(complaint.contains("stop it first"), "{complaint}");
    server.user("alice").await;
}
