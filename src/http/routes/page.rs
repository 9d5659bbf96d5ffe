//! The web client.

use std::sync::LazyLock;

use hyper::header::HeaderValue;

use crate::http::asset::ASSETS;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::html;
use crate::http::resource::{Answer, Resource, Serves};

pub(super) static PAGE: Resource = Resource { paths: &["/"], serves: Serves::Page(&page) };

pub(super) static ASSET: Resource = Resource { paths: &["/assets/{name}"], serves: Serves::Page(&asset) };

/// As `clients/web/build.mjs` made it. It names its assets, whose names change with their contents.
const TEMPLATE: &str = include_str!("../../../clients/web/dist/index.html");
const TEMPLATE_HASH: &str = include_str!("../../../clients/web/dist/index.hash");

/// The page where names are believed, and the one where one signs in.
static PAGES: LazyLock<[String; 2]> =
    LazyLock::new(|| ["username", "token"].map(|auth| TEMPLATE.replace("{{auth}}", auth)));

/// What the page is held to, whatever a bug or a message may make of it. Nothing but the server's own files, requests
/// and sockets; no text becomes markup or code.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

async fn page(context: Context<'_>) -> Answer {
    let [by_name, by_token] = &*PAGES;
    let (mode, page) =
        if context.chat.believes_names() { ("username", by_name) } else { ("token", by_token) };
    let tag = format!("\"{mode}-{TEMPLATE_HASH}\"");
    Ok(html::respond(&context.head.headers, &tag, page.as_bytes(), POLICY))
}

async fn asset(context: Context<'_>) -> Answer {
    let name = context.params.get("name");
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(HttpError::NOT_FOUND)?;
    Ok(asset.respond(&context.head.headers))
}
