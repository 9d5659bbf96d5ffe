//! Several nodes on one database.

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::access::scene::User;
use crate::support::database::{Database, postgres_url};
use crate::support::http::Response;
use crate::support::json::JsonSocket;
use crate::support::nats::Nats;
use crate::support::server::Server;
use crate::support::{off_thread, until};

/// What carries between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Nats,
    Postgres,
}

impl By {
    /// What a node is told.
    pub(super) async fn carrier(self) -> String {
        match self {
            Self::Nats => off_thread(|| Nats::shared().url()).await,
            Self::Postgres => "postgres".to_owned(),
        }
    }
}

/// Runs each of the named functions, `async fn(By)`, as a test over NATS and as one over LISTEN and NOTIFY.
macro_rules! by_both {
    ($($name:ident),+ $(,)?) => {
        tests_with!(nats, $crate::cluster::scene::By::Nats, $($name),+);
        tests_with!(postgres, $crate::cluster::scene::By::Postgres, $($name),+);
    };
}
pub(super) use by_both;

/// Nodes that run.
pub(super) struct Nodes(Vec<Server>);

impl Nodes {
    /// So many on an empty database, which know of each other.
    pub(super) async fn start(by: By, count: usize) -> Self {
        Self::start_with(by, count, &[]).await
    }

    /// The same in token mode.
    pub(super) async fn start_guarded(by: By, count: usize) -> Self {
        Self::start_with(by, count, &["--auth=token"]).await
    }

    /// The same with further options of each.
    pub(super) async fn start_with(by: By, count: usize, options: &[&str]) -> Self {
        let (url, carrier) = (postgres_url().await, by.carrier().await);
        Self::start_on(&vec![(&*url, &*carrier); count], options).await
    }

    /// Nodes that reach the database and each other by these.
    pub(super) async fn start_on(ways: &[(&str, &str)], options: &[&str]) -> Self {
        let nodes = Self::start_apart(ways, options).await;
        nodes.see_each_other().await;
        nodes
    }

    /// The same without waiting until they know of each other.
    pub(super) async fn start_apart(ways: &[(&str, &str)], options: &[&str]) -> Self {
        Self(join_all(ways.iter().map(|(url, carrier)| node(url, carrier, options))).await)
    }

    /// Waits until each knows that the others are there, and has a way to them.
    pub(super) async fn see_each_other(&self) {
        for server in &self.0 {
            until("nodes that see each other", async || {
                let count = figure(server, "groupcast_cluster_nodes").await;
                let is_up = figure(server, "groupcast_cluster_up").await;
                (count == Some(self.0.len() as f64) && is_up == Some(1.0)).then_some(())
            })
            .await;
        }
    }

    /// What each of them answers to this request.
    pub(super) async fn all_say(&self, user: &User, path: &str) -> Vec<Response> {
        let ask =
            self.0.iter().map(|node| async move { node.request_as(user, "GET", path, &Value::Null).await });
        join_all(ask).await
    }
}

/// One that is not waited for by others.
pub(super) async fn node(url: &str, carrier: &str, options: &[&str]) -> Server {
    let options = [&["--cluster", carrier, "--threads", "2"], options].concat();
    Server::start_on(Database::at(url.to_owned()), &options).await
}

/// A figure without labels that the server counts.
pub(super) async fn figure(server: &Server, name: &str) -> Option<f64> {
    let response = server.http().await.get("/metrics").await;
    let text = String::from_utf8(response.body.clone()).expect("text");
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

impl Deref for Nodes {
    type Target = [Server];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Nodes {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Messages without end from a socket, whatever becomes of them, until it is aborted or closed.
pub(super) fn flood(mut socket: JsonSocket, group: i64) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        for number in 0.. {
            let message = json!({ "type": "send", "group_id": group, "content": number.to_string() });
            socket.send(message).await;
            if number % 8 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    })
}
