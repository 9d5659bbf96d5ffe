//! The few REST requests of a check.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::model::{GroupId, Seq, UserId};
use crate::protocol::json::{self, Value};

use super::error::VerifyError;
use super::event::{Message, integer, quoted};

/// Messages asked for at a time.
const PAGE_MESSAGES: usize = 500;
/// The longest answer taken, in bytes; a page of the longest messages that are sent has room in it.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// A REST client. Each request takes a connection of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest {
    pub(super) address: SocketAddr,
    /// How long an answer may take.
    pub(super) patience: Duration,
}

impl Rest {
    /// Creates a user.
    pub(super) async fn create_user(&self, name: &str) -> Result<UserId, VerifyError> {
        let email = quoted(&format!("{name}@example.com"));
        let body = format!(r#"{{"username":{},"email":{email},"password":"verify"}}"#, quoted(name));
        Ok(UserId(self.create("/api/v1/users/", body).await?))
    }

    /// Creates a public group.
    pub(super) async fn create_group(&self, name: &str) -> Result<GroupId, VerifyError> {
        let body = format!(r#"{{"name":{},"is_private":false}}"#, quoted(name));
        Ok(GroupId(self.create("/api/v1/groups/", body).await?))
    }

    /// The next messages of a group after a place; none if there are no more.
    pub(super) async fn messages(&self, group: GroupId, after: Seq) -> Result<Vec<Message>, VerifyError> {
        let path = format!("/api/v1/messages/?group_id={group}&after_seq={}&limit={PAGE_MESSAGES}", after.0);
        let answer = self.ask("GET", &path, String::new()).await?;
        let mut scratch = Vec::new();
        let messages = match json::parse(&answer, &mut scratch) {
            Ok(Value::Array(items)) => items.iter().map(Message::read).collect::<Option<Vec<_>>>(),
            _ => None,
        };
        messages.ok_or_else(|| VerifyError::Rest(format!("GET {path} is not answered with messages")))
    }

    /// Creates something and returns its number.
    async fn create(&self, path: &str, body: String) -> Result<i64, VerifyError> {
        let answer = self.ask("POST", path, body).await?;
        let mut scratch = Vec::new();
        let id = json::parse(&answer, &mut scratch).ok().and_then(|value| integer(&value, "id"));
        id.ok_or_else(|| VerifyError::Rest(format!("POST {path} is not answered with an id: {answer}")))
    }

    /// Makes a request and returns the body of a 200.
    async fn ask(&self, method: &str, path: &str, body: String) -> Result<String, VerifyError> {
        let failed = |why: String| VerifyError::Rest(format!("{method} {path}: {why}"));
        let answer = timeout(self.patience, self.exchange(method, path, body)).await;
        let (status, text) = answer
            .map_err(|_| failed(format!("no answer after {:?}", self.patience)))?
            .map_err(|error| failed(error.to_string()))?;
        if status == 200 { Ok(text) } else { Err(failed(format!("answered with {status} {text}"))) }
    }

    async fn exchange(
        &self,
        method: &str,
        path: &str,
        body: String,
    ) -> Result<(u16, String), Box<dyn std::error::Error + Send + Sync>> {
        let stream = TcpStream::connect(self.address).await?;
        let (mut requests, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // Ends with this exchange.
        let mut connections = JoinSet::new();
        connections.spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, self.address.to_string())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        let answer = requests.send_request(request).await?;
        let status = answer.status().as_u16();
        let body = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await?.to_bytes();
        Ok((status, String::from_utf8(body.into())?))
    }
}
