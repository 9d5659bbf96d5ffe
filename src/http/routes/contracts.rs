//! What the server can be asked, as documents for tools.

use std::io;
use std::sync::OnceLock;

use hyper::header::{CACHE_CONTROL, HeaderValue};

use super::RESOURCES;
use crate::chat::ChatError;
use crate::http::context::Context;
use crate::http::openapi::{Offer, document};
use crate::http::packed::Packed;
use crate::http::resource::{Answer, Resource, Serves};

pub(super) static OPENAPI: Resource = Resource { paths: &["/openapi.json"], serves: Serves::Page(&openapi) };

pub(super) static ASYNCAPI: Resource =
    Resource { paths: &["/asyncapi.json"], serves: Serves::Page(&asyncapi) };

const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");
const APPLICATION_JSON: &str = "application/json";

/// Of the sockets. A test holds it to what they do.
const ASYNCAPI_JSON: &str = include_str!("../../../docs/asyncapi.json");

/// REST as this server offers it. Made when it is first asked for.
async fn openapi(context: Context<'_>) -> Answer {
    static DOCUMENTS: [OnceLock<io::Result<Packed>>; 4] = [const { OnceLock::new() }; 4];
    let offer = Offer { believes_names: context.chat.believes_names(), shows_metrics: context.shows_metrics };
    let index = usize::from(offer.believes_names) + 2 * usize::from(offer.shows_metrics);
    let document = DOCUMENTS[index].get_or_init(|| {
        let entries = RESOURCES.iter().flat_map(|resource| resource.entries());
        pack(&serde_json::to_vec(&document(entries, offer))?)
    });
    respond(&context, document)
}

async fn asyncapi(context: Context<'_>) -> Answer {
    static DOCUMENT: OnceLock<io::Result<Packed>> = OnceLock::new();
    respond(&context, DOCUMENT.get_or_init(|| pack(ASYNCAPI_JSON.as_bytes())))
}

fn pack(document: &[u8]) -> io::Result<Packed> {
    Packed::of(APPLICATION_JSON, document)
}

fn respond(context: &Context<'_>, document: &io::Result<Packed>) -> Answer {
    match document {
        Ok(document) => {
            let mut response = document.respond(&context.head.headers);
            // Kept, but asked for each time: a new program has a new document.
            response.headers_mut().insert(CACHE_CONTROL, NO_CACHE);
            Ok(response)
        }
        Err(error) => Err(ChatError::Internal(Some(error.to_string().into())).into()),
    }
}
