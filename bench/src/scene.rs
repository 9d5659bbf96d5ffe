//! The server that is measured, and who is there.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Stdio, id};
use std::time::Duration;

use groupcast_kit::http::Connection;
use groupcast_kit::process::Process;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::error::BenchError;
use crate::options::Options;

/// How long the server may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server, its groups and a user who may read them all.
pub(crate) struct Scene {
    pub(crate) server: Process,
    /// What keeps the messages, for people.
    pub(crate) store: &'static str,
    pub(crate) user: String,
    pub(crate) groups: Vec<i64>,
    _folder: Option<TempDir>,
}

impl Scene {
    pub(crate) async fn start(options: &Options) -> Result<Self, BenchError> {
        let (url, folder) = match &options.database_url {
            Some(url) => (url.clone(), None),
            None => {
                let folder = TempDir::new()?;
                (format!("sqlite:{}", folder.path().join("bench.sqlite").display()), Some(folder))
            }
        };
        let store = match (url.starts_with("postgres"), &folder) {
            (true, _) => "Postgres",
            (false, Some(_)) => "temporary SQLite file",
            (false, None) => "SQLite",
        };
        let mut command = Command::new(std::env::current_exe()?);
        command
            // Its clients here speak none.
            .env_remove("GROUPCAST_TLS_CERT")
            .env_remove("GROUPCAST_TLS_KEY")
            .env_remove("GROUPCAST_ACME_DOMAIN")
            .env("HOST", Ipv4Addr::LOCALHOST.to_string())
            .env("PORT", "0")
            .env("DATABASE_URL", url)
            .env("GROUPCAST_AUTH", "username")
            .stderr(Stdio::piped())
            // Ctrl-C is for the one who measures; the server ends with it.
            .process_group(0);
        let server = Process::start(command, PATIENCE).await?;
        let mut http = Connection::open(server.address()).await?;
        // Apart from those of others on the same database.
        let user = format!("bench-{}", id());
        let account =
            json!({ "username": user, "email": format!("{user}@example.com"), "password": "bench" });
        made(&mut http, "/api/v1/users/", &account).await?;
        let mut groups = Vec::with_capacity(options.groups);
        for index in 0..options.groups {
            let group = json!({ "name": format!("{user}-{index}"), "is_private": false });
            groups.push(made(&mut http, "/api/v1/groups/", &group).await?);
        }
        Ok(Self { server, store, user, groups, _folder: folder })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.server.address()
    }
}

/// Creates something and gives its number.
async fn made(http: &mut Connection, path: &str, body: &Value) -> Result<i64, BenchError> {
    let headers = [("Content-Type", "application/json")];
    let answer = http.request("POST", path, &headers, body.to_string().as_bytes()).await?;
    let id = serde_json::from_slice::<Value>(&answer.body).ok().and_then(|body| body["id"].as_i64());
    id.ok_or_else(|| BenchError::Answer(format!("POST {path}: {answer:?}")))
}
