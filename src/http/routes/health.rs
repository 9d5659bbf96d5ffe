//! Whether the server lives, and whether it can serve.

use std::time::Duration;

use hyper::{Method, Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::need::Need;
use crate::http::openapi::{Operation, Schemas, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;

pub(super) static LIVENESS: Resource =
    Resource { paths: &["/healthz"], serves: Serves::Methods(&[(Method::GET, Need::Open, &live, &LIVE)]) };

pub(super) static READINESS: Resource =
    Resource { paths: &["/readyz"], serves: Serves::Methods(&[(Method::GET, Need::Open, &ready, &READY)]) };

/// That all is well.
#[derive(Serialize, ToSchema)]
#[schema(examples(json!({"status": "ok"})))]
struct Health {
    status: &'static str,
}

fn well() -> Response<Body> {
    response::json(&Health { status: "ok" })
}

const LIVE: Operation = Operation::new("checkLiveness", Tag::Server, "Tells that the process lives.")
    .plain()
    .answers(Schemas::of::<Health>);

async fn live(_: Context<'_>) -> Answer {
    Ok(well())
}

const READY: Operation = Operation::new("checkReadiness", Tag::Server, "Tells whether the server can serve.")
    .plain()
    .answers(Schemas::of::<Health>)
    .refuses(&[(503, "The database is away, or the server has just begun or is about to stop.")]);

async fn ready(context: Context<'_>) -> Answer {
    if context.leaving.is_cancelled() {
        return Err(HttpError::TryLater {
            status: StatusCode::SERVICE_UNAVAILABLE,
            text: "The server is shutting down",
            retry_after: Duration::from_secs(1),
        });
    }
    context.chat.ready().await?;
    Ok(well())
}
