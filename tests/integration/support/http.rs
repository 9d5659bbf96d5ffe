//! The kit's HTTP client, which waits patiently, and answers that say what they should be.

use std::net::SocketAddr;
use std::ops::Deref;

use groupcast_kit::{http, response};
use serde_json::Value;
use tokio::net::TcpStream;

pub use groupcast_kit::http::request;

use super::patiently;

/// One connection, kept alive as long as the server does.
pub struct Connection(http::Connection);

/// One answer.
#[derive(Clone, Debug)]
pub struct Response(response::Response);

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        Self(http::Connection::open(address).await.expect("the server accepts"))
    }

    /// Goes on with a connection over which no answer has come.
    pub fn over(stream: TcpStream) -> Self {
        Self(http::Connection::over(stream))
    }

    /// Sends these bytes. The server may have closed already, which is for the next read to tell.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = patiently("the server to read", self.0.send(bytes.as_ref())).await;
    }

    /// Reads one answer.
    pub async fn receive(&mut self) -> Response {
        Response(patiently("an answer", self.0.receive()).await.expect("an answer"))
    }

    /// Whatever the server still says until it closes, with or without an answer, orderly or not.
    pub async fn closed(&mut self) -> String {
        String::from_utf8_lossy(&patiently("the server to close", self.0.rest()).await).into_owned()
    }

    /// `GET`
    pub async fn get(&mut self, path: &str) -> Response {
        self.request("GET", path, &[], b"").await
    }

    /// `POST` of a JSON body.
    pub async fn post(&mut self, path: &str, body: &Value) -> Response {
        self.post_bytes(path, body.to_string().as_bytes()).await
    }

    /// `POST` of what claims to be a JSON body.
    pub async fn post_bytes(&mut self, path: &str, body: &[u8]) -> Response {
        self.request("POST", path, &[("Content-Type", "application/json")], body).await
    }

    /// A request with a body of known length, if it has one, and its answer.
    pub async fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Response {
        self.send(request(method, path, headers, body)).await;
        self.receive().await
    }
}

impl Deref for Response {
    type Target = response::Response;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl Response {
    /// The value of the header, if it occurs once; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.iter().filter(|(found, _)| found == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} occurs twice: {self:?}");
        value
    }

    /// The elements of a header whose value is a list, sorted.
    pub fn list(&self, name: &str) -> Vec<String> {
        let value = self.header(name).unwrap_or_default();
        let mut list: Vec<String> = value.split(',').map(|element| element.trim().to_owned()).collect();
        list.sort();
        list
    }

    /// The body.
    pub fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {} {text:?}", self.status))
    }

    /// The body of a 200.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()
    }

    /// The `detail` of an error with this status.
    pub fn detail(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        self.json()["detail"].clone()
    }
}
