//! What the server counts.

use hyper::Method;

use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::need::Need;
use crate::http::openapi::{Operation, Tag};
use crate::http::resource::{Answer, Resource, Serves};
use crate::http::response;
use crate::metrics;

pub(super) static METRICS: Resource =
    Resource { paths: &["/metrics"], serves: Serves::Methods(&[(Method::GET, Need::Open, &show, &SHOW)]) };

const SHOW: Operation = Operation::new("showMetrics", Tag::Server, "Shows what the server counts.")
    .only_if(|offer| offer.shows_metrics)
    .plain()
    .answers_text(metrics::CONTENT_TYPE)
    .refuses(&[(429, "The client asks more often than the server allows.")]);

async fn show(context: Context<'_>) -> Answer {
    if !context.shows_metrics {
        // They have an address of their own.
        return Err(HttpError::NOT_FOUND);
    }
    Ok(response::text(metrics::CONTENT_TYPE, context.chat.show_metrics().await))
}
