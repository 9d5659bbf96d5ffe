//! What a response carries beside what goes over the wire: the template of its path.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use groupcast::auth::{AccessTokens, LoginGuard, PasswordHasher, TokenAlgorithm};
use groupcast::chat::{AuthMode, Chat, ChatOptions, Identity};
use groupcast::http::{Http, HttpOptions, MatchedPath, TrustedProxies};
use groupcast::hub::Hub;
use groupcast::store::{self, Database, Opened};
use groupcast::writer::{MessageWriter, WriterOptions};
use http_body_util::Empty;
use hyper::Request;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// A server's HTTP side without a server.
async fn open(dir: &tempfile::TempDir) -> Http {
    let database = Database::Sqlite(dir.path().join("groupcast.db"));
    let Opened { store, writer: runtime } = store::open(&database, 2).await.unwrap();
    let (hub, _inboxes) = Hub::new(1);
    let (log, options) = (Arc::clone(&store.log), WriterOptions::default());
    let started = MessageWriter::start(log, hub.clone(), None, options, CancellationToken::new());
    let (writer, _task) = runtime.spawn(started).await.unwrap().unwrap();
    let identity = Identity {
        passwords: PasswordHasher::new(Handle::current(), 1),
        tokens: AccessTokens::new(TokenAlgorithm::Hs256, "key", Duration::from_secs(60)),
        outside: None,
        login_guard: LoginGuard::new(),
    };
    let options = ChatOptions {
        answer_bytes_max: 1 << 20,
        content_bytes_max: 1024,
        announce_members_max: 10,
        auth: AuthMode::Username,
        is_registration_closed: false,
    };
    let chat = Chat::new(store, identity, writer, hub, options, None, "epoch".to_owned());
    let options = HttpOptions {
        deflates: false,
        echoes: false,
        shows_metrics: true,
        body_bytes_max: 1024,
        body_timeout: Duration::from_secs(60),
        cors_origins: Vec::new(),
        trusted_proxies: TrustedProxies::default(),
        request_limit: None,
        connect_limit: None,
    };
    Http::new(Arc::new(chat), options, CancellationToken::new())
}

#[tokio::test]
async fn a_response_carries_the_template_of_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let http = open(&dir).await;
    for (method, path, status, template) in [
        ("GET", "/healthz", 200, Some("/healthz")),
        ("GET", "/api/v1/groups?limit=1", 200, Some("/api/v1/groups/")),
        ("GET", "/api/v1/users/7", 404, Some("/api/v1/users/{user_id}")),
        ("GET", "/api/users/7/", 404, Some("/api/v1/users/{user_id}")),
        ("GET", "/api/v1/users/x", 422, Some("/api/v1/users/{user_id}")),
        ("PUT", "/api/v1/users/7", 405, Some("/api/v1/users/{user_id}")),
        ("GET", "/api/v1/groups/7/members", 404, Some("/api/v1/groups/{group_id}/members/")),
        ("POST", "/api/v1/messages/", 422, Some("/api/v1/messages/")),
        ("GET", "/ws/group/g/u", 404, Some("/ws/group/{group_name}/{username}")),
        ("GET", "/nowhere", 404, None),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "x");
        let response =
            http.handle(request.body(Empty::<Bytes>::new()).unwrap(), Ipv4Addr::LOCALHOST.into()).await;
        assert_eq!(response.status(), status, "{method} {path}");
        let found = response.extensions().get::<MatchedPath>().map(|path| path.0);
        assert_eq!(found, template, "{method} {path}");
    }
}
