//! Whether the server lives, and whether it can serve.

use std::time::Duration;

use hyper::{Response, StatusCode};
use tokio_util::sync::CancellationToken;

use crate::chat::Chat;

use super::body::Body;
use super::error::HttpError;
use super::response;

/// `GET /healthz`
pub(super) fn live() -> Response<Body> {
    response::json(br#"{"status":"ok"}"#.to_vec())
}

/// `GET /readyz`
pub(super) async fn ready(chat: &Chat, draining: &CancellationToken) -> Result<Response<Body>, HttpError> {
    if draining.is_cancelled() {
        let text = "The server is shutting down";
        return Err(HttpError::TryLater {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text,
            retry_after: Duration::from_secs(1),
        });
    }
    chat.ready().await?;
    Ok(live())
}
