//! From a request to its response.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{Method, Request, Response};
use percent_encoding::percent_decode_str;
use tokio_util::sync::CancellationToken;

use crate::chat::Chat;

use super::body::Body;
use super::cors::Cors;
use super::error::HttpError;
use super::host::check_host;
use super::receive::receive;
use super::router::{Route, route};
use super::upgrade::upgrade;
use super::{groups, health, messages, users};
use crate::compat::fastapi::Query;

/// Bounds and permissions of the HTTP side.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Longest request body, in bytes; a longer one is refused with 413.
    pub body_bytes_max: usize,
    /// How long a client may take to send a request body; a slower one is refused with 408.
    pub body_timeout: Duration,
    /// Origins that browsers may call from, as they write them; empty means any.
    pub cors_origins: Vec<String>,
}

/// The HTTP side of the server: REST, and the WebSocket handshake. Cheap to clone.
#[derive(Clone)]
pub struct Http {
    shared: Arc<Shared>,
}

struct Shared {
    chat: Arc<Chat>,
    cors: Cors,
    body_bytes_max: usize,
    body_timeout: Duration,
    draining: CancellationToken,
}

impl Http {
    /// Answers with what `chat` knows. Once `draining` is cancelled, `/readyz` says that the server is going
    /// away; everything else goes on.
    pub fn new(chat: Arc<Chat>, options: HttpOptions, draining: CancellationToken) -> Self {
        let HttpOptions { body_bytes_max, body_timeout, cors_origins } = options;
        let cors = Cors::new(cors_origins);
        Self { shared: Arc::new(Shared { chat, cors, body_bytes_max, body_timeout, draining }) }
    }

    /// Answers a request. A response 101 carries an [`Upgrade`](super::Upgrade) as an extension; the caller
    /// completes the handshake and takes over the connection.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
    {
        let (head, body) = request.into_parts();
        let cors = &self.shared.cors;
        let answer = match check_host(&head) {
            Ok(()) => {
                if let Some(response) = upgrade(&head) {
                    return response;
                }
                if let Some(response) = cors.preflight(&head.method, &head.headers) {
                    return response;
                }
                self.answer(&head, body).await
            }
            Err(error) => Err(error),
        };
        let mut response = answer.unwrap_or_else(HttpError::into_response);
        cors.permit(&head.headers).write(response.headers_mut());
        response
    }

    async fn answer<B>(&self, head: &Parts, body: B) -> Result<Response<Body>, HttpError>
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
    {
        let Shared { chat, draining, body_bytes_max, body_timeout, .. } = &*self.shared;
        let path: Cow<'_, str> = percent_decode_str(head.uri.path()).decode_utf8_lossy();
        let query = Query::new(head.uri.query());
        let get = head.method == Method::GET;
        let post = head.method == Method::POST;
        let received = || receive(body, *body_bytes_max, *body_timeout);
        match route(&path) {
            Route::Users if post => users::create(chat, &head.headers, &received().await?).await,
            Route::User(id) if get => users::read(chat, id).await,
            Route::Groups if get => groups::list(chat, query).await,
            Route::Groups if post => groups::create(chat, &head.headers, &received().await?).await,
            Route::Group(id) if get => groups::read(chat, id).await,
            Route::Members(id) if get => groups::members(chat, id).await,
            Route::Presence(id) if get => groups::presence(chat, id).await,
            Route::Messages if get => messages::list(chat, query).await,
            Route::Messages if post => messages::send(chat, &head.headers, &received().await?).await,
            Route::Health if get => Ok(health::live()),
            Route::Ready if get => health::ready(chat, draining).await,
            other => Err(other.refuse_method()),
        }
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http").field("cors", &self.shared.cors).finish_non_exhaustive()
    }
}
