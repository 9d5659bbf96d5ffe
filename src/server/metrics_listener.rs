//! The metrics on an address of their own, for networks that the clients do not reach.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

use super::listener;
use crate::chat::Chat;
use crate::metrics::CONTENT_TYPE as OPENMETRICS;

/// Connections at a time; those above it wait.
const CONNECTIONS_MAX: usize = 16;
/// How long a connection may last: a scraper comes again.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60);
/// Wait before accepting again when the system is out of descriptors.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Listens on `address`; answers where, its port is the one that the system chose if it was 0.
pub(super) fn bind(address: SocketAddr) -> io::Result<(SocketAddr, StdListener)> {
    let (address, listeners) = listener::bind(address, 1)?;
    let listener = listeners.into_iter().next().ok_or(io::ErrorKind::AddrNotAvailable)?;
    Ok((address, listener))
}

/// Answers scrapers until dropped.
pub(super) async fn serve(listener: StdListener, chat: Arc<Chat>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "no listener for the metrics"),
    };
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let served = serve_connection(stream, Arc::clone(&chat));
                tokio::spawn(async move {
                    let _ = timeout(CONNECTION_TIMEOUT, served).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept");
                sleep(ACCEPT_RETRY).await;
            }
        }
    }
}

async fn serve_connection(stream: TcpStream, chat: Arc<Chat>) {
    let service = service_fn(move |request| answer(request, Arc::clone(&chat)));
    let served =
        http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "connection for metrics failed");
    }
}

async fn answer(request: Request<Incoming>, chat: Arc<Chat>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::default());
    if request.uri().path() != "/metrics" {
        *response.status_mut() = StatusCode::NOT_FOUND;
    } else if request.method() != Method::GET {
        *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
    } else {
        *response.body_mut() = chat.show_metrics().await.into();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPENMETRICS));
    }
    Ok(response)
}
