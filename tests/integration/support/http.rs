//! An HTTP/1.1 client that can say anything.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::patiently;

/// One connection, kept alive as long as the server does.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// One answer.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server accepts");
        Self { stream: BufReader::new(stream) }
    }

    /// Sends these bytes. The server may have closed already, which is for the next read to tell.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = patiently("the server to read", self.stream.get_mut().write_all(bytes.as_ref())).await;
    }

    /// Reads one answer.
    pub async fn receive(&mut self) -> Response {
        patiently("an answer", self.read_response()).await
    }

    /// Whatever the server still says until it closes, with or without an answer, orderly or not.
    pub async fn closed(&mut self) -> String {
        let mut rest = Vec::new();
        let _ = patiently("the server to close", self.stream.read_to_end(&mut rest)).await;
        String::from_utf8_lossy(&rest).into_owned()
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

    async fn read_response(&mut self) -> Response {
        let status_line = self.read_line().await;
        let mut words = status_line.split(' ');
        assert_eq!(words.next(), Some("HTTP/1.1"), "not an answer: {status_line:?}");
        let status = words.next().and_then(|word| word.parse().ok()).expect("a status code");
        let mut headers = Vec::new();
        loop {
            let line = self.read_line().await;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').expect("a header");
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut response = Response { status, headers, body: Vec::new() };
        if status < 200 || status == 204 || status == 304 {
            return response;
        }
        if response.header("transfer-encoding").is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            response.body = self.read_chunks().await;
        } else {
            let length = response.header("content-length").expect("a length").parse().expect("a number");
            response.body = self.read_bytes(length).await;
        }
        response
    }

    async fn read_chunks(&mut self) -> Vec<u8> {
        let mut body = Vec::new();
        loop {
            let length = usize::from_str_radix(self.read_line().await.trim(), 16).expect("a chunk's length");
            body.extend(self.read_bytes(length).await);
            assert_eq!(self.read_line().await, "", "a chunk ends with a line break");
            if length == 0 {
                return body;
            }
        }
    }

    async fn read_bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).await.expect("the whole body");
        bytes
    }

    async fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.expect("a line of an answer");
        line.strip_suffix("\r\n").unwrap_or_else(|| panic!("the server closed after {line:?}")).to_owned()
    }
}

impl Response {
    /// The value of the header, if it occurs once; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values =
            self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let value = values.next();
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

/// The bytes of a request.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nHost: groupcast.test\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend(format!("{name}: {value}\r\n").bytes());
    }
    if !body.is_empty() || method == "POST" {
        bytes.extend(format!("Content-Length: {}\r\n", body.len()).bytes());
    }
    bytes.extend(b"\r\n");
    bytes.extend(body);
    bytes
}
