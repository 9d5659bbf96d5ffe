//! REST.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use groupcast_kit::http::Connection;
use groupcast_kit::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::entry::{Entry, Message};
use crate::error::VerifyError;
use crate::ids::{GroupId, Seq, UserId};

/// Messages or entries asked for at a time.
const PAGE_ENTRIES: usize = 500;

/// A REST client. Each request takes a connection of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rest {
    pub(crate) address: SocketAddr,
    /// How long an answer may take.
    pub(crate) patience: Duration,
}

/// Who of a group is there.
#[derive(Deserialize)]
pub(crate) struct Presence {
    pub(crate) online: usize,
    /// Absent where they are many.
    pub(crate) users: Option<Vec<Created<UserId>>>,
}

#[derive(Deserialize)]
pub(crate) struct Created<Id> {
    pub(crate) id: Id,
}

impl Rest {
    /// Creates a user.
    pub(crate) async fn create_user(&self, name: &str) -> Result<UserId, VerifyError> {
        let email = format!("{name}@example.com");
        self.create("/api/v1/users/", json!({ "username": name, "email": email, "password": "verify" })).await
    }

    /// Creates a public group.
    pub(crate) async fn create_group(&self, name: &str) -> Result<GroupId, VerifyError> {
        self.create("/api/v1/groups/", json!({ "name": name, "is_private": false })).await
    }

    /// Who of a group is there, as one of its members is told.
    pub(crate) async fn presence(&self, group: GroupId, reader: UserId) -> Result<Presence, VerifyError> {
        self.read(&format!("/api/v1/groups/{group}/presence/?user_id={reader}")).await
    }

    /// The next messages of a group after a place, as lists show them; none if there are no more.
    pub(crate) async fn messages(&self, group: GroupId, after: Seq) -> Result<Vec<Message>, VerifyError> {
        self.read(&format!("/api/v1/messages/?group_id={group}&after_seq={after}&limit={PAGE_ENTRIES}")).await
    }

    /// The next entries of a group's log after a place; none if there are no more.
    pub(crate) async fn log(&self, group: GroupId, after: Seq) -> Result<Vec<Entry>, VerifyError> {
        self.read(&format!("/api/v1/groups/{group}/log/?after_seq={after}&limit={PAGE_ENTRIES}")).await
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, VerifyError> {
        let answer = self.ask("GET", path, b"").await?;
        serde_json::from_slice(&answer).map_err(|error| {
            VerifyError::Rest(format!("GET {path} is not answered as it should be: {error}"))
        })
    }

    /// Creates something and returns its number.
    async fn create<Id: DeserializeOwned>(&self, path: &str, body: Value) -> Result<Id, VerifyError> {
        let answer = self.ask("POST", path, body.to_string().as_bytes()).await?;
        serde_json::from_slice::<Created<Id>>(&answer).map(|created| created.id).map_err(|_| {
            let answer = String::from_utf8_lossy(&answer);
            VerifyError::Rest(format!("POST {path} is not answered with an id: {answer}"))
        })
    }

    /// Makes a request and returns the body of a 200.
    async fn ask(&self, method: &str, path: &str, body: &[u8]) -> Result<Vec<u8>, VerifyError> {
        let failed = |why: String| VerifyError::Rest(format!("{method} {path}: {why}"));
        let exchange = self.exchange(method, path, &[("Content-Type", "application/json")], body);
        let answer = timeout(self.patience, exchange).await;
        let answer = answer
            .map_err(|_| failed(format!("no answer after {:?}", self.patience)))?
            .map_err(|error| failed(error.to_string()))?;
        match answer.status {
            200 => Ok(answer.body),
            status => {
                Err(failed(format!("answered with {status} {}", String::from_utf8_lossy(&answer.body))))
            }
        }
    }

    /// Makes a request over a connection of its own; the time that it may take is the caller's.
    pub(crate) async fn exchange(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<Response> {
        let mut connection = Connection::open(self.address).await?;
        connection.request(method, path, headers, body).await
    }
}

/// A text as it stands in a path: every byte escaped.
pub(crate) fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}
