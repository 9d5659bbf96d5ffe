//! The contract of REST as pages that people read and try.

use bytes::Bytes;
use hyper::Response;
use hyper::header::{CACHE_CONTROL, HeaderValue};

use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::html;
use crate::http::packed::{Packed, content_tag};
use crate::http::resource::{Answer, Resource, Serves};

pub(super) static SWAGGER: Resource = Resource { paths: &["/docs"], serves: Serves::Page(&swagger) };

pub(super) static REDOC: Resource = Resource { paths: &["/redoc"], serves: Serves::Page(&redoc) };

pub(super) static FILE: Resource = Resource { paths: &["/docs/{name}"], serves: Serves::Page(&file) };

/// What both load: the name, with a hash of the content in it, the type, and the content as gzip.
/// `clients/docs/build.mjs` writes the table.
const FILES: &[(&str, &str, &[u8])] = include!("../../../clients/docs/dist/files.rs");

const SWAGGER_PAGE: &str = include_str!("../../../clients/docs/dist/swagger.html");
const REDOC_PAGE: &str = include_str!("../../../clients/docs/dist/redoc.html");

/// What the pages are held to: scripts are the server's own files, and nothing else is asked. Both programs make styles
/// as they go, and have their icons in them.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The name has a hash of the content, so that never changes.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

async fn swagger(context: Context<'_>) -> Answer {
    Ok(show(&context, SWAGGER_PAGE))
}

async fn redoc(context: Context<'_>) -> Answer {
    Ok(show(&context, REDOC_PAGE))
}

fn show(context: &Context<'_>, page: &'static str) -> Response<Body> {
    let tag = format!("\"{}\"", content_tag(page.as_bytes()));
    html::respond(&context.head.headers, &tag, page.as_bytes(), POLICY)
}

async fn file(context: Context<'_>) -> Answer {
    let name = context.params.get("name");
    let found = FILES.iter().find(|(found, ..)| *found == name);
    let (name, content_type, gzip) = *found.ok_or(HttpError::NOT_FOUND)?;
    let packed = Packed { content_type, tag: name.into(), gzip: Bytes::from_static(gzip) };
    let mut response = packed.respond(&context.head.headers);
    response.headers_mut().insert(CACHE_CONTROL, FOR_EVER);
    Ok(response)
}
