//! Whether the server lives, and whether it can serve.

use std::time::Duration;

use hyper::{Method, Response, StatusCode};
use serde::Serialize;

use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::need::Need;
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;

pub(super) static LIVENESS: Resource =
    Resource { paths: &["/healthz"], serves: Serves::Methods(&[(Method::GET, Need::Open, &live)]) };

pub(super) static READINESS: Resource =
    Resource { paths: &["/readyz"], serves: Serves::Methods(&[(Method::GET, Need::Open, &ready)]) };

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

fn well() -> Response<Body> {
    response::json(&Health { status: "ok" })
}

async fn live(_: Context<'_>) -> Answer {
    Ok(well())
}

async fn ready(context: Context<'_>) -> Answer {
    if context.draining.is_cancelled() {
        return Err(HttpError::TryLater {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: "The server is shutting down",
            retry_after: Duration::from_secs(1),
        });
    }
    context.chat.ready().await?;
    Ok(well())
}
