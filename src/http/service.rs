//! From a request to its response.

use std::fmt;
use std::mem::take;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::http::request::Parts;
use hyper::{Request, Response};
use percent_encoding::percent_decode_str;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::address_limit::AddressLimit;
use super::body::Body;
use super::context::Context;
use super::cors::Cors;
use super::error::HttpError;
use super::forwarded::TrustedProxies;
use super::gate::{FOREIGN_ORIGIN, Gate};
use super::request_body::{BodyFailure, BodyLimits, CROWDED, IncomingBody};
use super::request_head::{check_head, is_for_all};
use super::request_id::RequestId;
use super::resource::Answer;
use super::response;
use super::router::{Route, route};
use super::upgrade::upgrade;
use crate::chat::Chat;
use crate::compat::fastapi::Query;

/// Bounds and permissions of the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Longest request body, in bytes; a longer one is refused with 413.
    pub body_bytes_max: usize,
    /// How long a client may take to send a request body; a slower one is refused with 408.
    pub body_timeout: Duration,
    /// Origins that browsers may call and open sockets from, as they write them; empty means any.
    pub cors_origins: Vec<String>,
    /// Proxies that are believed what they say of a client's address.
    pub trusted_proxies: TrustedProxies,
    /// How often one address may send a request, handshakes among them; `None`: as it likes.
    pub request_limit: Option<Arc<AddressLimit>>,
    /// Whether `/metrics` is served here.
    pub shows_metrics: bool,
    /// How often one address may connect; through a proxy each handshake counts as that. `None`: as it likes.
    pub connect_limit: Option<Arc<AddressLimit>>,
    /// Whether sockets may have their messages compressed.
    pub deflates: bool,
    /// Whether there is `/ws/echo`.
    pub echoes: bool,
}

/// The HTTP side of the server: REST, and the WebSocket handshake. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
}

struct Shared {
    chat: Arc<Chat>,
    gate: Gate,
    cors: Cors,
    body_limits: BodyLimits,
    shows_metrics: bool,
    deflates: bool,
    echoes: bool,
    leaving: CancellationToken,
}

/// The template of the path that a request named, such as `/api/v1/users/{user_id}`. Every response to a request for
/// a resource that exists carries it as an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MatchedPath(pub &'static str);

impl Http {
    /// Answers with what `chat` knows. Once `leaving` is cancelled, `/readyz` says that the server is going
    /// away; everything else goes on.
    pub fn new(chat: Arc<Chat>, options: HttpOptions, leaving: CancellationToken) -> Self {
        let HttpOptions { body_bytes_max, body_timeout, cors_origins, .. } = options;
        let HttpOptions { trusted_proxies, request_limit, connect_limit, shows_metrics, .. } = options;
        let HttpOptions { deflates, echoes, .. } = options;
        let gate = Gate { trusted_proxies, request_limit, connect_limit };
        let cors = Cors::new(cors_origins);
        let body_limits = BodyLimits { bytes_max: body_bytes_max, timeout: body_timeout };
        let shared = Shared { chat, gate, cors, body_limits, shows_metrics, deflates, echoes, leaving };
        Self { shared: Arc::new(shared) }
    }

    /// Answers a request that came over a connection from `peer`. A response 101 carries an
    /// [`Upgrade`](super::Upgrade) as an extension; the caller completes the handshake and takes over the connection.
    pub async fn handle<B>(&self, request: Request<B>, peer: IpAddr) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes, Error: Into<BodyFailure>> + Unpin,
    {
        let (mut head, body) = request.into_parts();
        let checked = check_head(&mut head);
        let path = percent_decode_str(head.uri.path()).decode_utf8_lossy();
        let route = route(&path).filter(|route| self.shared.echoes || !route.is_echo());
        let template = route.as_ref().map(Route::template);
        let id = RequestId::of(&head.headers);
        // By the template: a path itself has names in it, and a query may have words of a search.
        let span = tracing::info_span!("request", %id, method = %head.method, route = template);
        let mut body = body.map_err(Into::into);
        let respond = async {
            let response = self.respond(&head, checked, peer, route.as_ref(), &mut body).await;
            tracing::debug!(status = response.status().as_u16(), "answered");
            response
        };
        let mut response = respond.instrument(span).await;
        id.write(response.headers_mut());
        let metrics = self.shared.chat.metrics();
        metrics.answered(head.method.as_str(), template, response.status().as_u16());
        if let Some(template) = template {
            response.extensions_mut().insert(MatchedPath(template));
        }
        response
    }

    /// How long a client may take nothing of an answer now, see [`Untaken`](crate::chat::Untaken).
    pub fn stall_timeout(&self, usually: Duration) -> Duration {
        self.shared.chat.untaken().stall_timeout(usually)
    }

    /// The answer to a request for whose body there is no room.
    pub fn refuse_crowded(&self) -> Response<Body> {
        CROWDED.into_response()
    }

    async fn respond(
        &self,
        head: &Parts,
        checked: Result<(), HttpError>,
        peer: IpAddr,
        route: Option<&Route<'_>>,
        body: &mut IncomingBody<'_>,
    ) -> Response<Body> {
        let Shared { chat, gate, cors, deflates, .. } = &*self.shared;
        let client = gate.client(&head.headers, peer);
        let answer = match checked.and_then(|()| gate.check_request(route, client)) {
            Ok(()) => {
                let may_open = || match cors.admits_handshake(&head.headers) {
                    true => gate.check_handshake(client, peer),
                    false => Err(FOREIGN_ORIGIN),
                };
                if let Some(response) = upgrade(head, route, client, *deflates, may_open) {
                    return response;
                }
                if let Some(response) = cors.preflight(&head.method, &head.headers) {
                    return response;
                }
                self.answer(head, client, route, body).await
            }
            Err(error) => Err(error),
        };
        let mut response = answer.unwrap_or_else(HttpError::into_response);
        match take(response.body_mut()).held(chat.untaken()) {
            Ok(body) => *response.body_mut() = body,
            Err(error) => response = HttpError::from(error).into_response(),
        }
        cors.permit(&head.headers).write(response.headers_mut());
        response
    }

    async fn answer(
        &self,
        head: &Parts,
        address: IpAddr,
        route: Option<&Route<'_>>,
        body: &mut IncomingBody<'_>,
    ) -> Answer {
        if is_for_all(head) {
            return Ok(response::done());
        }
        let route = route.ok_or(HttpError::NOT_FOUND)?;
        let Shared { chat, leaving, body_limits, shows_metrics, .. } = &*self.shared;
        let (need, handler) = route.resource.handler(&head.method)?;
        if route.resource.is_of_api() {
            chat.freshen().await?;
        }
        let caller = need.check(chat, &head.headers).await?;
        let context = Context {
            chat,
            head,
            address,
            caller,
            query: Query::new(head.uri.query()),
            params: route.params,
            body,
            body_limits: *body_limits,
            shows_metrics: *shows_metrics,
            leaving,
        };
        handler.call(context).await
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("cors", &self.shared.cors).finish_non_exhaustive()
    }
}
