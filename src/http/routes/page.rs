//! The web client, and the page for admins of the server.

use hyper::Response;
use hyper::header::HeaderValue;

use crate::http::asset::ASSETS;
use crate::http::body::Body;
use crate::http::context::Context;
use crate::http::error::HttpError;
use crate::http::html;
use crate::http::resource::{Answer, Resource, Serves};

pub(super) static PAGE: Resource = Resource { paths: &["/"], serves: Serves::Page(&page) };

/// Where names are believed there is nothing to govern, and no such page.
pub(super) static ADMIN_PAGE: Resource = Resource { paths: &["/admin"], serves: Serves::Page(&admin_page) };

pub(super) static ASSET: Resource = Resource { paths: &["/assets/{name}"], serves: Serves::Page(&asset) };

/// A page as `clients/web/build.mjs` made it. It names its assets, whose names change with their contents.
struct Template {
    html: &'static str,
    hash: &'static str,
}

const CHAT: Template = Template {
    html: include_str!("../../../clients/web/dist/index.html"),
    hash: include_str!("../../../clients/web/dist/index.hash"),
};

const ADMIN: Template = Template {
    html: include_str!("../../../clients/web/dist/admin.html"),
    hash: include_str!("../../../clients/web/dist/admin.hash"),
};

/// What the page is held to, whatever a bug or a message may make of it. Nothing but the server's own files, requests
/// and sockets; no text becomes markup or code.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

async fn page(context: Context<'_>) -> Answer {
    Ok(respond(&context, &CHAT))
}

async fn admin_page(context: Context<'_>) -> Answer {
    if context.chat.believes_names() {
        return Err(HttpError::NOT_FOUND);
    }
    Ok(respond(&context, &ADMIN))
}

/// The page, which says how users show who they are, and who may become one.
fn respond(context: &Context<'_>, template: &Template) -> Response<Body> {
    let options = context.chat.options();
    let auth = if context.chat.believes_names() { "username" } else { "token" };
    let registration = if options.is_registration_closed { "closed" } else { "open" };
    let tag = format!("\"{auth}-{registration}-{}\"", template.hash);
    let html = template.html.replace("{{auth}}", auth).replace("{{registration}}", registration);
    html::respond(&context.head.headers, &tag, html, POLICY)
}

async fn asset(context: Context<'_>) -> Answer {
    let name = context.params.get("name");
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(HttpError::NOT_FOUND)?;
    Ok(asset.respond(&context.head.headers))
}
