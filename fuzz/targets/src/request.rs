//! Whole requests, to a server over a database of its own.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use groupcast::auth::{AccessTokens, LoginGuard, PasswordHasher, TokenAlgorithm};
use groupcast::chat::{AuthMode, Chat, ChatOptions, Identity};
use groupcast::http::{Http, HttpOptions, TrustedProxies};
use groupcast::hub::{Hub, Inbox};
use groupcast::model::NewUser;
use groupcast::store::{self, Beginning, Database, Lifecycle};
use groupcast::writer::{MessageWriter, WriterOptions};
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

use crate::http::check_told;

const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Requests after which the server begins anew, lest it be slowed by what it has.
const REQUESTS_MAX: usize = 2_000;

/// Who there is at the beginning, from number 1 on.
const USERS: &[&str] = &["ann", "bob", "eve"];

/// What else there is: bodies that are sent to these paths.
const BEGINNING: &[(&str, &str)] = &[
    ("/api/v1/groups/?user_id=1", r#"{"name":"lunch","is_private":false}"#),
    ("/api/v1/groups/?user_id=1", r#"{"name":"two","is_private":true}"#),
    ("/api/v1/messages/", r#"{"user_id":1,"group_id":1,"content":"@ann soup or salad?"}"#),
    ("/api/v1/messages/", r#"{"user_id":1,"group_id":1,"content":"both","reply_to":1}"#),
];

/// Whatever is asked, the answer is none that says that the server is at fault: its status is below 500, and a refusal is
/// told in JSON. The input is a request as in HTTP/1.1, with lines that end in LF alone.
pub fn request(data: &[u8]) {
    let Some(request) = parse(data) else { return };
    let method = request.method().clone();
    WORLD.with(|slot| {
        let mut slot = slot.0.borrow_mut();
        let mut world = slot.take().filter(|world| world.requests < REQUESTS_MAX).unwrap_or_else(World::new);
        world.requests += 1;
        let (status, body) = world.ask(request);
        assert!(status < StatusCode::INTERNAL_SERVER_ERROR, "{status}: {}", String::from_utf8_lossy(&body));
        if status.is_client_error() && body.starts_with(b"{") {
            check_told(&body);
        }
        // What it has taken away would be missing for the next.
        if method != Method::DELETE || !status.is_success() {
            *slot = Some(world);
        }
    });
}

thread_local! {
    static WORLD: Slot = const { Slot(RefCell::new(None)) };
}

/// The server of a thread.
struct Slot(RefCell<Option<World>>);

impl Drop for Slot {
    /// When a thread ends, what its runtimes need there may have gone before.
    fn drop(&mut self) {
        let world = self.0.take();
        let _ = std::thread::spawn(move || drop(world)).join();
    }
}

/// A server without its sockets.
struct World {
    http: Http,
    runtime: Runtime,
    lifecycle: Arc<dyn Lifecycle>,
    requests: usize,
    _inboxes: Vec<Inbox>,
    _folder: TempDir,
}

impl World {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let memory = std::path::Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let folder = folder.expect("a folder");
        let (http, lifecycle, inboxes) = runtime.block_on(start(&folder));
        let world = Self { http, runtime, lifecycle, requests: 0, _inboxes: inboxes, _folder: folder };
        for (path, body) in BEGINNING {
            let request =
                Request::post(*path).header("host", "x").body(Full::from(*body)).expect("a request");
            let (status, body) = world.ask(request);
            assert!(status.is_success(), "{path}: {status} {body:?}");
        }
        world
    }

    fn ask(&self, request: Request<Full<Bytes>>) -> (StatusCode, Bytes) {
        self.runtime.block_on(async {
            let response = self.http.handle(request, CLIENT).await;
            let status = response.status();
            let body = response.into_body().collect().await;
            (status, body.map(|body| body.to_bytes()).unwrap_or_else(|error| panic!("{status}: {error}")))
        })
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.runtime.block_on(self.lifecycle.close());
    }
}

async fn start(folder: &TempDir) -> (Http, Arc<dyn Lifecycle>, Vec<Inbox>) {
    let database = Database::Sqlite(folder.path().join("chat.sqlite"));
    let opened = store::open(&database, 1).await.expect("a database");
    let store = opened.store;
    let lifecycle = Arc::clone(&store.lifecycle);
    for name in USERS {
        let (username, email) = ((*name).to_owned(), format!("{name}@chat.example"));
        let user = NewUser { username, email, password_hash: String::new() };
        store.directory.create_user(user).await.expect("a user");
    }
    let (hub, inboxes) = Hub::new(1);
    let give_up = CancellationToken::new();
    let options = WriterOptions::default();
    let started = MessageWriter::start(Arc::clone(&store.log), hub.clone(), None, options, give_up);
    let (writer, _) = opened.writer.spawn(started).await.expect("a thread").expect("a writer");
    let key = "a key for the tokens of a test alone";
    let identity = Identity {
        passwords: PasswordHasher::new(tokio::runtime::Handle::current(), 1),
        tokens: AccessTokens::new(TokenAlgorithm::Hs256, key, Duration::from_secs(60)),
        outside: None,
        login_guard: LoginGuard::new(),
    };
    lifecycle.begin(Beginning { new_epoch: false, eager: false }).await.expect("a beginning");
    let options = ChatOptions {
        answer_bytes_max: 1 << 20,
        content_bytes_max: 4_096,
        announce_members_max: 100,
        auth: AuthMode::Username,
        is_registration_closed: false,
    };
    let epoch = lifecycle.epoch().await.expect("an epoch");
    let chat = Arc::new(Chat::new(store, identity, writer, hub, options, None, epoch));
    let options = HttpOptions {
        body_bytes_max: 16_384,
        body_timeout: Duration::from_secs(1),
        cors_origins: Vec::new(),
        trusted_proxies: TrustedProxies::default(),
        request_limit: None,
        shows_metrics: true,
        connect_limit: None,
        deflates: true,
        echoes: true,
    };
    (Http::new(chat, options, CancellationToken::new()), lifecycle, inboxes)
}

/// A request of an input; `None` if hyper would not let it through.
fn parse(data: &[u8]) -> Option<Request<Full<Bytes>>> {
    let split = |data: &'_ [u8]| data.iter().position(|&byte| byte == b'\n');
    let (line, mut rest) = data.split_at_checked(split(data)?)?;
    let mut words = line.split(|&byte| byte == b' ');
    let method = Method::from_bytes(words.next()?).ok()?;
    let uri: Uri = str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let mut request = Request::builder().method(method).uri(uri);
    rest = &rest[1..];
    while let Some((line, behind)) = split(rest).map(|end| (&rest[..end], &rest[end + 1..])) {
        rest = behind;
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { break };
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        request = request.header(name, HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?);
    }
    if !request.headers_ref()?.contains_key(CONTENT_TYPE) {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    if !request.headers_ref()?.contains_key("host") {
        request = request.header("host", "x");
    }
    request.body(Full::from(Bytes::copy_from_slice(rest))).ok()
}
